import { create } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { EventSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { fromMs, toMs } from '../../model/time.ts';
import { createHistory } from './history.ts';
import { frameOf } from './testing.ts';

const start = 1_790_000_000_000;

/** Frames of 200 ms with one call each. */
function filled(ms: number) {
  const history = createHistory();
  for (let at = 0; at < ms; at += 200) history.frame(frameOf(start + at, start + at + 200, 1));
  return { history, end: start + ms };
}
const calls = (frames: readonly { lanes: { answered: number }[] }[]) =>
  frames.reduce((sum, frame) => sum + (frame.lanes[0]?.answered ?? 0), 0);

it('answers the last seconds as fine as they came', () => {
  const { history, end } = filled(60_000);
  const slice = history.read(end - 10_000, end, 200);
  expect(slice.resolutionMs).toBe(200);
  expect(slice.frames).toHaveLength(50);
  expect(toMs(slice.frames[0]?.from)).toBe(end - 10_000);
});

it('coarser tiers hold the same calls in fewer frames', () => {
  const { history, end } = filled(60_000);
  for (const resolution of [200, 2_000, 10_000]) {
    const slice = history.read(start, end, resolution);
    expect(slice.resolutionMs).toBe(resolution);
    expect(slice.frames.length).toBeLessThanOrEqual(60_000 / resolution + 1);
    expect(calls(slice.frames)).toBe(300);
  }
});

it('each tier forgets after its time, and says from when on it knows', () => {
  const { history, end } = filled(1_200_000);
  expect(history.read(start, end, 200).since).toBeGreaterThan(end - 100_000);
  expect(history.read(start, end, 2_000).since).toBeGreaterThan(end - 700_000);
  const hour = history.read(start, end, 10_000);
  expect(hour.since).toBe(start);
  expect(calls(hour.frames)).toBe(6_000);
});

it('holds events up to their number, newest kept', () => {
  const history = createHistory(undefined, 100);
  for (let i = 1; i <= 1_000; i++) {
    history.event(
      create(EventSchema, { sequence: i, at: fromMs(start + i), kind: { case: 'rolloutAsked', value: {} } }),
    );
  }
  const { events } = history.read(0, Number.MAX_SAFE_INTEGER, 200);
  expect(events.length).toBeGreaterThanOrEqual(100);
  expect(events.length).toBeLessThanOrEqual(110);
  expect(events.at(-1)?.sequence).toBe(1_000);
  expect(history.read(start + 990, start + 995, 200).events.map((event) => event.sequence)).toEqual([
    990, 991, 992, 993, 994,
  ]);
});

it('knows nothing before the first frame', () => {
  expect(createHistory().read(0, 1, 200)).toMatchObject({ frames: [], events: [] });
});
