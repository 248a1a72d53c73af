import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toSnapshot } from '../run.ts';
import { addressOf, even, fourLanes, pod, Script } from '../testkit.ts';
import { toMs } from '../time.ts';
import { beliefWords } from './belief-words.ts';
import { eventLines } from './events.ts';
import { laneData } from './lane.ts';
import { lifelines } from './lifelines.ts';
import { rowsOf } from './rows.ts';
import { scorecards } from './scorecard.ts';
import { watchRule } from './watch-rule.ts';

/** 3 -> 4 and 12 s on: kube-watch told at once, headless and ClusterIP never. */
function grown() {
  const { script, pods } = fourLanes();
  script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
  script.podEvent('podAdded', pod(4)).traffic(2, { headless: even(pods), kubewatch: even(pods) });
  const all = [...pods, pod(4)];
  const slice = script.now;
  script
    .podEvent('podReady', pod(4))
    .slice(all)
    .resolved('kubewatch', all.map(addressOf))
    .connected('kubewatch', addressOf(pod(4)))
    .picker('kubewatch', all.map(addressOf))
    .firstAnswer('kubewatch', pod(4));
  script.traffic(12, {
    clusterip: [{ uid: 'uid-1', answered: 30 }],
    headless: even(pods),
    kubewatch: even(all, 7),
    envoy: even(all, 7),
  });
  return { script, pods, all, slice };
}

function view(script: Script, id: string) {
  const snapshot = toSnapshot(script.run, script.now);
  const lane = snapshot.lanes.find((each) => each.id === id)!;
  const lines = eventLines(snapshot, 0);
  return { snapshot, lane, lines, data: laneData(snapshot, lane, lines, script.now) };
}

const rows = (script: Script, id: string) => {
  const { snapshot, lane } = view(script, id);
  return rowsOf(lane, snapshot, { available: 1_000, most: 20, least: 14 }).groups.flatMap((group) =>
    group.kind === 'pod' ? [group.row] : group.rows,
  );
};

const plain = (text: string) => text.replace(/[\u202f\u00a0]/g, ' ');

describe('brackets', () => {
  it('are closed, open and counting, or never end', () => {
    const { script, slice } = grown();
    const one = (id: string) => view(script, id).data.brackets.at(-1)!;
    expect(one('kubewatch')).toMatchObject({ state: 'answered', label: '0\u202fms' });
    expect(one('headless')).toMatchObject({ state: 'open', toMs: undefined, label: '12\u202fs and counting' });
    expect(one('headless').fromMs).toBeCloseTo(slice, 2);
    expect(one('clusterip')).toMatchObject({ state: 'never', label: 'never' });
  });

  it('say where the time went', () => {
    const { script, pods } = fourLanes();
    const all = [...pods, pod(4)];
    script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
    script.podEvent('podAdded', pod(4)).wait(9_000).podEvent('podReady', pod(4)).slice(all).wait(3_862);
    script.resolved('envoy', all.map(addressOf)).wait(38).firstAnswer('envoy', pod(4));
    const bracket = view(script, 'envoy').data.brackets.at(-1)!;
    expect(plain(bracket.label)).toBe('3.9 s');
    expect(bracket.steps.map(({ name, ms }) => [name, Math.round(ms)])).toEqual([
      ['Envoy', 3_862],
      ['call', 38],
    ]);
  });
});

describe('the bracket of a ClusterIP', () => {
  it('ends with the pod that a new connection drew, and says which', () => {
    const { script, pods } = fourLanes();
    const all = [...pods, pod(4), pod(5)];
    script.event({ case: 'scaleAsked', value: { from: 3, to: 5 } });
    for (const p of all.slice(3)) script.podEvent('podAdded', p);
    for (const p of all.slice(3)) script.podEvent('podReady', p);
    script.slice(all).traffic(20, { clusterip: [{ uid: 'uid-1', answered: 20 }] });
    expect(view(script, 'clusterip').data.brackets.at(-1)).toMatchObject({ state: 'never' });
    script.firstAnswer('clusterip', pod(5)).traffic(2, { clusterip: [{ uid: 'uid-5', answered: 20 }] });
    expect(view(script, 'clusterip').data.brackets.at(-1)).toMatchObject({
      state: 'answered',
      label: '20\u202fs',
      note: 'a new connection drew pod5, not the other',
    });
  });
});

describe('event lines', () => {
  it('are solid for what comes and dashed for what goes', () => {
    const { script } = grown();
    script.event({ case: 'deleteAsked', value: { pod: 'pod1', gracePeriodSeconds: 0 } }, { podUid: 'uid-1' });
    script.podEvent('podTerminating', pod(1, { terminating: true }));
    const { lines } = view(script, 'headless');
    expect(lines.map(({ title, dashed }) => [plain(title), dashed])).toEqual([
      ['Scaled 3 → 4', false],
      ['pod1 deleted now', true],
    ]);
    expect(plain(lines[0]!.detail)).toBe('asked 2.0 s before Ready');
  });
});

