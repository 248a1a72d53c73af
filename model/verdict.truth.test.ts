import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scoreOf, scoreSince } from './score.ts';
import { addressOf, even, fourLanes, lanes, type PodCall, pod, type Script } from './testkit.ts';
import { headline, settledScore, verdict } from './verdict.ts';

/**
 * Random lives of a cluster, and for each sentence what must hold when it is said, written down a second time and apart
 * from the rules: a sentence that is said of a run in which it is false fails here.
 */
type Step =
  | { do: 'traffic'; shape: 'even' | 'one' | 'skewed' | 'failing' | 'dead' | 'slow' | 'nothing'; seconds: number }
  | { do: 'add'; told: boolean; answered: boolean; wait: number }
  | { do: 'remove'; loses: number }
  | { do: 'stop' }
  | { do: 'start' }
  | { do: 'next'; kind: 'none' | 'timer' | 'push' | 'connection' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('traffic' as const),
      shape: fc.constantFrom('even' as const, 'one', 'skewed', 'failing', 'dead', 'slow', 'nothing'),
      seconds: fc.integer({ min: 1, max: 12 }),
    }),
  },
  fc.record({
    do: fc.constant('add' as const),
    told: fc.boolean(),
    answered: fc.boolean(),
    wait: fc.integer({ min: 1, max: 4_000 }),
  }),
  fc.record({ do: fc.constant('remove' as const), loses: fc.integer({ min: 0, max: 6 }) }),
  fc.constant({ do: 'stop' as const }),
  fc.constant({ do: 'start' as const }),
  fc.record({
    do: fc.constant('next' as const),
    kind: fc.constantFrom('none' as const, 'timer', 'push', 'connection'),
  }),
);

function live(script: Script, first: ReturnType<typeof pod>[], steps: readonly Step[]) {
  let ready = [...first];
  let next = 4;
  let known = [...first];
  for (const each of steps) {
    switch (each.do) {
      case 'traffic':
        script.traffic(each.seconds, { headless: shaped(each.shape, known), kubewatch: even(ready, 7) });
        break;
      case 'add': {
        const fresh = pod(next++);
        script.event({ case: 'scaleAsked', value: { from: ready.length, to: ready.length + 1 } });
        script.podEvent('podAdded', fresh).wait(1_000).podEvent('podReady', fresh);
        ready = [...ready, fresh];
        script.slice(ready).wait(each.wait);
        if (!each.told) break;
        known = ready;
        script.resolved('headless', known.map(addressOf)).connected('headless', addressOf(fresh));
        script.picker('headless', known.map(addressOf));
        if (each.answered) script.firstAnswer('headless', fresh);
        break;
      }
      case 'remove': {
        const gone = ready[0];
        if (gone === undefined) break;
        ready = ready.slice(1);
        known = known.filter((one) => one.uid !== gone.uid);
        script.event({ case: 'deleteAsked', value: { pod: gone.name } }, { podUid: gone.uid });
        script.podEvent('podTerminating', { ...gone, terminating: true }).slice(ready);
        if (each.loses > 0) script.frame({ headless: [{ uid: gone.uid, failed: each.loses }, ...even(known, 7)] });
        script.resolved('headless', known.map(addressOf)).picker('headless', known.map(addressOf));
        script.wait(500).podEvent('podGone', { ...gone, phase: 'Gone' });
        break;
      }
      case 'stop':
      case 'start':
        script.event(
          { case: 'laneState', value: { state: each.do === 'stop' ? 'stopped' : 'running' } },
          { laneId: 'headless' },
        );
        break;
      case 'next':
        script.event({ case: 'nextTrigger', value: { kind: each.kind, reason: 'test' } }, { laneId: 'headless' });
    }
  }
  return { ready, known };
}

function shaped(shape: string, known: ReturnType<typeof pod>[]): PodCall[] {
  const [one, ...rest] = known;
  if (one === undefined || shape === 'nothing') return [];
  if (shape === 'one') return [{ uid: one.uid, answered: 20 }];
  if (shape === 'skewed') return [{ uid: one.uid, answered: 20 }, ...even(rest, 5)];
  if (shape === 'failing') return [{ uid: one.uid, answered: 6, failed: 4 }, ...even(rest, 7)];
  if (shape === 'dead') return known.map(({ uid }) => ({ uid, failed: 7 }));
  if (shape === 'slow') return [{ uid: one.uid, answered: 7, ms: 300 }, ...even(rest, 7)];
  return even(known, 7);
}

const isFull = process.env.LBSCOPE_TEST_FULL === '1';

