import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf, even, fourLanes, pod, Script } from './testkit.ts';
import { toMs } from './time.ts';
import {
  bandBins,
  beliefStrip,
  beliefWords,
  brackets,
  eventFlags,
  podLifelines,
  podRows,
  scorecard,
  tears,
} from './views.ts';

/** 3 -> 4, kube-watch at once, headless never; `slice` is the instant of the change. */
function grown() {
  const { script, pods } = fourLanes();
  const from = script.now;
  script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
  script
    .podEvent('podAdded', pod(4))
    .traffic(2, { headless: even(pods), kubewatch: even(pods), clusterip: [{ uid: 'uid-1', answered: 30 }] });
  script.frame({ headless: even(pods, 4), kubewatch: even(pods, 4), clusterip: [{ uid: 'uid-1', answered: 12 }] }, 80);
  const all = [...pods, pod(4)];
  const slice = script.now;
  script
    .podEvent('podReady', pod(4))
    .slice(all)
    .resolved('kubewatch', all.map(addressOf))
    .connected('kubewatch', addressOf(pod(4)));
  script.picker('kubewatch', all.map(addressOf)).firstAnswer('kubewatch', pod(4));
  script.frame({ headless: even(pods, 6), kubewatch: even(all, 4), clusterip: [{ uid: 'uid-1', answered: 18 }] }, 120);
  script.traffic(12, {
    headless: even(pods),
    kubewatch: even(all, 7),
    clusterip: [{ uid: 'uid-1', answered: 30 }],
    envoy: even(all, 7),
  });
  return { script, pods, all, from, slice };
}