describe('belief strip', () => {
  it('is hatched from the slice to the answer that told, or to now', () => {
    const { script, all, slice } = grown();
    expect(view(script, 'headless').data.belief.differs).toEqual([
      { fromMs: expect.closeTo(slice, 2), toMs: undefined },
    ]);
    expect(view(script, 'kubewatch').data.belief.differs).toEqual([]);
    expect(view(script, 'clusterip').data.belief).toEqual({ differs: [], ticks: [] });
    script.resolved('headless', all.map(addressOf));
    const told = script.now;
    script.traffic(1, { headless: even(all) });
    expect(view(script, 'headless').data.belief.differs).toEqual([
      { fromMs: expect.closeTo(slice, 2), toMs: expect.closeTo(told, 2) },
    ]);
  });

  it('an answer that takes the list away makes it differ at once', () => {
    const { script } = fourLanes();
    const at = script.now;
    const value = { source: 'dns', trigger: 'connection lost', code: 'NXDOMAIN', message: '', effect: 'dropped' };
    script.event({ case: 'resolutionFailed', value }, { laneId: 'headless' });
    script.wait(500);
    const { differs, ticks } = view(script, 'headless').data.belief;
    expect(differs.at(-1)).toEqual({ fromMs: expect.closeTo(at, 2), toMs: undefined });
    expect(ticks.at(-1)).toBeCloseTo(at, 2);
  });
});

describe('rows', () => {
  it('tell used, idle, missing and ghost apart, in words, newest on top', () => {
    const { script, all } = grown();
    expect(rows(script, 'headless')[0]).toMatchObject({ standing: 'missing', words: 'Exists, not known here' });
    expect(rows(script, 'clusterip').map((row) => row.standing)).toEqual(['idle', 'idle', 'idle', 'used']);
    const gone = pod(1, { terminating: true });
    script.podEvent('podTerminating', gone).slice(all.slice(1)).podEvent('podGone', pod(1));
    expect(rows(script, 'headless').at(-1)).toMatchObject({ standing: 'ghost', words: 'Gone, still listed' });
    const connectionId = `headless-${addressOf(pod(1))}`;
    script.event({ case: 'disconnected', value: { reason: 'reset' } }, { laneId: 'headless', connectionId });
    expect(rows(script, 'headless').at(-1)).toMatchObject({ standing: 'ghost', words: 'Still listed, not used' });
  });

  it('fold what is idle before what is used', () => {
    const { script } = grown();
    for (let n = 5; n <= 10; n++) script.podEvent('podAdded', pod(n)).podEvent('podReady', pod(n));
    script.slice(Array.from({ length: 10 }, (_, i) => pod(i + 1)));
    const { snapshot, lane } = view(script, 'clusterip');
    const { groups } = rowsOf(lane, snapshot, { available: 80, most: 19, least: 14 });
    expect(groups.map((group) => (group.kind === 'fold' ? `${group.rows.length} ${group.standing}` : 'pod'))).toEqual([
      '9 idle',
      'pod',
    ]);
  });

  it('of those alike the same ones fold in each report, whatever chance makes of their shares', () => {
    const all = Array.from({ length: 30 }, (_, i) => pod(i + 1));
    const folded = (turn: number) => {
      const { script } = grown();
      for (const each of all.slice(4)) script.podEvent('podAdded', each).podEvent('podReady', each);
      script.slice(all).resolved('kubewatch', all.map(addressOf)).picker('kubewatch', all.map(addressOf));
      script.traffic(12, { kubewatch: all.map(({ uid }, i) => ({ uid, answered: 10 + ((i * 7 + turn) % 3) })) });
      const { snapshot, lane } = view(script, 'kubewatch');
      const { groups } = rowsOf(lane, snapshot, { available: 140, most: 19, least: 14 });
      return groups.flatMap((group) => (group.kind === 'fold' ? group.rows.map((row) => row.handle) : []));
    };
    expect(folded(0).length).toBeGreaterThan(15);
    expect(folded(1)).toEqual(folded(0));
    expect(folded(2)).toEqual(folded(0));
  });
});

