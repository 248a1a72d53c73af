import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toSnapshot } from '../run.ts';
import { addressOf, even, fourLanes, pod, type Script } from '../testkit.ts';
import { fromMs } from '../time.ts';
import { laneSlices } from './frames.ts';
import { load, loadScale } from './load.ts';
import { burstRows, connectionRows, errorRows, lookupRows } from './opened.ts';
import { chartTop, series, stepMs } from './series.ts';
import { slowSpans } from './slow.ts';
import { sampledCalls, whyThisPod } from './why.ts';

const plain = (text: string) => text.replace(/[\u202f\u00a0]/g, ' ');
const view = (script: Script, id: string) => {
  const snapshot = toSnapshot(script.run, script.now);
  return { snapshot, lane: snapshot.lanes.find((each) => each.id === id)! };
};

describe('series', () => {
  it('counts every call once, whatever the step', () => {
    const { script, pods } = fourLanes();
    script.traffic(30, { headless: even(pods, 3) });
    const { snapshot } = view(script, 'headless');
    const until = script.now;
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 200 }), (points) => {
        const made = series(snapshot, 'headless', until - 30_000, until, points);
        expect(made.length).toBeGreaterThan(0);
        for (const point of made) {
          expect(point.answered).toBeCloseTo(45, 5);
          expect(point.p50).toBeLessThanOrEqual(point.p90!);
          expect(point.p90).toBeLessThanOrEqual(point.p99!);
          expect(point.failed).toBeNull();
        }
      }),
    );
  });

  it('shows no percentile where nothing was answered, and lost calls as such', () => {
    const { script } = fourLanes();
    script.traffic(6, { headless: [{ uid: 'uid-1', failed: 10 }] });
    const { snapshot } = view(script, 'headless');
    const last = series(snapshot, 'headless', script.now - 4_000, script.now, 4).at(-1)!;
    expect(last).toMatchObject({ p50: null, p99: null, answered: 0 });
    expect(last.failed).toBeCloseTo(50, 5);
  });

  it('knows how many connections were open then', () => {
    const { script, pods } = fourLanes();
    script.traffic(10, { headless: even(pods) });
    const at = script.now;
    script.connected('headless', '10.1.0.9:50051', 'late');
    script.traffic(10, { headless: even(pods) });
    script.event({ case: 'disconnected', value: { reason: 'reset' } }, { laneId: 'headless', connectionId: 'late' });
    script.traffic(5, { headless: even(pods) });
    const made = series(view(script, 'headless').snapshot, 'headless', at - 9_000, script.now, 30);
    const near = (ms: number) => made.reduce((a, b) => (Math.abs(b.atMs - ms) < Math.abs(a.atMs - ms) ? b : a));
    expect([near(at - 5_000), near(at + 5_000), made.at(-1)!].map((point) => point.connections)).toEqual([3, 4, 3]);
  });

  it('takes steps that hold enough calls for a 99th of a hundred', () => {
    expect(stepMs(90_000, 1_000, 100)).toBe(1_000);
    expect(stepMs(90_000, 100, 100)).toBe(2_000);
    expect(stepMs(90_000, 1, 100)).toBe(10_000);
    expect(stepMs(3_600_000, 100, 100)).toBe(60_000);
    for (const values of [[0], [3], [99], [101, null]])
      expect(chartTop(values)).toBeGreaterThanOrEqual(Math.max(...values.map((v) => v ?? 0)));
    // Half of it is written beside it: no half connections, and no 3.8 for 3.75.
    for (const most of [2, 3, 5, 7, 12, 99, 140, 700, 1_400])
      expect((chartTop([most]) / 2).toString()).toMatch(/^[1-9]0*$/);
  });
});