describe('band', () => {
  it('is cut exactly where the membership changed, and straight on both sides', () => {
    const { script, from, slice } = grown();
    const bins = bandBins(script.run, 'kubewatch', from, script.now);
    const before = bins.filter((bin) => bin.to <= slice + 0.01);
    const after = bins.filter((bin) => bin.from >= slice - 0.01);
    expect(before.length + after.length).toBe(bins.length);
    expect(after[0]!.from).toBeCloseTo(slice, 3);
    for (const bin of before) expect(bin.shares.map((s) => s.value)).toEqual([1 / 3, 1 / 3, 1 / 3]);
    for (const bin of after)
      expect(bin.shares).toEqual(['uid-1', 'uid-2', 'uid-3', 'uid-4'].map((uid) => ({ uid, value: 0.25 })));
  });

  it('adds up: shares to one, calls and losses to what the frames counted', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(30), { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 40 }),
        (counts) => {
          const { script } = fourLanes();
          const from = script.now;
          for (const x of counts)
            script.frame({
              headless: x.map((answered, i) => ({ uid: `uid-${i + 1}`, answered, failed: answered % 2 })),
            });
          const bins = bandBins(script.run, 'headless', from, script.now);
          expect(bins.reduce((sum, bin) => sum + bin.calls, 0)).toBe(counts.flat().reduce((a, b) => a + b, 0));
          expect(bins.reduce((sum, bin) => sum + bin.failed, 0)).toBe(counts.flat().filter((n) => n % 2).length);
          for (const bin of bins) {
            const sum = bin.shares.reduce((a, s) => a + s.value, 0);
            expect(bin.calls === 0 ? bin.shares.length : Math.abs(sum - 1) < 1e-9).toBe(bin.calls === 0 ? 0 : true);
          }
          for (let i = 1; i < bins.length; i++) expect(bins[i]!.from).toBeGreaterThanOrEqual(bins[i - 1]!.to - 0.001);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('does not iron out what is really uneven over time', () => {
    const { script } = fourLanes();
    const from = script.now;
    script
      .traffic(3, { headless: [{ uid: 'uid-1', answered: 20 }] })
      .traffic(3, { headless: [{ uid: 'uid-2', answered: 20 }] });
    const bins = bandBins(script.run, 'headless', from, script.now);
    expect(bins[0]!.shares).toEqual([{ uid: 'uid-1', value: 1 }]);
    expect(bins.at(-1)!.shares).toEqual([{ uid: 'uid-2', value: 1 }]);
  });

  it('leaves a gap where no frame is', () => {
    const { script, pods } = fourLanes();
    const from = script.now;
    script.frame({ headless: even(pods) }, 100);
    script.wait(150).frame({ headless: even(pods) }, 100);
    expect(bandBins(script.run, 'headless', from, script.now)).toHaveLength(2);
  });
});

describe('tears', () => {
  it('group losses into bursts, with count, extent, class and exact instants', () => {
    const { script, pods } = fourLanes();
    const from = script.now;
    script.frame({ headless: [{ uid: 'uid-1', failed: 2 }, ...even(pods.slice(1))] });
    script.frame({ headless: [{ uid: 'uid-1', failed: 1 }, ...even(pods.slice(1))] });
    const burst = {
      errorClass: 'reset',
      count: 3,
      first: { seconds: BigInt(Math.floor((from + 50) / 1000)), nanos: ((from + 50) % 1000) * 1e6 },
      last: { seconds: BigInt(Math.floor((from + 250) / 1000)), nanos: ((from + 250) % 1000) * 1e6 },
    };
    script.event({ case: 'lossBurst', value: burst }, { laneId: 'headless' });
    script.traffic(2, { headless: even(pods.slice(1)) }).frame({ headless: [{ uid: '', failed: 20 }] });
    expect(tears(script.run, 'headless', from, script.now)).toMatchObject([
      { at: from + 50, until: from + 250, count: 3, extent: 'part', classes: { reset: 3 }, pods: { 'uid-1': 3 } },
      { count: 20, extent: 'all', pods: { '': 20 } },
    ]);
    expect(tears(script.run, 'kubewatch', from, script.now)).toEqual([]);
  });
});

describe('belief', () => {
  it('the strip is hatched from the slice on where nobody told, and not where somebody did', () => {
    const { script, from, slice } = grown();
    const strip = beliefStrip(script.run, 'headless', from, script.now);
    expect(strip.differs).toMatchObject([{ missing: 1, ghosts: 0 }]);
    expect(strip.differs[0]!.from).toBeCloseTo(slice, 3);
    expect(strip.differs[0]!.to).toBeCloseTo(script.now, 3);
    expect(strip.ticks).toEqual([]);
    const watch = beliefStrip(script.run, 'kubewatch', from, script.now);
    expect(watch.differs).toEqual([]);
    expect(watch.ticks).toHaveLength(1);
    expect(beliefStrip(script.run, 'clusterip', from, script.now)).toEqual({ differs: [], ticks: [] });
  });

  it('the hatching ends with the answer that told', () => {
    const { script, all, from, slice } = grown();
    script.resolved('headless', all.map(addressOf));
    const told = script.now;
    script.traffic(1, { headless: even(all) });
    const [piece, ...more] = beliefStrip(script.run, 'headless', from, script.now).differs;
    expect(more).toEqual([]);
    expect([piece!.from, piece!.to]).toEqual([expect.closeTo(slice, 2), expect.closeTo(told, 2)]);
  });

  it('rows tell used, idle, missing and ghost apart, in words', () => {
    const { script, all } = grown();
    expect(podRows(script.run, 'headless').at(-1)).toMatchObject({
      uid: 'uid-4',
      standing: 'missing',
      words: 'exists, but this client does not know',
    });
    expect(podRows(script.run, 'clusterip').map((row) => row.standing)).toEqual(['used', 'idle', 'idle', 'idle']);
    script
      .podEvent('podTerminating', pod(1, { terminating: true }))
      .slice(all.slice(1))
      .podEvent('podGone', pod(1));
    expect(podRows(script.run, 'headless')[0]).toMatchObject({
      standing: 'ghost',
      words: 'gone, but still on its list',
    });
    script.event(
      { case: 'disconnected', value: { reason: 'reset' } },
      { laneId: 'headless', connectionId: `headless-${addressOf(pod(1))}` },
    );
    expect(podRows(script.run, 'headless')[0]).toMatchObject({ standing: 'ghost', words: 'still listed, not used' });
  });

  it('says what it knows, how old that is and what comes next', () => {
    const { script } = grown();
    const plain = (text: string | undefined) => text?.replace(/[\u202f\u00a0]/g, ' ');
    expect(beliefWords(script.run, 'headless', script.now)).toMatchObject({
      statement: 'Knows 3 of 4',
      detail: '1 missing',
      source: 'DNS answer',
    });
    expect(plain(beliefWords(script.run, 'headless', script.now)!.age)).toMatch(/^\d+ s old$/);
    expect(beliefWords(script.run, 'kubewatch', script.now)).toMatchObject({
      statement: 'Knows 4 of 4',
      detail: 'up to date',
      age: 'live',
    });
    expect(beliefWords(script.run, 'clusterip', script.now)).toMatchObject({
      statement: 'Knows no pods',
      detail: 'one virtual IP',
    });
  });
});

describe('causes', () => {
  it('brackets: closed, open and counting, never', () => {
    const { script, from, slice } = grown();
    const one = (lane: string) => brackets(script.run, lane, from, script.now, script.now)[0]!;
    expect(one('kubewatch')).toMatchObject({ state: 'answered', label: '0\u202fms', podUids: ['uid-4'] });
    expect(one('kubewatch').stations.map((s) => s.name)).toEqual([
      'asked',
      'ready',
      'slice',
      'told',
      'connected',
      'in_picker',
      'first_call',
    ]);
    expect(one('headless')).toMatchObject({ state: 'open', to: undefined, label: '12\u202fs and counting' });
    expect(one('headless').from).toBeCloseTo(slice, 3);
    expect(one('clusterip')).toMatchObject({ state: 'never', label: 'never' });
    expect(brackets(script.run, 'headless', from - 50_000, slice - 1_000, script.now)).toEqual([]);
  });

  it('the slowest step is found among those after the slice', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
    script
      .podEvent('podAdded', pod(4))
      .wait(9_000)
      .podEvent('podReady', pod(4))
      .slice([...pods, pod(4)])
      .wait(3_862);
    script
      .resolved('envoy', [...pods, pod(4)].map(addressOf))
      .wait(38)
      .firstAnswer('envoy', pod(4));
    const [bracket] = brackets(script.run, 'envoy', script.now - 20_000, script.now, script.now);
    expect(bracket).toMatchObject({ slowest: 'told', label: '3.9\u202fs' });
  });

  it('flags that would collide are one flag', () => {
    const { script } = grown();
    const from = script.now - 60_000;
    script.event({ case: 'deleteAsked', value: { pod: 'pod1', gracePeriodSeconds: 0 } }, { podUid: 'uid-1' });
    script.podEvent('podTerminating', pod(1, { terminating: true }));
    expect(eventFlags(script.run, from, script.now + 1).map((flag) => [flag.titles, flag.line])).toEqual([
      [['Scaled 3 → 4'], 'solid'],
      [['pod1 deleted now'], 'dashed'],
    ]);
    expect(eventFlags(script.run, from, script.now + 1, 20_000)).toMatchObject([
      { titles: ['Scaled 3 → 4', 'pod1 deleted now'] },
    ]);
    expect(eventFlags(script.run, from, script.now)[0]!.detail.replace(/\u202f/g, ' ')).toBe(
      'asked 2.1 s before Ready',
    );
  });

  it('lifelines run from asked to ready to gone, with a cross where a pod crashed', () => {
    const { script, pods, slice } = grown();
    const from = script.now - 60_000;
    script
      .podEvent('podRestarted', pod(2, { incarnation: 1 }))
      .slice([pods[0]!, pods[2]!, pod(4)])
      .podEvent('podGone', pods[0]!);
    const end = script.now + 1;
    const lines = podLifelines(script.run, from, end);
    expect(lines.map((line) => line.uid)).toEqual(['uid-1', 'uid-2', 'uid-3', 'uid-4']);
    expect(lines[0]!.goneAt).toBeCloseTo(script.now, 2);
    expect(lines[1]!.crosses).toHaveLength(1);
    expect(lines[1]!.ready[0]!.to).toBeCloseTo(script.now, 2);
    expect(lines[3]!.ready).toMatchObject([{ to: undefined }]);
    expect(lines[3]!.ready[0]!.from).toBeCloseTo(slice, 2);
    expect(lines[3]!.askedAt).toBeLessThan(lines[3]!.ready[0]!.from);
  });
});