describe('belief words', () => {
  const words = (script: Script, id: string) => {
    const { snapshot, lane } = view(script, id);
    return beliefWords(snapshot, lane, script.now);
  };

  it('say what it knows, how old that is and what comes next', () => {
    const { script } = grown();
    const headless = words(script, 'headless');
    expect(plain(headless.knows)).toBe('Knows 3 of 4');
    expect(headless.differs).toBe('1 missing');
    expect(plain(headless.age)).toMatch(/^\d+ s old$/);
    expect(headless.next.long).toBe('Nothing pending, every connection is healthy');
    const watch = words(script, 'kubewatch');
    expect([plain(watch.knows), watch.differs, watch.age]).toEqual(['Knows 4 of 4', 'up to date', 'Live']);
    expect(words(script, 'clusterip')).toMatchObject({
      knows: 'Knows no pods',
      differs: 'one virtual IP',
      brief: 'one virtual IP',
      briefest: 'one IP',
    });
  });

  it('count no pods where none of the addresses ever was one', () => {
    const { script } = fourLanes();
    script.resolved('headless', ['10.9.9.9:50051', '10.9.9.8:50051']);
    expect(words(script, 'headless')).toMatchObject({ knows: 'Knows 2 addresses', differs: 'no pods of this run' });
  });

  it('never compare with a truth that is lost', () => {
    const { script } = grown();
    script.event({
      case: 'watchState',
      value: { watcher: 'truth', resource: 'pods', state: 'lost', message: 'refused' },
    });
    expect(words(script, 'headless')).toMatchObject({ knows: 'Knows 3', differs: 'which exist is unknown' });
  });

  it('count down to a lookup, whenever its reason was written', () => {
    const { script } = grown();
    const at = { seconds: BigInt(Math.floor((script.now + 23_400) / 1_000)), nanos: 0 };
    const reason = 'in 30 s: at most one lookup per 30 s';
    script.event({ case: 'nextTrigger', value: { kind: 'timer', reason, at } }, { laneId: 'headless' });
    const { long, short } = words(script, 'headless').next;
    expect(plain(short)).toBe(
      `Next lookup in ${Math.floor((toMs({ ...at, $typeName: 'google.protobuf.Timestamp' }) - script.now) / 1_000)} s`,
    );
    expect(plain(long)).toBe(`${plain(short)}: at most one lookup per 30 s`);
  });
});

describe('lifelines', () => {
  it('run from added to ready to gone, with a cross where a pod crashed', () => {
    const { script, pods, slice } = grown();
    script.podEvent('podRestarted', pod(2, { incarnation: 1 }));
    script.slice([pods[0]!, pods[2]!, pod(4)]).podEvent('podGone', pods[0]!);
    const lines = lifelines(toSnapshot(script.run, script.now));
    expect(lines.map((line) => line.pod.uid)).toEqual(['uid-1', 'uid-2', 'uid-3', 'uid-4']);
    expect(lines[0]!.toMs).toBeCloseTo(script.now, 2);
    expect(lines[1]!.crosses).toHaveLength(1);
    expect(lines[1]!.ready[0]!.toMs).toBeCloseTo(script.now, 2);
    expect(lines[3]!.ready).toEqual([{ fromMs: expect.closeTo(slice, 2), toMs: undefined }]);
    expect(lines[3]!.fromMs).toBeLessThan(slice);
  });
});

describe('scorecards', () => {
  const cards = (script: Script) => {
    const snapshot = toSnapshot(script.run, script.now);
    const lines = eventLines(snapshot, 0);
    const latest = new Map(
      snapshot.lanes.map((lane) => [lane.id, laneData(snapshot, lane, lines, script.now).brackets.at(-1)]),
    );
    const found = scorecards(snapshot.lanes, latest);
    return (lane: string, key: string) => found.get(lane)!.find((entry) => entry.key === key)!;
  };

  it('mark real differences, and nothing where all are equal', () => {
    const entry = cards(grown().script);
    expect(entry('clusterip', 'jain')).toMatchObject({ value: '0.25', mark: 'worst' });
    expect(entry('clusterip', 'reaction')).toMatchObject({ value: 'never', mark: 'worst' });
    // As fast as Envoy here: two at the good end, so nobody is best.
    expect(entry('kubewatch', 'reaction').mark).toBeUndefined();
    expect(entry('headless', 'reaction').mark).toBeUndefined();
    for (const lane of ['clusterip', 'headless', 'kubewatch', 'envoy']) {
      expect(entry(lane, 'errors')).toMatchObject({ value: '0', mark: undefined });
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
    const entry = cards(script);
    for (const lane of ['clusterip', 'headless', 'kubewatch', 'envoy'])
      expect(entry(lane, 'reaction').mark).toBeUndefined();
  });

  it('show a dash for what cannot be measured', () => {
    const entry = cards(new Script().start().lane('headless'));
    for (const key of ['jain', 'reaction', 'latency']) expect(entry('headless', key).value).toBe('–');
  });
});

describe('the rule of a forbidden watch', () => {
  const ruled = (id: 'kubewatch' | 'envoy', reason: string, code = '') => {
    const { script } = fourLanes();
    script.event({ case: 'laneState', value: { state: 'unavailable', reason, code } }, { laneId: id });
    const { snapshot, lane } = view(script, id);
    return watchRule(snapshot, lane);
  };

  it('is a Role that parses and grants what a watch needs, in the namespace that refused', () => {
    const rule = ruled('kubewatch', 'not allowed to list endpointslices in namespace team-a', 'forbidden');
    expect(parse(rule!)).toMatchObject({
      kind: 'Role',
      metadata: { namespace: 'team-a' },
      rules: [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] }],
    });
  });

  it('is not offered for any other trouble', () => {
    expect(ruled('kubewatch', 'the API server does not answer')).toBeUndefined();
    // The field decides, not the words.
    expect(ruled('kubewatch', 'not allowed to wait any longer', 'no_answer')).toBeUndefined();
    expect(ruled('envoy', 'nothing answers at greeter-envoy:10000')).toBeUndefined();
  });
});
