import type { Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import { toMs } from '../../model/time.ts';
import { mergeFrames } from '../events/merge.ts';

/** Long enough to compress well and for one row to be one coarse frame, short enough for a seek to read little else. */
export const chunkMs = 10_000;
export const mediumMs = 2_000;

/** Parts frames, which are in order, where `widthMs` begins anew. */
export function windows(frames: readonly Frame[], widthMs: number): Frame[][] {
  const parts: Frame[][] = [];
  let window = Number.NaN;
  for (const frame of frames) {
    const of = Math.floor(toMs(frame.from) / widthMs);
    if (of === window) parts[parts.length - 1]?.push(frame);
    else parts.push([frame]);
    window = of;
  }
  return parts;
}

/** Each window as one frame. */
export function merged(frames: readonly Frame[], widthMs: number): Frame[] {
  return windows(frames, widthMs).map(([first, ...rest]) => mergeFrames([first as Frame, ...rest]));
}
