import type { Event } from '../../gen/lbscope/events/v1/events_pb.js';
import { toMs } from '../time.ts';

/** The part of a run that its scenario is about. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** Ids of the scenario's lanes, in order. */
  readonly lanes: readonly string[];
}

/** The events that tell it. */
export const spanKinds: readonly NonNullable<Event['kind']['case']>[] = [
  'scenarioStarted',
  'stepEnded',
  'scenarioStateChanged',
  'scenarioEnded',
];

/**
 * From the end of a scenario's first step, which prepares pods and clients, to where it begins to put things back.
 * Undefined: the run had no scenario, or more than one, or it never came so far.
 */
export function scenarioSpan(events: readonly Event[]): Span | undefined {
  const started = events.filter(({ kind }) => kind.case === 'scenarioStarted');
  const [begun] = started;
  if (started.length !== 1 || begun?.kind.case !== 'scenarioStarted') return undefined;
  const lanes = begun.kind.value.run?.scenario?.lanes ?? [];
  const prepared = events.find(({ kind }) => kind.case === 'stepEnded' && kind.value.index === 0);
  const over = events.find(
    ({ kind }) =>
      (kind.case === 'scenarioStateChanged' && kind.value.state === 'restoring') || kind.case === 'scenarioEnded',
  );
  if (prepared === undefined || over === undefined) return undefined;
  const [fromMs, toMs_] = [toMs(prepared.at), toMs(over.at)];
  return toMs_ > fromMs ? { fromMs, toMs: toMs_, lanes } : undefined;
}
