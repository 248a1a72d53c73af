import { describe, expect, it } from 'vitest';
import { toSnapshot } from '../../run.ts';
import { addressOf, even, fourLanes, pod, type Script } from '../../testkit.ts';
import { eventLines } from '../events.ts';
import { laneSlices } from '../frames.ts';
import { laneData } from '../lane.ts';
import { scorecards } from '../scorecard.ts';
import { chainOf, chainTitle } from './chain.ts';
import { storyColours } from './colours.ts';
import { defaultView } from './default-view.ts';
import { flows, rateNow } from './flow.ts';
import { sceneOf } from './scene.ts';
import { chosenLanes, sidesOf } from './sides.ts';
import { compact, tallyCells, tallyHeads } from './tally.ts';
import { captionOf, cornerWords, markWords, percentOf, perSecondOf, pictureWords, truthWords } from './words.ts';

function view(script: Script) {
  const snapshot = toSnapshot(script.run, script.now);
  const lines = eventLines(snapshot, 0);
  const data = new Map(snapshot.lanes.map((lane) => [lane.id, laneData(snapshot, lane, lines, script.now)]));
  const scene = sceneOf(snapshot, snapshot.lanes, script.now);
  const corner = (id: string, uid: string) => scene.lanes.find((lane) => lane.id === id)!.corners.get(uid)!;
  return { snapshot, lines, data, scene, corner };
}

/** 3 -> 5, 12 s ago: kube-watch told at once; ClusterIP pinned to the first. */
function grown() {
  const { script, pods } = fourLanes();
  script.event({ case: 'scaleAsked', value: { from: 3, to: 5 } });
  const fresh = [pod(4), pod(5)];
  for (const each of fresh) script.podEvent('podAdded', each);
  script.traffic(2, { headless: even(pods), kubewatch: even(pods) });
  const all = [...pods, ...fresh];
  for (const each of fresh) script.podEvent('podReady', each);
  script.slice(all).resolved('kubewatch', all.map(addressOf)).picker('kubewatch', all.map(addressOf));
  for (const each of fresh) script.connected('kubewatch', addressOf(each)).firstAnswer('kubewatch', each);
  script.traffic(12, {
    clusterip: [{ uid: 'uid-1', answered: 20 }],
    headless: even(pods, 5),
    kubewatch: even(all, 4),
    envoy: even(pods, 5),
  });
  return { script, pods, all };
}

describe('corners', () => {
  it('are four different things: used, known but not chosen, missing, ghost', () => {
    const { script, pods } = grown();
    const { corner } = view(script);
    expect(corner('clusterip', 'uid-1')).toMatchObject({ state: 'used' });
    expect(corner('clusterip', 'uid-1').share).toBe(1);
    expect(corner('clusterip', 'uid-1').perSecond).toBeCloseTo(100, 0);
    expect(corner('clusterip', 'uid-4').state).toBe('idle');
    expect(corner('headless', 'uid-4').state).toBe('missing');
    expect(corner('kubewatch', 'uid-4')).toMatchObject({ state: 'used' });
    expect(corner('kubewatch', 'uid-4').share).toBeCloseTo(0.2, 2);
    script.slice([...pods.slice(1), pod(4), pod(5)]).podEvent('podGone', pods[0]!);
    expect(view(script).corner('headless', 'uid-1').state).toBe('ghost');
    expect(view(script).corner('kubewatch', 'uid-1').state).toBe('ghost');
    script.resolved('kubewatch', [...pods.slice(1), pod(4), pod(5)].map(addressOf));
    expect(view(script).corner('kubewatch', 'uid-1').state).toBe('gone');
  });

  it('says each in words of its own', () => {
    const { script } = grown();
    const { corner } = view(script);
    const words = [
      cornerWords(corner('clusterip', 'uid-4'), true).long,
      cornerWords(corner('headless', 'uid-4'), false).long,
      cornerWords({ ...corner('headless', 'uid-4'), state: 'ghost' }, false).long,
      cornerWords(corner('headless', 'uid-1'), false).long,
    ];
    expect(new Set(words).size).toBe(4);
    expect(words[0]).toBe('not chosen');
  });
});

describe('flows', () => {
  it('cut a pod that ended at once, whatever it answered before', () => {
    const { script, pods } = grown();
    script.podEvent('podGone', pods[0]!);
    expect(view(script).corner('headless', 'uid-1').perSecond).toBe(0);
    expect(view(script).corner('headless', 'uid-2').perSecond).toBeGreaterThan(0);
  });

  it('cut a pod whose newest calls all failed', () => {
    const { script } = grown();
    script.frame({
      headless: [
        { uid: 'uid-1', answered: 0, failed: 5 },
        { uid: 'uid-2', answered: 5 },
      ],
    });
    const { snapshot, data } = view(script);
    const found = flows(laneSlices(snapshot.bins, 'headless'), data.get('headless')!.stretches, new Set());
    expect(found.has('uid-1')).toBe(false);
    expect(found.has('uid-2')).toBe(true);
    expect(view(script).corner('headless', 'uid-1')).toMatchObject({ lost: 5, lostNow: 5 });
  });

  it('stop when nothing is answered any more', () => {
    const { script } = grown();
    for (let i = 0; i < 10; i += 1) script.frame({ clusterip: [], headless: [] }, 200, 0);
    expect(view(script).corner('clusterip', 'uid-1').perSecond).toBe(0);
  });

  it('measure the rate while calls are asked for, not over a pause', () => {
    const { script } = fourLanes();
    for (let i = 0; i < 30; i += 1) script.frame({ headless: [] }, 200, 0);
    script.traffic(1, { headless: [{ uid: 'uid-1', answered: 20 }] });
    const { snapshot } = view(script);
    expect(rateNow(laneSlices(snapshot.bins, 'headless'))).toBeGreaterThan(90);
  });
});

