import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SayHelloResponseSchema } from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import { errorClasses } from '../../model/words.ts';
import type { CallResult, CallRoute, SentRoute } from '../balancing/channel-port.ts';
import type { EventInit } from '../events/port.ts';
import { LaneCounters, podSlots } from './counters.ts';
import { IdentityReader } from './identity.ts';
import { Recorder } from './recorder.ts';
import { attributionOf, routeOf } from './testing.ts';

const ok = (part: Partial<CallRoute> = {}): CallResult => ({ ok: true, message: undefined, route: routeOf(part) });
const failed = (part: Partial<CallRoute> = {}, errorClass: (typeof errorClasses)[number] = 'reset'): CallResult => ({
  ok: false,
  errorClass,
  code: 14,
  message: 'gone',
  route: routeOf(part),
});
const who = (uid: string, incarnation = 0) => ({ uid, name: uid, ip: '', incarnation });

function recorder(
  known: { podAt?: (a: string) => string | undefined; notReadySince?: (uid: string) => number | undefined } = {},
) {
  const events: EventInit[] = [];
  const subject = new Recorder({
    laneId: 'lane',
    events: { emit: (event) => events.push(event) },
    attribution: attributionOf(known),
    counters: new LaneCounters(),
  });
  const kinds = () => events.map((event) => event.kind?.case);
  return { subject, events, kinds };
}

test('issued = answered + failed + in flight, at every cut, in any order', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.constant('issue' as const),
          fc.constant('cut' as const),
          fc.record({ uid: fc.constantFrom('a', 'b', 'c'), errorClass: fc.option(fc.constantFrom(...errorClasses)) }),
        ),
        { maxLength: 200 },
      ),
      (steps) => {
        const { subject } = recorder();
        const sum = { issued: 0, answered: 0, failed: 0, pods: 0 };
        let now = 1_000;
        const cut = () => {
          const frame = subject.cut(100, now);
          sum.issued += frame.issued;
          sum.answered += frame.answered;
          sum.failed += frame.failed.reduce((total, each) => total + each.count, 0);
          for (const pod of frame.pods) {
            sum.pods += pod.answered + pod.failed.reduce((t, each) => t + each.count, 0);
            // Each took a millisecond: in the fourth step, up to 1,024 us.
            expect(pod.latencySteps).toEqual(pod.answered === 0 ? [] : [0, 0, 0, pod.answered]);
            expect(pod.latencySumMs).toBe(pod.answered);
          }
          expect(sum.issued).toBe(sum.answered + sum.failed + frame.inFlight);
          expect(sum.pods).toBe(sum.answered + sum.failed);
        };
        for (const step of steps) {
          now += 1;
          if (step === 'issue') subject.issue(0);
          else if (step === 'cut') cut();
          else if (subject.inFlight > 0) {
            if (step.errorClass === null) subject.end(ok(), who(step.uid), 'unary', now - 1, now);
            else subject.end(failed({}, step.errorClass), undefined, 'unary', now - 1, now);
          }
        }
        cut();
      },
    ),
  );
});

test('latency counts from the intended send, service time from the actual one', () => {
  const { subject } = recorder();
  subject.issue(0);
  subject.end(ok({ sentAt: 1_100 }), who('a'), 'unary', 1_000, 1_110);
  const frame = subject.cut(100, 1_200);
  expect(frame.latency?.maxUs).toBeCloseTo(110_000, 3);
  expect(frame.serviceTime?.maxUs).toBeCloseTo(10_000, 3);
  expect(frame.pods[0]?.serviceTimeSumMs).toBeCloseTo(10, 6);
});

test('a frame has as many bytes for a thousand calls as for ten', () => {
  const size = (calls: number) => {
    const { subject } = recorder();
    for (let i = 0; i < calls; i += 1) {
      subject.issue(0);
      subject.end(ok({ sentAt: 1_000 }), who(`pod-${i % 5}`), 'unary', 1_000, 1_000 + (i % 4));
    }
    const frame = subject.cut(100, 1_200);
    return frame.pods.length + (frame.latency?.bucket.length ?? 0);
  };
  expect(size(10_000)).toBe(size(20));
});

