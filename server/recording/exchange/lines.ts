import { create, toJson } from '@bufbuild/protobuf';
import type { RunInfo } from '../../../gen/lbscope/agent/v1/runs_pb.js';
import { EventSchema, FrameSchema } from '../../../gen/lbscope/events/v1/events_pb.js';
import {
  ExportEndSchema,
  ExportHeadSchema,
  type Keyframe,
  KeyframeSchema,
} from '../../../gen/lbscope/recording/v1/recording_pb.js';
import { toKeyframe } from '../../../model/keyframe.ts';
import { toMs } from '../../../model/time.ts';
import { runAt, updatesAfter } from '../replay.ts';
import type { RunFile } from '../run-file.ts';

export const formatVersion = 1;

/**
 * A run as JSON lines, each an object with one key: `head` first, then `keyframe` (the state it begins with, and again
 * after each gap), `frame` and `event` in the order of their sequence, and `end` last, so that a file that was cut short
 * is known to be.
 */
export function* toLines(file: RunFile, info: RunInfo): Generator<string> {
  yield line(
    'head',
    toJson(ExportHeadSchema, create(ExportHeadSchema, { version: formatVersion, run: { ...info, bytes: 0 } })),
  );
  const states = statesOf(file, info);
  let frames = 0;
  let events = 0;
  const first = states.shift();
  if (first !== undefined) {
    yield line('keyframe', toJson(KeyframeSchema, first));
    for (const update of updatesAfter(file, first.state?.sequence ?? 0)) {
      while (states[0] !== undefined && (states[0].state?.sequence ?? 0) < update.value.sequence) {
        yield line('keyframe', toJson(KeyframeSchema, states.shift() as Keyframe));
      }
      if (update.case === 'frame') {
        frames += 1;
        yield line('frame', toJson(FrameSchema, update.value));
      } else {
        events += 1;
        yield line('event', toJson(EventSchema, update.value));
      }
    }
  }
  yield line('end', toJson(ExportEndSchema, create(ExportEndSchema, { frames, events })));
}

/** The states without which the updates cannot be folded, each whole in itself. */
function statesOf(file: RunFile, info: RunInfo): Keyframe[] {
  const afterGaps = info.gaps.map(({ to }) => toMs(to));
  const states: Keyframe[] = [];
  for (const keyframe of file.keyframes()) {
    const { sequence = 0, at } = keyframe.state ?? {};
    const gap = afterGaps.findIndex((ms) => ms <= toMs(at) + 1);
    if (states.length > 0 && gap < 0) continue;
    if (gap >= 0) afterGaps.splice(gap, 1);
    const run = runAt(file, { sequence });
    if (run !== undefined) states.push(toKeyframe(run, sequence + 1));
  }
  return states;
}

function line(key: string, value: unknown): string {
  return `${JSON.stringify({ [key]: value })}\n`;
}