describe('load', () => {
  it('is what was answered or lost, on a scale that holds it', () => {
    const { script, pods } = fourLanes();
    script.traffic(4, { headless: [...even(pods, 4), { uid: 'uid-1', failed: 8 }] });
    const slices = laneSlices(toSnapshot(script.run, script.now).bins, 'headless').slice(-20);
    for (const pixelMs of [0, 700, 4_000]) {
      const made = load(slices, pixelMs);
      const calls = made.reduce((sum, each) => sum + (each.perSecond * (each.toMs - each.fromMs)) / 1_000, 0);
      expect(calls).toBeCloseTo(400, 6);
      expect(loadScale([made])).toBeGreaterThanOrEqual(100);
      expect(loadScale([made])).toBeLessThanOrEqual(200);
    }
  });
});

describe('slow pods', () => {
  it('are marked from when to when, and not for one late call', () => {
    const { script, pods } = fourLanes();
    const begin = script.now;
    script.traffic(10, { headless: [{ uid: 'uid-1', answered: 7, ms: 250 }, ...even(pods.slice(1), 7)] });
    const end = script.now;
    script.traffic(10, { headless: even(pods, 7) });
    const spans = slowSpans(laneSlices(toSnapshot(script.run, script.now).bins, 'headless'));
    expect(spans).toHaveLength(1);
    expect(spans[0]!.uid).toBe('uid-1');
    expect(Math.abs(spans[0]!.fromMs - begin)).toBeLessThan(1_000);
    expect(Math.abs(spans[0]!.toMs - end)).toBeLessThan(1_000);
    // Found as the run went on, the same as found at once: what is kept of a second is dropped when the second grows.
    const slices = laneSlices(toSnapshot(script.run, script.now).bins, 'headless');
    for (let n = 1; n < slices.length; n += 1) slowSpans(slices.slice(0, n));
    for (let n = 1; n < slices.length; n += 7)
      expect(slowSpans(slices.slice(0, n))).toEqual(slowSpans(structuredClone(slices.slice(0, n))));
    // Alone there is nothing to be slower than.
    script.traffic(5, { clusterip: [{ uid: 'uid-1', answered: 20, ms: 250 }] });
    expect(slowSpans(laneSlices(toSnapshot(script.run, script.now).bins, 'clusterip'))).toEqual([]);
  });
});

describe('why this pod', () => {
  const call = (script: Script, laneId: string, more: object, ids: object = {}) => {
    const at = script.now;
    script.event(
      {
        case: 'sampledCall',
        value: {
          kind: 'unary',
          intendedAt: fromMs(at),
          sentAt: fromMs(at + 1),
          endedAt: fromMs(at + 4),
          connectedAt: fromMs(at - 400_000),
          attempts: 1,
          outcome: 'ok',
          pick: 'pick_first',
          ...more,
        },
      },
      { laneId, podUid: 'uid-1', connectionId: 'c1', ...ids },
    );
    const { snapshot, lane } = view(script, laneId);
    return whyThisPod(snapshot, lane, sampledCalls(snapshot, laneId)[0]!)!;
  };

  it('names who chose, and when', () => {
    const { script } = fourLanes();
    expect(plain(call(script, 'clusterip', {}).sentence)).toBe(
      'kube-proxy drew pod1 when the connection was made, 6 min 40 s before this call: every call on it goes there until it breaks.',
    );
    const at = script.now;
    const headless = call(script, 'headless', { pick: 'round_robin 2 of 3', resolvedAt: fromMs(at - 252_000) });
    expect(plain(headless.sentence)).toBe(
      'It was pod1’s turn, 2 of 3: the client rotates over a DNS answer, 4 min 12 s old.',
    );
    expect(plain(call(script, 'envoy', {}).sentence)).toMatch(
      /^The client knows only Envoy; Envoy picked pod1 .* 12 s before\.$/,
    );
  });

  it('adds up: until it was sent, and then', () => {
    const { script } = fourLanes();
    const why = call(script, 'headless', { pick: 'round_robin 1 of 3' });
    expect(why.parts.map((part) => Math.round(part.ms))).toEqual([1, 3]);
    expect(why.parts.reduce((sum, part) => sum + part.ms, 0)).toBeCloseTo(why.totalMs, 3);
  });

  it('tells of retries, and of a call that failed', () => {
    const { script } = fourLanes();
    const why = call(script, 'headless', {
      pick: 'round_robin 1 of 3',
      attempts: 2,
      transparentRetries: 1,
      outcome: 'reset',
      message: 'read ECONNRESET',
    });
    expect(why.ok).toBe(false);
    expect(why.sentence).toContain('The call failed (reset): read ECONNRESET.');
    expect(why.steps.find((step) => step.key === 'attempts')?.text).toBe(
      '2, by its retry policy, sent again once as it had never begun',
    );
  });
});