describe('whose call was it', () => {
  test('the host a proxy names comes first, then the dialled address', () => {
    const { subject } = recorder({ podAt: (address) => ({ up: 'pod-up', dial: 'pod-dial' })[address] });
    for (const part of [
      { upstreamHost: 'up', address: 'dial' },
      { address: 'dial' },
      { upstreamHost: 'unknown', address: 'dial' },
    ]) {
      subject.issue(0);
      subject.end(failed(part), undefined, 'unary', 1_000, 1_001);
    }
    const frame = subject.cut(100, 1_200);
    const lost = Object.fromEntries(frame.pods.map((pod) => [pod.podUid, pod.failed[0]?.count]));
    expect(lost).toEqual({ 'pod-up': 1, 'pod-dial': 2 });
  });

  test('a virtual address: the one pod that answered on that connection, marked as inferred', () => {
    const { subject, events } = recorder();
    subject.issue(0);
    subject.end(ok({ connectionId: 'c1', address: 'vip' }), who('a'), 'unary', 1_000, 1_001);
    subject.issue(0);
    subject.end(failed({ connectionId: 'c1', address: 'vip' }), undefined, 'unary', 1_002, 1_003);
    const frame = subject.cut(100, 1_200);
    expect(frame.pods.find((pod) => pod.podUid === 'a')).toMatchObject({
      answered: 1,
      inferred: true,
      failed: [{ errorClass: 'reset', count: 1 }],
    });
    subject.close(2_000);
    const burst = events.find((event) => event.kind?.case === 'lossBurst');
    expect(burst).toMatchObject({ podUid: 'a', kind: { value: { attribution: 'inferred', count: 1 } } });
  });

  test('a connection on which two pods answered (a proxy) tells nothing: unattributed', () => {
    const { subject } = recorder();
    for (const uid of ['a', 'b']) {
      subject.issue(0);
      subject.end(ok({ connectionId: 'c1' }), who(uid), 'unary', 1_000, 1_001);
    }
    subject.issue(0);
    subject.end(failed({ connectionId: 'c1' }), undefined, 'unary', 1_002, 1_003);
    expect(subject.cut(100, 1_200).pods.find((pod) => pod.podUid === '')?.failed[0]?.count).toBe(1);
  });
});

test('calls sent after the pod left the ready set are "to removed pods"; those in flight then are only lost', () => {
  const { subject } = recorder({ podAt: () => 'a', notReadySince: () => 1_000 });
  subject.issue(0);
  subject.end(ok({ sentAt: 1_050 }), who('a'), 'unary', 1_040, 1_060);
  subject.issue(0);
  subject.end(failed({ address: 'x', sentAt: 1_050 }), undefined, 'unary', 1_040, 1_060);
  subject.issue(0);
  subject.end(failed({ address: 'x', sentAt: 990 }), undefined, 'unary', 980, 1_060);
  expect(subject.cut(100, 1_200).pods[0]).toMatchObject({
    toRemovedAnswered: 1,
    toRemovedLost: 1,
    failed: [{ count: 2 }],
  });
});

test('first answers: once per pod and incarnation, again in a new run', () => {
  const { subject, kinds } = recorder();
  const answer = (uid: string, incarnation = 0) => {
    subject.issue(0);
    subject.end(ok(), who(uid, incarnation), 'unary', 1_000, 1_001);
  };
  const count = () => kinds().filter((kind) => kind === 'firstAnswer').length;
  answer('a');
  answer('a');
  answer('b');
  expect(count()).toBe(2);
  answer('a', 1);
  expect(count()).toBe(3);
  subject.newRun();
  answer('a', 1);
  expect(count()).toBe(4);
});

test('a thousand losses are a handful of events', () => {
  const { subject, events } = recorder();
  for (let i = 0; i < 1_000; i += 1) {
    subject.issue(0);
    subject.end(failed(), undefined, 'unary', 1_000, 1_000 + i / 10);
    if (i % 100 === 0) subject.cut(100, 1_000 + i / 10);
  }
  subject.cut(100, 2_000);
  const bursts = events.filter((event) => event.kind?.case === 'lossBurst');
  expect(bursts).toHaveLength(1);
  expect(bursts[0]?.kind?.value).toMatchObject({ count: 1_000 });
});

test('a stream that fails after its pod had begun to answer is charged to that pod, whatever was dialled', () => {
  const { subject, events } = recorder({ podAt: () => 'dialled' });
  subject.issue(0);
  subject.end(failed({ address: 'x', sentAt: 1_000 }), who('a'), 'server_stream', 1_000, 1_010);
  expect(subject.cut(100, 1_200).pods).toMatchObject([{ podUid: 'a', failed: [{ errorClass: 'reset', count: 1 }] }]);
  subject.close(2_000);
  const burst = events.find((event) => event.kind?.case === 'lossBurst');
  expect(burst).toMatchObject({ podUid: 'a', kind: { value: { attribution: 'answer' } } });
});

test('how late a call was issued is a histogram of its own', () => {
  const { subject } = recorder();
  for (const late of [0, 0.5, 40]) subject.issue(late);
  const { scheduleError } = subject.cut(100, 1_200);
  expect(scheduleError?.count.reduce((a, b) => a + b)).toBe(3);
  expect(scheduleError?.maxUs).toBeCloseTo(40_000, 3);
  expect(subject.cut(100, 1_400).scheduleError?.count).toEqual([]);
});

