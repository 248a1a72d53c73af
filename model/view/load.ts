import type { LaneSlice } from './frames.ts';

/** Calls a second that came to an end, over time: the share band is always full, so it hides how many there were. */
export type Load = { fromMs: number; toMs: number; perSecond: number };

const stepMs = 500;

/** On a fixed grid of half a second or of what a point of the picture holds; a merged frame is one step of its own. */
export function load(slices: readonly LaneSlice[], pixelMs = 0): Load[] {
  const gridMs = stepMs * Math.max(1, Math.ceil(pixelMs / stepMs));
  const steps: { fromMs: number; toMs: number; calls: number; cell: number }[] = [];
  for (const slice of slices) {
    const cell = Math.floor((slice.fromMs + 0.5) / gridMs);
    const last = steps[steps.length - 1];
    const calls = slice.answered + slice.failed;
    if (last !== undefined && last.cell === cell && slice.fromMs - last.toMs < 1) {
      last.toMs = slice.toMs;
      last.calls += calls;
    } else steps.push({ fromMs: slice.fromMs, toMs: slice.toMs, calls, cell });
  }
  return steps.map(({ fromMs, toMs, calls }) => ({ fromMs, toMs, perSecond: (calls * 1_000) / (toMs - fromMs) }));
}

/** The scale that all lanes share: a round number above what any of them carried. */
export function loadScale(lanes: readonly (readonly Load[])[]): number {
  const most = Math.max(1, ...lanes.flat().map((each) => each.perSecond));
  const power = 10 ** Math.floor(Math.log10(most * 1.05));
  const step = [1, 1.5, 2, 3, 5, 7.5, 10].find((each) => each * power >= most * 1.02) ?? 10;
  return step * power;
}
