import type { Change } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { Event, Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import type { Keyframe } from '../../gen/lbscope/recording/v1/recording_pb.js';
import { eventsOfKeyframe, fromKeyframe } from '../../model/keyframe.ts';
import { fold, toSnapshot } from '../../model/run.ts';
import type { Run, Update } from '../../model/state.ts';
import { toMs } from '../../model/time.ts';
import type { RunFile } from './run-file.ts';

/** A moment of the run, or the state right after one update. */
export type Place = { readonly at: number } | { readonly sequence: number };

/**
 * The run as it was: the newest keyframe before the place, what it names, and the updates from there on. The same fold
 * that made the live picture makes this one. Undefined: the file holds no state at all.
 */
export function runAt(file: RunFile, place: Place): Run | undefined {
  const keyframe = file.keyframe(place);
  if (keyframe?.state === undefined) return undefined;
  const { sequence } = keyframe.state;
  const frames = keyframe.firstFrame > 0 ? [...file.framesNumbered(keyframe.firstFrame, sequence)] : [];
  const run = fromKeyframe(keyframe, frames, file.eventsNumbered(eventsOfKeyframe(keyframe)));
  for (const update of updatesAfter(file, sequence)) {
    // An event may be reported late, never early: the first that is past the place ends it.
    if ('at' in place ? instantOf(update) > place.at : update.value.sequence > place.sequence) break;
    // Where only coarse frames are left, one may stand on both sides of the keyframe: its calls are counted already.
    const counted = toMs(run.frames.at(-1)?.to);
    if (update.case === 'frame' && toMs(update.value.from) < counted - 1 && toMs(update.value.to) > counted + 1)
      continue;
    fold(run, update);
  }
  return run;
}

/** Everything after this update, in order. */
export function* updatesAfter(file: RunFile, sequence: number): Generator<Update> {
  const events = file.eventsAfter(sequence);
  const frames = file.framesNumbered(sequence + 1, Number.MAX_SAFE_INTEGER);
  let event = next(events);
  let frame = next(frames);
  try {
    while (event !== undefined || frame !== undefined) {
      if (frame === undefined || (event !== undefined && event.sequence < frame.sequence)) {
        yield { case: 'event', value: event as Event };
        event = next(events);
      } else {
        yield { case: 'frame', value: frame };
        frame = next(frames);
      }
    }
  } finally {
    // A statement that is not read to its end would hold the file.
    events.return(undefined);
    frames.return(undefined);
  }
}

/** The fold keeps fifty changes for ten minutes: with half as many, two minutes on none is lost. */
const manyChanges = 25;

/** Every change of the whole run, from keyframes near enough to each other that none was forgotten in between. */
export function allChanges(file: RunFile): Change[] {
  const changes = new Map<number, Change>();
  const add = (list: readonly Change[]) => {
    for (const change of list) changes.set(change.sequence, change);
  };
  const skip = ({ state }: Keyframe) => ((state?.changes.length ?? 0) < manyChanges ? 3 : 0);
  for (const { state } of file.keyframes(skip)) add(state?.changes ?? []);
  const end = runAt(file, { at: Number.MAX_VALUE });
  if (end !== undefined) add(toSnapshot(end, end.clock).changes);
  return [...changes.values()].sort((a, b) => a.sequence - b.sequence);
}

function instantOf(update: Update): number {
  return toMs(update.case === 'frame' ? update.value.to : update.value.at);
}

function next<T extends Event | Frame>(items: Generator<T>): T | undefined {
  const step = items.next();
  return step.done === true ? undefined : step.value;
}
