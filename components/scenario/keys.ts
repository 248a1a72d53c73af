import type { Offered } from '../../model/view/scenario.ts';
import type { Place } from './place.ts';

/** For the sheet of keys. */
export const scenarioKeys: readonly { keys: string; what: string }[] = [
  { keys: 'g', what: 'Scenarios: guided, with a vote' },
];

export type ScenarioCommand =
  | { kind: 'toggle' }
  | { kind: 'begin' }
  | { kind: 'goOn' }
  | { kind: 'reveal'; question: number }
  | { kind: 'vote'; question: number; choice: number }
  | { kind: 'askAbort' }
  | { kind: 'close' }
  | { kind: 'nextScenario' }
  | { kind: 'move'; by: 1 | -1 };

export interface Situation {
  readonly place: Place;
  /** Of a run under way; undefined: none is. */
  readonly offered: Offered | undefined;
  readonly control: boolean;
  /** The question whose tally may be shown, also after the end. */
  readonly reveal: number | undefined;
  /** The open question that this device may vote on, and how many choices it has. */
  readonly ballot: { readonly question: number; readonly choices: number } | undefined;
  /** A button has the focus: Enter presses it. */
  readonly onButton: boolean;
}

/** What a key asks of the scenarios; undefined: it is not ours. */
export function scenarioCommandOf(key: string, now: Situation): ScenarioCommand | undefined {
  const { place, offered, control, reveal, ballot, onButton } = now;
  if (key === 'g') return { kind: 'toggle' };
  if (key === 'r' && control && reveal !== undefined && (offered !== undefined || place.kind === 'run'))
    return { kind: 'reveal', question: reveal };
  if (offered !== undefined) {
    if (key === 'Enter' && control && offered.goOn && !onButton) return { kind: 'goOn' };
    if (place.kind === 'run' && ballot !== undefined && /^[1-9]$/.test(key) && Number(key) <= ballot.choices)
      return { kind: 'vote', question: ballot.question, choice: Number(key) - 1 };
    if (key === 'Escape' && control && offered.abort) return { kind: 'askAbort' };
    if (key === 'Escape' && place.kind === 'run') return { kind: 'close' };
    return undefined;
  }
  if (place.kind === 'closed') return undefined;
  if (key === 'Escape') return { kind: 'close' };
  if (place.kind === 'list' && (key === 'ArrowDown' || key === 'ArrowUp'))
    return { kind: 'move', by: key === 'ArrowDown' ? 1 : -1 };
  if (key === 'Enter' && control && !onButton && place.kind === 'read') return { kind: 'begin' };
  if (key === 'Enter' && control && !onButton && place.kind === 'run') return { kind: 'nextScenario' };
  return undefined;
}