describe('scorecard', () => {
  const card = (script: Script) =>
    Object.fromEntries(scorecard(script.run, script.now).map((c) => [c.laneId, c.entries]));

  it('marks real differences, ties at the bad end together, and nothing where all are equal', () => {
    const { script } = grown();
    const { clusterip, headless, kubewatch, envoy } = card(script);
    expect(clusterip!.fairness).toMatchObject({ text: '0.25', mark: 'worst' });
    expect(kubewatch!.fairness).toMatchObject({ text: '1.00', mark: 'best' });
    expect(headless!.fairness.mark).toBeUndefined();
    expect(kubewatch!.fairness.label).toMatch(/^Jain, n 1\u202f\d{3}, random 0\.99/);
    expect(clusterip!.reaction).toMatchObject({ text: 'never', mark: 'worst' });
    expect(kubewatch!.reaction.mark).toBe('best');
    for (const lane of [clusterip, headless, kubewatch, envoy]) {
      expect(lane!.errors).toMatchObject({ text: '0', mark: undefined });
      expect(lane!.toRemoved.mark).toBeUndefined();
    }
  });

  it('reactions that differ by less than a turn are ties', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
    script
      .podEvent('podAdded', pod(4))
      .podEvent('podReady', pod(4))
      .slice([...pods, pod(4)]);
    script.wait(5).firstAnswer('kubewatch', pod(4)).wait(20).firstAnswer('headless', pod(4)).wait(10);
    script.firstAnswer('clusterip', pod(4)).firstAnswer('envoy', pod(4));
    for (const entries of Object.values(card(script))) expect(entries.reaction.mark).toBeUndefined();
  });

  it('says in words what it cannot measure', () => {
    const script = new Script().start().lane('headless');
    expect(card(script).headless).toMatchObject({
      fairness: { text: 'no calls', value: undefined },
      reaction: { text: 'no new pod' },
      latency: { text: 'no calls' },
    });
  });
});

it('views of a lane or a time that does not exist are empty', () => {
  const { script } = fourLanes();
  expect(bandBins(script.run, 'none', 0, script.now)).toEqual([]);
  expect(bandBins(script.run, 'headless', 0, toMs(script.run.frames[0]!.from))).toEqual([]);
  expect(podRows(script.run, 'none')).toEqual([]);
  expect(beliefWords(script.run, 'none', 0)).toBeUndefined();
});