describe('pods', () => {
  it('tell what they are: new, outlined at first, told to be slow, leaving, gone', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
    script
      .podEvent('podAdded', pod(4))
      .wait(500)
      .podEvent('podReady', pod(4))
      .slice([...pods, pod(4)])
      .wait(2_000);
    const of = (uid: string) => view(script).scene.pods.find((each) => each.uid === uid)!;
    expect(of('uid-4')).toMatchObject({ state: 'ready', fresh: true, outlined: true });
    expect(of('uid-1')).toMatchObject({ state: 'ready', fresh: false, outlined: false });
    script.wait(10_000);
    expect(of('uid-4')).toMatchObject({ fresh: true, outlined: false });
    script.event(
      { case: 'podTerminating', value: { pod: pod(1, { terminating: true, ready: false }), gracePeriodSeconds: 30 } },
      { podUid: 'uid-1' },
    );
    script.wait(10_000);
    expect(of('uid-1').state).toBe('leaving');
    expect(of('uid-1').graceLeft).toBeCloseTo(2 / 3, 1);
    script.event({ case: 'podGone', value: { pod: pod(1, { phase: 'Gone', ready: false }) } }, { podUid: 'uid-1' });
    expect(of('uid-1').state).toBe('gone');
  });

  it('are told in one line over them', () => {
    const { script } = grown();
    expect(truthWords(view(script).scene).strong.replaceAll('\u00a0', ' ')).toBe('5 pods Ready, 2 new');
    expect(truthWords({ ...view(script).scene, pods: [] }).strong).toBe('no pod');
  });
});

describe('sides', () => {
  it('are left those that ask once, right those that keep asking', () => {
    const { script } = grown();
    const { scene } = view(script);
    expect(scene.lanes.map((lane) => [lane.id, lane.side])).toEqual([
      ['clusterip', 'near'],
      ['headless', 'near'],
      ['kubewatch', 'far'],
      ['envoy', 'far'],
    ]);
    expect(scene.sides.near).not.toBe('');
  });

  it('hold three at most; a side that is mixed says nothing over it', () => {
    const { script } = fourLanes();
    const [first] = view(script).snapshot.lanes;
    const many = Array.from({ length: 5 }, (_, i) => ({ ...first!, id: `l${i}` }));
    const sides = sidesOf(many);
    expect([...sides.of.values()].filter((side) => side === 'near')).toHaveLength(3);
    expect(sides.far).toBe('');
    expect(chosenLanes([...many, ...many.map((lane) => ({ ...lane, id: `${lane.id}b` }))], [])).toHaveLength(6);
    expect(chosenLanes(many, ['l3', 'l1', 'none']).map((lane) => lane.id)).toEqual(['l3', 'l1']);
  });
});

describe('the chain', () => {
  it('has five stations with gaps that add up, and stops where the lane is stuck', () => {
    const { script } = grown();
    const { snapshot, lines } = view(script);
    const line = lines.at(-1)!;
    expect(chainTitle(line).heads).toHaveLength(5);
    const chain = (id: string) => chainOf(snapshot.lanes.find((lane) => lane.id === id)!, line)!;
    expect(chain('kubewatch').end).toBe('arrived');
    expect(chain('kubewatch').stations.every((each) => each.state === 'passed')).toBe(true);
    const passed = chain('kubewatch').stations.map((each) => each.atMs ?? 0);
    const gaps = chain('kubewatch').stations.reduce((sum, each) => sum + (each.gapMs ?? 0), 0);
    expect(gaps).toBeCloseTo(Math.max(...passed) - passed[0]!, 3);
    expect(chain('headless').end).toBe('waiting');
    expect(chain('headless').stations.map((each) => each.state)).toEqual([
      'passed',
      'passed',
      'ahead',
      'ahead',
      'ahead',
    ]);
    expect(chain('clusterip').end).toBe('never');
  });

  it('of a removal tells when the lane let go, and what it cost', () => {
    const { script, pods } = grown();
    script.event({ case: 'deleteAsked', value: { pod: pods[0]!.name, gracePeriodSeconds: 0 } }, { podUid: 'uid-1' });
    script.wait(5).slice([...pods.slice(1), pod(4), pod(5)]);
    script.wait(2).resolved('kubewatch', [...pods.slice(1), pod(4), pod(5)].map(addressOf));
    script.wait(3).picker('kubewatch', [...pods.slice(1), pod(4), pod(5)].map(addressOf));
    const { snapshot, lines } = view(script);
    const chain = chainOf(snapshot.lanes.find((lane) => lane.id === 'kubewatch')!, lines.at(-1)!)!;
    expect(chain.end).toBe('arrived');
    expect(chain.stations.at(-1)?.gapMs).toBeCloseTo(3, 3);
    expect(chain.words).toBe('none lost');
  });
});

