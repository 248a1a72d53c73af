import { describe, expect, it } from 'vitest';
import { toSnapshot } from '../run.ts';
import { addressOf, even, fourLanes, pod, type Script } from '../testkit.ts';
import { chainOfEvent, chainOfLine } from './chain.ts';
import { eventLines } from './events.ts';
import { statementOf } from './statement.ts';
import { stationTables } from './stations.ts';

/** 3 -> 5 (two pods); kube-watch told at once, Envoy after 3.9 s, headless and ClusterIP never. */
function scaled() {
  const { script, pods } = fourLanes();
  const fresh = [pod(4), pod(5)];
  const all = [...pods, ...fresh];
  const addresses = all.map(addressOf);
  const asked = script.event({ case: 'scaleAsked', value: { from: 3, to: 5 } });
  for (const p of fresh) script.podEvent('podAdded', p);
  script.wait(2_600);
  for (const p of fresh) script.podEvent('podReady', p);
  script.wait(3).slice(all);
  const slice = script.updates.at(-1)!.value;
  script.wait(1);
  const told = script.event(
    { case: 'resolved', value: { addresses, source: 'watch', trigger: 'watch', tookMs: 1, changed: true } },
    { laneId: 'kubewatch', resolutionId: 'w1', cause: slice.sequence },
  );
  script.wait(3);
  for (const p of fresh) script.connected('kubewatch', addressOf(p));
  script.picker('kubewatch', addresses).wait(1);
  for (const p of fresh) script.firstAnswer('kubewatch', p);
  script.wait(3_857).resolved('envoy', addresses).wait(31);
  for (const p of fresh) script.firstAnswer('envoy', p);
  script.traffic(10, {
    clusterip: [{ uid: 'uid-1', answered: 20 }],
    headless: even(pods),
    kubewatch: even(all, 4),
    envoy: even(all, 4),
  });
  return { script, asked, told };
}

const view = (script: Script) => {
  const snapshot = toSnapshot(script.run, script.now);
  return { snapshot, lines: eventLines(snapshot, 0) };
};
const plain = (text: string) => text.replace(/[\u202f\u00a0\u2009]/g, ' ');

describe('stations of a scale', () => {
  const { script } = scaled();
  const { snapshot, lines } = view(script);
  const [table] = stationTables(snapshot, lines.at(-1)!, script.now);
  const row = (id: string) => table!.rows.find((each) => each.laneId === id)!;

  it('are the same six on every path', () => {
    expect(table!.heads).toEqual(['scale asked', 'pod Ready', 'slice written', 'path told', 'connected', 'first call']);
    for (const each of table!.rows) {
      expect(each.stations).toHaveLength(6);
      expect(each.legs).toHaveLength(5);
    }
  });

  it('tell every gap, and where the time went', () => {
    expect(row('kubewatch').legs.map((leg) => plain(leg.label))).toEqual(['2 600 ms', '3 ms', '1 ms', '3 ms', '1 ms']);
    expect(row('kubewatch').stations.at(-1)?.state).toBe('last');
    expect(plain(row('kubewatch').result)).toBe('5 ms');
    const envoy = row('envoy');
    expect(envoy.legs.map((leg) => leg.longest)).toEqual([false, false, true, false, false]);
    expect(plain(envoy.legs[2]!.label)).toBe('3 862 ms');
    expect(plain(envoy.result)).toBe('3.9 s');
    // A proxy's connections are not the client's: that station is passed over, not missing.
    expect(envoy.stations.map((each) => each.state)).toEqual([
      'reached',
      'reached',
      'reached',
      'reached',
      'passed',
      'last',
    ]);
  });

  it('say what is waited for, or that nothing can end it', () => {
    const headless = row('headless');
    expect(headless.stations.map((each) => each.state)).toEqual([
      'reached',
      'reached',
      'reached',
      'open',
      'open',
      'open',
    ]);
    expect(headless.legs[2]).toMatchObject({ words: 'Nothing pending, all connected', longest: true });
    expect(plain(headless.legs[2]!.label)).toMatch(/^13 893 ms \+$/);
    expect(plain(headless.result)).toBe('14 s +');
    const clusterip = row('clusterip');
    expect(clusterip.result).toBe('never');
    expect(clusterip.stations[3]?.state).toBe('passed');
    expect(clusterip.legs[2]?.words).toBe('not observable');
    expect(clusterip.stations[5]?.state).toBe('never');
  });

  it('never sum to more than the reaction', () => {
    for (const each of table!.rows) {
      const known = each.legs.slice(2).reduce((sum, leg) => sum + (leg.ms ?? 0), 0);
      const story = lines
        .at(-1)!
        .changes[0]!.stories.find((s) => s.laneId === each.laneId && s.podUid === each.podUid)!;
      if (story.reactionMs !== undefined) expect(known).toBeCloseTo(story.reactionMs, 3);
    }
  });
});