describe('a verdict', () => {
  it('is never said of a run in which it is false', () => {
    const said = new Map<string, number>();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 10 }), (steps) => {
        const { script, pods } = fourLanes();
        const { ready } = live(script, pods, steps);
        const { run, now } = script;
        const { key, text, parts } = verdict(run, 'headless', now);
        const kind = key.split(':')[0] as string;
        said.set(kind, (said.get(kind) ?? 0) + 1);
        const lane = run.lanes.get('headless')!;
        const settled = settledScore(run, lane);
        const answered = (uid: string) => settled.pods.get(uid)?.answered ?? 0;
        const shares = ready.map(({ uid }) => answered(uid) / Math.max(1, settled.answered));
        const sent = (uid: string) => answered(uid) + (settled.pods.get(uid)?.failed ?? 0);
        const sharesSent = ready.map((pod) => sent(pod.uid) / ready.reduce((sum, { uid }) => sum + sent(uid), 0));
        const last = scoreSince(run, 'headless', run.clock - 1_000);
        expect(parts.map((part) => part.text).join('')).toBe(text);
        switch (kind) {
          case 'stopped':
            expect(lane.state).not.toBe('running');
            break;
          case 'fail':
            expect(last.answered).toBe(0);
            expect(last.failed).toBeGreaterThan(0);
            break;
          case 'no-pods':
          case 'none-ready':
          case 'none-ready-served':
            expect(ready).toEqual([]);
            break;
          case 'lost':
            expect([...lane.errors.values()].reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(firstNumber(text));
            if (key.endsWith(':even')) expect(spreadOf(shares)).toBeLessThan(0.35);
            break;
          case 'wait': {
            const missing = ready.filter(({ uid }) => (lane.pods.get(uid)?.calls ?? 0) === 0);
            expect(missing.length).toBeGreaterThan(0);
            if (text.includes('nothing triggers')) expect(lane.belief.nextKind).toBe('none');
            break;
          }
          case 'warming':
            expect(scoreOf(run, 'headless').answered).toBeLessThan(50);
            break;
          case 'erring':
            expect(settled.failed).toBeGreaterThanOrEqual(3);
            // Of the calls that were sent: a pod that fails all of its calls gets as many as the others.
            if (text.startsWith('Even')) expect(spreadOf(sharesSent)).toBeLessThan(0.35);
            break;
          case 'one':
            expect(ready).toHaveLength(1);
            break;
          case 'slow': {
            const means = [...scoreOf(run, 'headless').pods]
              .filter(([, one]) => one.answered >= 5)
              .map(([, one]) => one.meanMs);
            expect(Math.max(...means)).toBeGreaterThan(3 * Math.min(...means));
            break;
          }
          case 'missing': {
            const list = new Set(lane.belief.addresses);
            expect(ready.some((one) => !list.has(addressOf(one)))).toBe(true);
            break;
          }
          case 'uneven':
            expect(spreadOf(shares)).toBeGreaterThan(0.15);
            break;
          case 'even':
            expect(ready.length).toBeGreaterThan(1);
            expect(ready.every(({ uid }) => answered(uid) > 0)).toBe(true);
            expect(spreadOf(shares)).toBeLessThan(0.35);
            expect(last.failed).toBe(0);
            break;
          case 'again':
            expect(settled.answered).toBeLessThan(50);
            break;
          case 'removed':
          case 'asking':
            break;
          default:
            expect.fail(`nobody has written down when "${key}" is true: ${text}`);
        }
      }),
      { numRuns: isFull ? 1_500 : 100, seed: 7 },
    );
    // The lives are rich enough that most sentences were said at all.
    for (const kind of ['stopped', 'fail', 'lost', 'wait', 'even']) expect([...said.keys()]).toContain(kind);
  });
});

describe('the headline', () => {
  it('names pods that fail, and on which paths', () => {
    const { script, pods } = fourLanes();
    const failing = [{ uid: 'uid-2', answered: 6, failed: 4 }, ...even([pods[0]!, pods[2]!], 10)];
    script.traffic(10, {
      clusterip: [{ uid: 'uid-1', answered: 30 }],
      headless: failing,
      kubewatch: failing,
      envoy: failing,
    });
    expect(headline(script.run, script.now).text).toBe(
      'pod2 fails 40 % of its calls, on Headless DNS, kube-watch and Envoy.',
    );
    script.traffic(12, Object.fromEntries(Object.keys(lanes).map((id) => [id, even(pods)])));
    expect(headline(script.run, script.now).text).not.toContain('fails');
  });

  it('does not blame a pod for one lost call in a thousand', () => {
    const { script, pods } = fourLanes();
    const nearly = [{ uid: 'uid-2', answered: 500, failed: 1 }, ...even([pods[0]!, pods[2]!], 500)];
    script.traffic(10, { headless: nearly, kubewatch: nearly });
    expect(headline(script.run, script.now).text).not.toContain('fails');
  });
});

/** Largest distance from the even share, relative to it. */
function spreadOf(shares: readonly number[]): number {
  const fair = 1 / shares.length;
  return Math.max(...shares.map((share) => Math.abs(share - fair))) / fair;
}

function firstNumber(text: string): number {
  return Number(/\d+/.exec(text)?.[0] ?? 0);
}
