import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Frame, FrameSchema, type Histogram, HistogramSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { Merged } from '../../model/histogram.ts';
import { fromMs, toMs } from '../../model/time.ts';
import { joinAgents, mergeFrames, mergeHistograms, onePartEach } from './merge.ts';
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

it('a lane in two parts of one frame becomes one; other frames stay as they are', () => {
  const old = frameOf(1_000, 1_200, 2, 'headless', 'pod-1');
  const frame = frameOf(1_000, 1_200, 5, 'headless', 'pod-2');
  const whole = frameOf(1_000, 1_200, 1, 'envoy', 'pod-1').lanes;
  Object.assign(old.lanes[0] ?? {}, { inFlight: 3, askedRate: 0 });
  Object.assign(frame.lanes[0] ?? {}, { inFlight: 4 });
  frame.lanes = [...old.lanes, ...whole, ...frame.lanes];
  const [headless, envoy, ...more] = onePartEach(frame).lanes;
  expect(headless).toMatchObject({ laneId: 'headless', answered: 7, inFlight: 7, askedRate: 100 });
  expect(headless?.pods.map(({ podUid, answered }) => [podUid, answered])).toEqual([
    ['pod-1', 2],
    ['pod-2', 5],
  ]);
  expect([envoy?.laneId, envoy?.answered, more]).toEqual(['envoy', 1, []]);
  const single = frameOf(1_000, 1_200, 1, 'envoy', 'pod-1');
  expect(onePartEach(single)).toBe(single);
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

const podCalls = fc.dictionary(fc.constantFrom('pod-1', 'pod-2', 'pod-3'), fc.integer({ min: 0, max: 50 }));
/** What one agent counted in one beat. */
const counted = fc.record({
  latency: histogram,
  pods: podCalls,
  inFlight: fc.nat(9),
  failed: fc.nat(5),
  shortfall: fc.nat(5),
});
type Counted = typeof counted extends fc.Arbitrary<infer T> ? T : never;

function frameFrom({ latency, pods, inFlight, failed, shortfall }: Counted, from: number): Frame {
  const answered = Object.values(pods).reduce((a, b) => a + b, 0);
  const at = fromMs(from);
  return create(FrameSchema, {
    from: at,
    to: fromMs(from + 200),
    lanes: [
      {
        laneId: 'clusterip',
        issued: answered + failed,
        answered,
        failed: failed > 0 ? [{ errorClass: 'reset', count: failed }] : [],
        inFlight,
        shortfall,
        askedRate: 10,
        latency,
        serviceTime: latency,
        pods: Object.entries(pods).map(([podUid, n]) => ({ podUid, answered: n, first: at, last: at })),
      },
    ],
  });
}

it('several agents are one: histograms, counts and gauges add up, and each call stays its agent’s', () => {
  fc.assert(
    fc.property(
      // Beats of up to five agents.
      fc
        .integer({ min: 1, max: 5 })
        .chain((agents) =>
          fc.array(fc.array(counted, { minLength: agents, maxLength: agents }), { minLength: 1, maxLength: 4 }),
        ),
      (beats) => {
        const joined = beats.map((each, beat) => {
          const parts = each.map((one, i) => ({
            agent: i === 0 ? '' : `agent-${i + 1}`,
            frame: frameFrom(one, beat * 200),
          }));
          return joinAgents([parts[0]!, ...parts.slice(1)]);
        });
        const all = beats.flat();
        const last = beats.at(-1)!;
        const lane = mergeFrames(joined as [Frame, ...Frame[]]).lanes[0]!;
        const latency = new Merged();
        for (const each of all) latency.add(each.latency);
        expect(new Merged().add(lane.latency).counts).toEqual(latency.counts);
        expect(lane.latency?.maxUs ?? 0).toBe(latency.max);
        const sum = (of: (each: Counted) => number, over = all) => over.reduce((total, each) => total + of(each), 0);
        const answeredBy = (each: Counted) => Object.values(each.pods).reduce((a, b) => a + b, 0);
        expect(lane.answered).toBe(sum(answeredBy));
        expect(lane.issued).toBe(sum((each) => answeredBy(each) + each.failed));
        // Gauges: all agents', at the end.
        expect(lane.inFlight).toBe(sum((each) => each.inFlight, last));
        expect(lane.askedRate).toBe(10 * last.length);
        for (let i = 0; i < last.length; i += 1) {
          const mine = beats.map((beat) => beat[i]!);
          const part = lane.agents.find(({ agent }) => agent === (i === 0 ? '' : `agent-${i + 1}`))!;
          expect(part.issued).toBe(sum((each) => answeredBy(each) + each.failed, mine));
          expect(part.failed).toBe(sum((each) => each.failed, mine));
          expect(part.shortfall).toBe(sum((each) => each.shortfall, mine));
          for (const uid of ['pod-1', 'pod-2', 'pod-3']) {
            const place = lane.pods.findIndex((pod) => pod.podUid === uid);
            const at = part.pod.indexOf(place);
            expect(at < 0 ? 0 : part.answered[at]).toBe(sum((each) => each.pods[uid] ?? 0, mine));
          }
        }
      },
    ),
  );
});

it('latency by pod is added up step by step', () => {
  const [a, b] = [frameOf(1_000, 1_200, 5), frameOf(1_200, 1_350, 7)];
  Object.assign(a.lanes[0]?.pods[0] ?? {}, { latencySteps: [1, 0, 4], latencySumMs: 2 });
  Object.assign(b.lanes[0]?.pods[0] ?? {}, { latencySteps: [3, 4], latencySumMs: 1.5 });
  expect(mergeFrames([a, b]).lanes[0]?.pods[0]).toMatchObject({ latencySteps: [4, 4, 4], latencySumMs: 3.5 });
});
