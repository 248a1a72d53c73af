import { create } from '@bufbuild/protobuf';
import type { GetSnapshotResponse } from '../gen/lbscope/agent/v1/agent_pb.js';
import type { Event, Frame } from '../gen/lbscope/events/v1/events_pb.js';
import { type Keyframe, KeyframeSchema } from '../gen/lbscope/recording/v1/recording_pb.js';
import { fromSnapshot, toSnapshot } from './snapshot.ts';
import type { Run } from './state.ts';

/**
 * The state of the run without the frames and events that are kept beside it, those numbered `heldFrom` and later: a
 * snapshot of a busy run has a megabyte, of which the state itself is a hundredth.
 */
export function toKeyframe(run: Run, heldFrom: number): Keyframe {
  const held = run.events.filter((event) => event.sequence >= heldFrom);
  let before = 0;
  const eventSteps = held.map(({ sequence }) => {
    const step = sequence - before;
    before = sequence;
    return step;
  });
  const state = toSnapshot(run, run.clock);
  state.events = state.events.filter((event) => event.sequence < heldFrom);
  state.bins = state.bins.filter((frame) => frame.sequence < heldFrom);
  // Derived from the lanes again when it is read.
  state.presets = [];
  const firstFrame = run.frames.find((frame) => frame.sequence >= heldFrom)?.sequence ?? 0;
  return create(KeyframeSchema, { state, eventSteps, firstFrame });
}

/** The sequences of the events that {@link fromKeyframe} must be handed, rising. */
export function eventsOfKeyframe(keyframe: Keyframe): number[] {
  let sequence = 0;
  return keyframe.eventSteps.map((step) => {
    sequence += step;
    return sequence;
  });
}

/** The run that the keyframe was taken of. `frames` and `events`: those it names, in order. */
export function fromKeyframe(keyframe: Keyframe, frames: readonly Frame[], events: readonly Event[]): Run {
  const state = keyframe.state as GetSnapshotResponse;
  return fromSnapshot({ ...state, bins: [...state.bins, ...frames], events: [...state.events, ...events] });
}