describe('colours', () => {
  it('are those of the run up to eight pods; with more only the story has some', () => {
    const { script } = grown();
    const { scene } = view(script);
    expect([...storyColours(scene).values()]).toEqual(scene.pods.map((each) => each.slot));
    const many = {
      ...scene,
      ready: 12,
      pods: Array.from({ length: 12 }, (_, i) => ({
        ...scene.pods[0]!,
        uid: `uid-${i + 1}`,
        slot: i < 8 ? i + 1 : 0,
        fresh: i > 9,
      })),
    };
    const slots = storyColours(many);
    // Pinned by ClusterIP.
    expect(slots.get('uid-1')).toBe(1);
    expect(slots.get('uid-6')).toBe(0);
    expect(slots.get('uid-11')).toBe(slots.get('uid-12'));
    expect(slots.get('uid-11')).not.toBe(0);
    expect(storyColours(many, 'uid-6').get('uid-6')).not.toBe(0);
    expect(new Set([...slots.values()].filter((slot) => slot > 0)).size).toBeLessThanOrEqual(8);
  });
});

describe('words', () => {
  it('tell the picture to those who cannot see it: what it shows now', () => {
    const { script } = grown();
    const words = pictureWords(view(script).scene).replace(/[\u00a0\u202f]/g, ' ');
    expect(words).toContain('5 pods Ready');
    expect(words).toMatch(/ClusterIP: p?\S* ?answers all 100 calls per second; did not choose/);
    expect(words).toMatch(/kube-watch: 5 pods answer 100 calls per second, about 20 percent each/);
    expect(words).toMatch(/Headless DNS: .*does not know/);
  });

  it('are short where numbers are', () => {
    expect([0, 0.004, 0.333, 1].map(percentOf)).toEqual(['0', '<1', '33', '100']);
    expect([0, 2.5, 3, 33.4, 12_345].map(perSecondOf)).toEqual(['0', '2.5', '3', '33', '12\u2009345']);
    expect(markWords(1, 'unary')).toBe('');
    expect(markWords(5, 'unary')).toBe('1 dash is 5 calls');
    expect(markWords(5, 'bidi')).toBe('1 bead is 5 calls');
  });

  it('name who picks, and when', () => {
    const { script } = grown();
    const of = (id: string) => captionOf(view(script).scene.lanes.find((lane) => lane.id === id)!, script.now);
    expect(of('clusterip')).toMatchObject({ who: 'kube-proxy' });
    expect(of('clusterip').when.long).toContain('picked once');
    expect(of('headless')).toMatchObject({ who: 'client' });
    expect(of('envoy')).toMatchObject({ who: 'Envoy' });
  });
});

describe('the tally', () => {
  it('says sample and chance once, and a lane’s own sample where it differs', () => {
    const { script } = grown();
    const { snapshot } = view(script);
    const heads = tallyHeads(snapshot.lanes);
    expect(heads.sample).toMatch(/^n\u00a01\u2009000, random spreading 0\.9/);
    expect(heads.columns.at(-1)?.label).toBe('of 100/s');
    const entries = scorecards(snapshot.lanes, new Map());
    const cells = (i: number) => tallyCells(snapshot.lanes[i]!, snapshot.lanes, entries.get(snapshot.lanes[i]!.id)!);
    expect(cells(0).map((cell) => cell.key)).toEqual(['reaction', 'jain', 'removed', 'errors', 'latency', 'rate']);
    expect(cells(0).find((cell) => cell.key === 'jain')).toMatchObject({ value: '0.20', note: '' });
  });

  it('keeps waiting short', () => {
    expect(compact('1\u202fmin\u00a010\u202fs\u202f+')).toBe('70\u202fs…');
    expect(compact('5\u202fmin\u00a058\u202fs\u202f+')).toBe('5\u202fmin…');
    expect(compact('47\u202fs\u202f+')).toBe('47\u202fs…');
    expect(compact('never')).toBe('never');
  });
});

describe('the first view', () => {
  it('is the stage up to four lanes and eight pods, and for presenting', () => {
    const { script } = grown();
    const { snapshot } = view(script);
    expect(defaultView(snapshot, false)).toBe('stage');
    const many = { ...snapshot, pods: Array.from({ length: 9 }, () => snapshot.pods[0]!) };
    expect(defaultView(many, false)).toBe('timeline');
    expect(defaultView(many, true)).toBe('stage');
    expect(defaultView({ ...snapshot, lanes: [...snapshot.lanes, snapshot.lanes[0]!] }, false)).toBe('timeline');
  });
});
