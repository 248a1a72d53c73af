'use client';

import { memo } from 'react';
import type { Detour as DetourMessage } from '../../gen/lbscope/events/v1/events_pb.js';
import type { Words } from '../../model/view/belief-words.ts';
import type { Mark } from '../../model/view/scorecard.ts';
import { CopyRule } from '../controls/copy-rule.tsx';
import { Detour } from '../controls/detour.tsx';
import { MarkSign } from '../ledger/scorecard.tsx';
import { podFill, Swatch, useTheme } from '../ui/swatch.tsx';
import { spaced } from '../ui/text.ts';
import { same } from './same.ts';

/** One chip of belief: a pod that a path knows, lacks, or still believes in. */
export type Chip = { uid: string; handle: string; slot: number; standing: 'used' | 'missing' | 'ghost' };

export type LaneTextProps = {
  id: string;
  label: string;
  state: string;
  /** Said over the first lane of a side. */
  side: string;
  verdict: readonly { text: string; strong: boolean }[];
  knows: string;
  differs: string;
  chips: readonly Chip[];
  age: string;
  source: Words;
  next: Words;
  /** Presenting: how long until it noticed. */
  noticed: { text: string; mark: Mark } | undefined;
  /** RBAC rule that a forbidden watch lacks. */
  rule: string | undefined;
  /** The way around a path that is out of reach. */
  detour: DetourMessage | undefined;
  wide: boolean;
  stale: boolean;
};

/** Above this many chips have no room for handles. */
const namedChips = 5;

/** A path beside its picture: name, verdict, and what it believes in. */
/** Letters: more do not fit one line beside a client. */
const longName = 20;

export const LaneText = memo(function LaneText(props: LaneTextProps) {
  const { id, label, state, verdict, chips, wide, noticed } = props;
  const named = wide && chips.length <= namedChips;
  const say = (words: Words) => spaced(wide ? words.long : words.short);
  const running = state !== 'unavailable';
  const aged = [props.source.long === '' ? '' : say(props.source), props.age].filter((each) => each !== '').join(', ');
  return (
    <section
      className="note"
      data-lane={id}
      data-state={state}
      data-stale={props.stale}
      data-testid={`lane-${id}`}
      aria-labelledby={`note-${id}`}
    >
      {props.side !== '' && <p className="note-side">{props.side}</p>}
      <h2 id={`note-${id}`} className="note-name" data-long={label.length > longName} title={label}>
        {label}
      </h2>
      <p className="note-verdict" data-testid={`lane-${id}-verdict`}>
        {verdict.map((part, i) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one sentence have no other name
          part.strong ? <b key={i}>{spaced(part.text)}</b> : <span key={i}>{spaced(part.text)}</span>,
        )}
      </p>
      {noticed !== undefined && (
        <p className="note-noticed">
          <span>noticed after</span>
          <b>
            {spaced(noticed.text)}
            {noticed.mark !== undefined && <MarkSign mark={noticed.mark} />}
          </b>
        </p>
      )}
      {props.rule !== undefined && <CopyRule rule={props.rule} />}
      {props.detour !== undefined && <Detour detour={props.detour} />}
      {running && (
        <div className="note-belief" data-testid="belief">
          <p className="note-knows">
            <b>{spaced(props.knows)}</b>
            {props.differs !== '' && <span>{spaced(props.differs)}</span>}
          </p>
          {chips.length > 0 && <Chips chips={chips} named={named} />}
          <p className="note-source">{aged}</p>
          <p className="note-source note-next" title={props.next.long}>
            {say(props.next)}
          </p>
        </div>
      )}
    </section>
  );
}, same);

/** What a path believes in, pod by pod: apart, as ages beside it change every second and this hardly ever does. */
const Chips = memo(function Chips({ chips, named }: { chips: readonly Chip[]; named: boolean }) {
  const theme = useTheme();
  return (
    <ul className="chips-row" data-named={named} data-many={chips.length > 12}>
      {chips.map((chip) => (
        <li key={chip.uid} className="belief-chip" data-standing={chip.standing} title={chip.handle}>
          <Swatch slot={chip.slot} standing={chip.standing} />
          <span
            className={named ? 'mono belief-handle' : 'sr-only'}
            style={chip.standing === 'used' ? { color: podFill(chip.slot, theme).color } : undefined}
          >
            {chip.handle}
            {chip.standing !== 'used' && <span className="sr-only">, {chip.standing}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}, same);