describe('stations of a removal', () => {
  it('tell when each path let go, and what it cost', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'deleteAsked', value: { pod: pods[0]!.name } }, { podUid: 'uid-1' });
    script
      .podEvent('podTerminating', pod(1, { terminating: true }))
      .wait(5)
      .slice(pods.slice(1))
      .wait(2);
    script.resolved('kubewatch', pods.slice(1).map(addressOf)).picker('kubewatch', pods.slice(1).map(addressOf));
    script.frame({ headless: [{ uid: 'uid-1', failed: 3, toRemoved: 2 }], kubewatch: even(pods.slice(1)) });
    const { snapshot, lines } = view(script);
    const [table] = stationTables(snapshot, lines.at(-1)!, script.now);
    expect(table).toMatchObject({
      direction: 'removed',
      whose: 'pod1',
      heads: ['delete asked', 'left the slice', 'path told', 'out of the picker'],
    });
    const row = (id: string) => table!.rows.find((each) => each.laneId === id)!;
    expect(row('headless').result).toBe('3 lost, 2 sent');
    expect(row('kubewatch').result).toBe('0 lost, 0 sent');
    expect(row('kubewatch').stations[3]?.atMs).toBeDefined();
    expect(row('headless').stations[2]?.state).toBe('open');
  });
});

describe('what an event brought about', () => {
  const { script, asked, told } = scaled();
  const { snapshot, lines } = view(script);
  const line = lines.at(-1)!;

  it('is its pods, and the messages that told of them', () => {
    const chain = chainOfLine(snapshot, line);
    expect([...chain.uids].sort()).toEqual(['uid-4', 'uid-5']);
    expect(chain.sequences.has(asked.sequence)).toBe(true);
    expect(chain.sequences.has(told.sequence)).toBe(false);
    expect(chain.fromMs).toBeCloseTo(script.now - 10_000 - 31 - 3_857 - 1 - 3 - 1 - 3 - 2_600, 1);
  });

  it('follows causes forth and back', () => {
    const { script } = scaled();
    const { snapshot, lines } = view(script);
    const slice = snapshot.events.findLast((event) => event.kind.case === 'sliceChanged')!;
    const ready = snapshot.events.findLast((event) => event.kind.case === 'podReady')!;
    slice.cause = ready.sequence;
    const message = snapshot.events.find((event) => event.resolutionId === 'w1')!;
    const chain = chainOfEvent(snapshot, message, lines);
    expect(chain.sequences.has(ready.sequence)).toBe(true);
    expect(chain.told.get('kubewatch')).toHaveLength(1);
    expect(chain.told.get('envoy')).toBeUndefined();
    expect([...chain.lines]).toEqual([lines.at(-1)!.key]);
    // The whole change, by its line: now the message belongs to it.
    expect(chainOfLine(snapshot, lines.at(-1)!).sequences.has(message.sequence)).toBe(true);
  });

  it('of a change leaves out what another one did', () => {
    const { script } = scaled();
    script.event({ case: 'scaleAsked', value: { from: 5, to: 4 } });
    script.podEvent('podTerminating', pod(1, { terminating: true }));
    const { snapshot, lines } = view(script);
    expect(lines).toHaveLength(2);
    expect(chainOfLine(snapshot, lines[0]!).uids.has('uid-1')).toBe(false);
    expect([...chainOfLine(snapshot, lines[1]!).uids]).toEqual(['uid-1']);
  });
});

describe('event lines', () => {
  it('of a rollout are one span, however long it takes', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'rolloutAsked', value: {} });
    pods.forEach((old, i) => {
      const fresh = pod(i + 4);
      script.podEvent('podAdded', fresh).wait(2_000).podEvent('podReady', fresh);
      script.slice([...pods.slice(i), ...[4, 5, 6].slice(0, i + 1).map((n) => pod(n))]);
      script.podEvent('podTerminating', { ...old, terminating: true }).wait(1_000);
    });
    const { lines } = view(script);
    expect(lines).toHaveLength(1);
    expect(lines[0]!.untilMs - lines[0]!.atMs).toBeGreaterThan(5_900);
  });

  it('that nobody could tell apart on the screen are one', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'behaviorAsked', value: { pod: 'pod1', crash: true } }, { podUid: 'uid-1' });
    script.wait(10_000).event({ case: 'deleteAsked', value: { pod: pods[1]!.name } }, { podUid: 'uid-2' });
    const snapshot = toSnapshot(script.run, script.now);
    expect(eventLines(snapshot, 0, 100)).toHaveLength(2);
    const [one, ...none] = eventLines(snapshot, 0, 4_000);
    expect(none).toEqual([]);
    expect(one?.title).toBe('2 changes');
    expect(one?.changes).toHaveLength(2);
  });
});

describe('statementOf', () => {
  it('stays while only numbers move', () => {
    const a = statementOf('New pods have idled for 47 s: nothing triggers a lookup.');
    expect(statementOf('New pods have idled for 1.5 s: nothing triggers a lookup.')).toBe(a);
    expect(statementOf('New pod has idled for 47 s: nothing triggers a lookup.')).not.toBe(a);
  });
});
