import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorClasses } from '../../model/words.ts';
import type { CallResult, CallRoute } from '../balancing/channel-port.ts';
import type { EventInit } from '../events/port.ts';
import { Recorder } from './recorder.ts';

const route = (part: Partial<CallRoute> = {}): CallRoute => ({
  address: undefined,
  connectionId: undefined,
  connectedAt: undefined,
  resolutionId: undefined,
  resolvedAt: undefined,
  pick: '',
  sentAt: undefined,
  attempts: 1,
  transparentRetries: 0,
  upstreamHost: undefined,
  ...part,
});
const ok = (part: Partial<CallRoute> = {}): CallResult => ({ ok: true, message: undefined, route: route(part) });
const failed = (part: Partial<CallRoute> = {}, errorClass: (typeof errorClasses)[number] = 'reset'): CallResult => ({
  ok: false,
  errorClass,
  code: 14,
  message: 'gone',
  route: route(part),
});
const who = (uid: string, incarnation = 0) => ({ uid, name: uid, ip: '', incarnation });

function recorder(
  attribution: { podAt?: (a: string) => string | undefined; since?: (uid: string) => number | undefined } = {},
) {
  const events: EventInit[] = [];
  const subject = new Recorder({
    laneId: 'lane',
    events: { emit: (event) => events.push(event) },
    attribution: { podAt: (a) => attribution.podAt?.(a), notReadySince: (uid) => attribution.since?.(uid) },
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
          for (const pod of frame.pods) sum.pods += pod.answered + pod.failed.reduce((t, each) => t + each.count, 0);
          expect(sum.issued).toBe(sum.answered + sum.failed + frame.inFlight);
          expect(sum.pods).toBe(sum.answered + sum.failed);
        };
        for (const step of steps) {
          now += 1;
          if (step === 'issue') subject.issue();
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
  subject.issue();
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
      subject.issue();
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
      subject.issue();
      subject.end(failed(part), undefined, 'unary', 1_000, 1_001);
    }
    const frame = subject.cut(100, 1_200);
    const lost = Object.fromEntries(frame.pods.map((pod) => [pod.podUid, pod.failed[0]?.count]));
    expect(lost).toEqual({ 'pod-up': 1, 'pod-dial': 2 });
  });

  test('a virtual address: the one pod that answered on that connection, marked as inferred', () => {
    const { subject, events } = recorder();
    subject.issue();
    subject.end(ok({ connectionId: 'c1', address: 'vip' }), who('a'), 'unary', 1_000, 1_001);
    subject.issue();
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
      subject.issue();
      subject.end(ok({ connectionId: 'c1' }), who(uid), 'unary', 1_000, 1_001);
    }
    subject.issue();
    subject.end(failed({ connectionId: 'c1' }), undefined, 'unary', 1_002, 1_003);
    expect(subject.cut(100, 1_200).pods.find((pod) => pod.podUid === '')?.failed[0]?.count).toBe(1);
  });
});

test('calls sent after the pod left the ready set are "to removed pods"; those in flight then are only lost', () => {
  const { subject } = recorder({ podAt: () => 'a', since: () => 1_000 });
  subject.issue();
  subject.end(ok({ sentAt: 1_050 }), who('a'), 'unary', 1_040, 1_060);
  subject.issue();
  subject.end(failed({ address: 'x', sentAt: 1_050 }), undefined, 'unary', 1_040, 1_060);
  subject.issue();
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
    subject.issue();
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
    subject.issue();
    subject.end(failed(), undefined, 'unary', 1_000, 1_000 + i / 10);
    if (i % 100 === 0) subject.cut(100, 1_000 + i / 10);
  }
  subject.cut(100, 2_000);
  const bursts = events.filter((event) => event.kind?.case === 'lossBurst');
  expect(bursts).toHaveLength(1);
  expect(bursts[0]?.kind?.value).toMatchObject({ count: 1_000 });
});