test('pods come and go without end: slots are given anew, and no call is counted twice or under another name', () => {
  const { subject } = recorder();
  const sums = new Map<string, number>();
  for (let i = 0; i < podSlots * 3; i += 1) {
    subject.issue(0);
    subject.end(ok(), who(`pod-${i}`), 'unary', 1_000, 1_001);
    if (i % 100 !== 0) continue;
    for (const pod of subject.cut(100, 1_200).pods) sums.set(pod.podUid, (sums.get(pod.podUid) ?? 0) + pod.answered);
  }
  for (const pod of subject.cut(100, 1_200).pods) sums.set(pod.podUid, (sums.get(pod.podUid) ?? 0) + pod.answered);
  expect(sums.size).toBe(podSlots * 3);
  expect([...sums.values()].every((count) => count === 1)).toBe(true);
});

test('a pod that leaves the ready set while it answers: its later calls count as sent to a removed pod', () => {
  let since: number | undefined;
  const known = { version: 0, podAt: () => undefined, podNamed: () => undefined, notReadySince: () => since };
  const subject = new Recorder({
    laneId: 'lane',
    events: { emit() {} },
    attribution: known,
    counters: new LaneCounters(),
  });
  const answer = (sentAt: number) => {
    subject.issue(0);
    subject.end(ok({ sentAt }), who('a'), 'unary', sentAt, sentAt + 1);
  };
  answer(1_000);
  since = 1_005;
  known.version += 1;
  answer(1_004);
  answer(1_006);
  since = undefined;
  known.version += 1;
  answer(1_010);
  expect(subject.cut(100, 1_200).pods).toMatchObject([{ answered: 4, toRemovedAnswered: 1 }]);
});

test('prepared calls are recorded as any others: same frames, same events', () => {
  const answer = (uid: string, incarnation: number) =>
    toBinary(SayHelloResponseSchema, create(SayHelloResponseSchema, { pod: { uid, incarnation } }));
  const call = fc.record({
    uid: fc.constantFrom('a', 'b', 'c', ''),
    incarnation: fc.integer({ min: 0, max: 1 }),
    connection: fc.constantFrom('c1', 'c2'),
    ms: fc.double({ min: 0, max: 500, noNaN: true }),
    next: fc.constantFrom('', '', '', 'cut', 'run', 'lose'),
  });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      const known = { podAt: () => undefined, notReadySince: (uid: string) => (uid === 'b' ? 1_500 : undefined) };
      const [slow, fast] = [recorder(known), recorder(known)];
      const reader = new IdentityReader();
      const routes = new Map<string, SentRoute>();
      let now = 1_000;
      for (const { uid, incarnation, connection, ms, next } of calls) {
        const part = { address: 'x:1', connectionId: connection, resolutionId: 'r', pick: 'p' };
        const route = routes.get(connection) ?? { ...routeOf(part), memo: -1 };
        routes.set(connection, route);
        const bytes = answer(uid, incarnation);
        const [intendedAt, sentAt] = [now, now + 1];
        now = sentAt + ms;
        for (const { subject } of [slow, fast]) subject.issue(1);
        const identity = reader.read(bytes);
        slow.subject.end(ok({ ...part, sentAt }), identity, 'unary', intendedAt, now);
        const who = reader.indexOf(bytes, 0, bytes.length, route.memo);
        fast.subject.answered(reader, who, route, 'unary', intendedAt, sentAt, now);
        if (next === 'run') for (const { subject } of [slow, fast]) subject.newRun();
        if (next === 'lose') {
          for (const { subject } of [slow, fast]) {
            subject.issue(0);
            subject.end(failed({ connectionId: connection, sentAt: now }), undefined, 'unary', now, now);
          }
        }
        if (next === 'cut') expect(fast.subject.cut(100, now)).toEqual(slow.subject.cut(100, now));
      }
      expect(fast.subject.cut(100, now)).toEqual(slow.subject.cut(100, now));
      expect(fast.events).toEqual(slow.events);
    }),
  );
});

test('policy retries are counted apart from transparent ones, and calls that only they saved', () => {
  const { subject } = recorder();
  for (let n = 0; n < 3; n++) subject.issue(0);
  subject.end(ok({ policyRetries: 2, transparentRetries: 1 }), who('a'), 'unary', 0, 10);
  subject.end(failed({ policyRetries: 4 }), undefined, 'unary', 0, 10);
  subject.end(ok(), who('a'), 'unary', 0, 10);
  expect(subject.cut(0, 20)).toMatchObject({
    policyRetries: 6,
    answeredByRetry: 1,
    transparentRetries: 1,
    answered: 2,
  });
  expect(subject.cut(0, 30)).toMatchObject({ policyRetries: 0, answeredByRetry: 0 });
});

test('messages of streams that have not ended yet are counted where they come from', () => {
  const { subject } = recorder();
  subject.issue(0);
  subject.messages(who('a'), 3, 10);
  subject.messages(who('b'), 1, 11);
  const frame = subject.cut(0, 20);
  expect(frame).toMatchObject({ messages: 4, answered: 0, inFlight: 1 });
  expect(frame.pods.map(({ podUid, messages, answered }) => [podUid, messages, answered])).toEqual([
    ['a', 3, 0],
    ['b', 1, 0],
  ]);
  expect(subject.cut(0, 30)).toMatchObject({ messages: 0, pods: [] });
});