describe('lists of an opened lane', () => {
  it('connections: to which pod, how old, how many calls', () => {
    const { script, pods } = fourLanes();
    const headless = view(script, 'headless');
    const rows = connectionRows(headless.snapshot, headless.lane, script.now);
    expect(rows.map((row) => row.pod?.handle).sort()).toEqual(['pod1', 'pod2', 'pod3']);
    expect(rows.every((row) => Math.round(row.ageMs) === 12_000 && row.calls === 600)).toBe(true);
    // Two to one pod: nobody counts them apart.
    script.connected('headless', addressOf(pods[0]!), 'second').traffic(1, { headless: even(pods) });
    const two = view(script, 'headless');
    const shared = connectionRows(two.snapshot, two.lane, script.now).filter((row) => row.pod?.handle === 'pod1');
    expect(shared.map((row) => row.calls)).toEqual([undefined, undefined]);
    const envoy = view(script, 'envoy');
    expect(connectionRows(envoy.snapshot, envoy.lane, script.now)[0]).toMatchObject({
      pod: undefined,
      whither: 'Envoy picks per call',
    });
  });

  it('lookups: what each changed; answers alike are one line', () => {
    const { script, pods } = fourLanes();
    const all = [...pods, pod(4)].map(addressOf);
    for (let i = 0; i < 3; i += 1) script.wait(5_000).resolved('envoy', pods.map(addressOf), 'envoy', false);
    script.podEvent('podAdded', pod(4)).slice([...pods, pod(4)]);
    script.wait(5_000).resolved('envoy', all).wait(5_000).resolved('envoy', all.slice(1));
    const { snapshot, lane } = view(script, 'envoy');
    const rows = lookupRows(snapshot, lane);
    const names = (list: readonly (string | { handle: string })[]) =>
      list.map((each) => (typeof each === 'string' ? each : each.handle));
    expect(rows.map((row) => [names(row.added), names(row.removed), row.alike])).toEqual([
      [[], ['pod1'], 1],
      [['pod4'], [], 1],
      [[], [], 3],
      [['pod1', 'pod2', 'pod3'], [], 1],
    ]);
  });

  it('a failed lookup says what became of the list', () => {
    const { script } = fourLanes();
    script.event(
      {
        case: 'resolutionFailed',
        value: { source: 'dns', trigger: 'connection lost', code: 'NXDOMAIN', message: '', effect: 'dropped' },
      },
      { laneId: 'headless', resolutionId: 'x' },
    );
    const { snapshot, lane } = view(script, 'headless');
    const [row] = lookupRows(snapshot, lane);
    expect(row).toMatchObject({ what: 'Lookup failed', failure: 'NXDOMAIN; its list was dropped', size: 0 });
    expect(row?.removed).toHaveLength(3);
  });

  it('errors: by class with their part of the calls, and when', () => {
    const { script, pods } = fourLanes();
    script.frame({ headless: [...even(pods), { uid: 'uid-1', failed: 30 }] });
    script.event(
      {
        case: 'lossBurst',
        value: {
          errorClass: 'reset',
          count: 30,
          first: fromMs(script.now - 100),
          last: fromMs(script.now),
          attribution: 'dialled',
        },
      },
      { laneId: 'headless', podUid: 'uid-1' },
    );
    const { snapshot, lane } = view(script, 'headless');
    expect(errorRows(lane)).toEqual([{ errorClass: 'reset', count: 30, part: 30 / lane.issued }]);
    expect(burstRows(snapshot, 'headless')[0]).toMatchObject({
      count: 30,
      pod: { handle: 'pod1' },
      how: 'by the address that was dialled',
    });
  });
});
