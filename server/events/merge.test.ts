import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Histogram, HistogramSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { Merged } from '../../model/histogram.ts';
import { toMs } from '../../model/time.ts';
import { mergeFrames, mergeHistograms } from './merge.ts';
import { frameOf } from './testing.ts';

const histogram: fc.Arbitrary<Histogram> = fc
  .uniqueArray(fc.integer({ min: 0, max: 800 }), { maxLength: 12 })
  .chain((buckets) =>
    fc
      .array(fc.integer({ min: 1, max: 1_000 }), { minLength: buckets.length, maxLength: buckets.length })
      .map((count) => {
        const sorted = buckets.toSorted((a, b) => a - b);
        const bucket = sorted.map((b, i) => (i === 0 ? b : b - (sorted[i - 1] ?? 0)));
        return create(HistogramSchema, { bucket, count, maxUs: (sorted.at(-1) ?? 0) * 10 });
      }),
  );

it('merging on the wire form is the same as adding up buckets', () => {
  fc.assert(
    fc.property(fc.array(histogram, { minLength: 1, maxLength: 6 }), (histograms) => {
      const sum = new Merged();
      for (const each of histograms) sum.add(each);
      const merged = new Merged().add(mergeHistograms(histograms));
      expect(merged.counts).toEqual(sum.counts);
      expect(merged.count).toBe(sum.count);
      expect(merged.max).toBe(sum.max);
    }),
  );
});

it('sums counts, keeps the outermost edges and the last number, and changes no input', () => {
  const [a, b] = [frameOf(1_000, 1_200, 5, 'headless', 'pod-1'), frameOf(1_200, 1_350, 7, 'headless', 'pod-2')];
  const c = frameOf(1_350, 1_400, 1, 'envoy', 'pod-1');
  a.sequence = 11;
  b.sequence = 12;
  c.sequence = 13;
  const merged = mergeFrames([a, b, c]);
  expect(merged.sequence).toBe(13);
  expect([toMs(merged.from), toMs(merged.to)]).toEqual([1_000, 1_400]);
  expect(merged.lanes.map((lane) => [lane.laneId, lane.answered])).toEqual([
    ['headless', 12],
    ['envoy', 1],
  ]);
  expect(merged.lanes[0]?.pods.map((pod) => [pod.podUid, pod.answered])).toEqual([
    ['pod-1', 5],
    ['pod-2', 7],
  ]);
  expect(a.lanes[0]?.answered).toBe(5);
});

it('retries and messages are counts, too', () => {
  const [a, b] = [frameOf(1_000, 1_200, 5, 'headless', 'pod-1'), frameOf(1_200, 1_350, 7, 'headless', 'pod-1')];
  for (const [frame, n] of [
    [a, 1],
    [b, 2],
  ] as const) {
    const lane = frame.lanes[0]!;
    Object.assign(lane, { policyRetries: n, answeredByRetry: n, messages: 10 * n });
    lane.pods[0]!.messages = 10 * n;
  }
  const [lane] = mergeFrames([a, b]).lanes;
  expect(lane).toMatchObject({ policyRetries: 3, answeredByRetry: 3, messages: 30 });
  expect(lane?.pods[0]?.messages).toBe(30);
});
