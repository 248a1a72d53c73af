'use client';

import { useRef } from 'react';
import { duration } from '../../model/time.ts';
import { type Bracket, costliest, shortLabel } from '../../model/view/brackets.ts';
import { xOf } from '../paint/axis.ts';
import { useMeasured } from '../paint/measured.ts';
import { placeLabels } from '../paint/place.ts';
import { usePainter } from '../paint/ticker-context.tsx';
import { spaced } from '../ui/text.ts';
import { usePointing } from './pointed.ts';

const arrow = 9;
/** px: of ground round a label, left and right, and a little. */
const around = 18;

type Sizes = { label: number; short: number; full: number };

/** The texts of a lane's brackets: the reaction, the most important number of the screen, and where the time went. */
export function Rail({ laneId, brackets, narrow }: { laneId: string; brackets: readonly Bracket[]; narrow: boolean }) {
  const root = useRef<HTMLDivElement>(null);
  const { chain, point } = usePointing();
  const sizes = useRef<Sizes[]>([]);
  const texts = `${narrow} ${brackets.map(({ key, label, note, steps }) => `${key} ${label} ${note} ${steps.map((step) => duration(step.ms)).join(' ')}`).join('|')}`;
  useMeasured(() => {
    sizes.current = [...(root.current?.children ?? [])].map((child) => {
      const wide = (name: string) => child.querySelector<HTMLElement>(`.bracket-${name}`)?.offsetWidth ?? 0;
      const label = wide('long') + around;
      return { label, short: wide('short') + around, full: label + wide('note') };
    });
  }, [texts]);
  usePainter('texts', (axis) => {
    const items = brackets.map((each, i) => ({
      x0: xOf(axis, each.fromMs),
      x1: each.toMs === undefined ? axis.width : xOf(axis, each.toMs),
      label: sizes.current[i]?.label ?? 80,
      short: sizes.current[i]?.short ?? 60,
      full: sizes.current[i]?.full ?? 200,
    }));
    // An open bracket ends in an arrow at the now edge.
    const open = brackets.at(-1)?.toMs === undefined;
    const placed = placeLabels(items, axis.width - (open ? arrow : 0), 'across');
    [...(root.current?.children ?? [])].forEach((child, i) => {
      const { left, show } = placed[i] ?? { left: 0, show: 'none' };
      const style = (child as HTMLElement).style;
      style.transform = `translateX(${Math.round(left)}px)`;
      (child as HTMLElement).dataset.show = show;
    });
  });
  return (
    <div className="rail" ref={root}>
      {brackets.map((bracket, i) => (
        <div
          key={bracket.key}
          className="bracket"
          data-testid={i === brackets.length - 1 ? `bracket-${laneId}` : undefined}
          data-state={bracket.state}
          data-dim={chain !== undefined && !chain.lines.has(bracket.key)}
          onPointerEnter={() => point({ line: bracket.key })}
          onPointerLeave={() => point(undefined)}
        >
          <b key={bracket.state} className="bracket-label">
            <span className="bracket-long">{spaced(bracket.label)}</span>
            <span className="bracket-short" aria-hidden>
              {spaced(shortLabel(bracket.label))}
            </span>
          </b>
          <span className="bracket-note">
            <Note bracket={bracket} narrow={narrow} />
          </span>
        </div>
      ))}
    </div>
  );
}

function Note({ bracket, narrow }: { bracket: Bracket; narrow: boolean }) {
  if (bracket.note !== '') return spaced(bracket.note);
  const most = costliest(bracket.steps);
  if (narrow && most !== undefined) {
    return (
      <>
        of which <b>{spaced(duration(most.ms))}</b> {most.name}
      </>
    );
  }
  return bracket.steps.map((step, i) => (
    <span key={step.name} className={step === most ? 'bracket-step bracket-most' : 'bracket-step'}>
      {i > 0 && <i aria-hidden>›</i>}
      {step.name} <b>{spaced(duration(step.ms))}</b>
    </span>
  ));
}
