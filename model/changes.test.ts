import { describe, expect, it } from 'vitest';
import { toSnapshot } from './run.ts';
import { addressOf, even, fourLanes, pod, type Script } from './testkit.ts';
import { toMs } from './time.ts';
import { verdict } from './verdict.ts';

const changes = (script: Script) => toSnapshot(script.run, script.now).changes;
const titles = (script: Script) => changes(script).map((c) => c.title);
const story = (script: Script, laneId: string, podUid: string) =>
  changes(script)
    .flatMap((c) => c.stories)
    .findLast((s) => s.laneId === laneId && s.podUid === podUid)!;

describe('changes', () => {
  it('what was there at the start is no change', () => {
    expect(titles(fourLanes().script)).toEqual([]);
  });

  it('a scale has its pods, and a story per lane and pod', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'scaleAsked', value: { from: 3, to: 5 } });
    script.event({ case: 'deploymentChanged', value: { deployment: { name: 'greeter', replicas: 3, generation: 1 } } });
    script.event({ case: 'deploymentChanged', value: { deployment: { name: 'greeter', replicas: 5, generation: 2 } } });
    script.podEvent('podAdded', pod(4)).podEvent('podAdded', pod(5)).wait(2_600);
    const ready = script.now;
    script
      .podEvent('podReady', pod(4))
      .wait(3)
      .slice([...pods, pod(4)]);
    const [change] = changes(script);
    expect(change).toMatchObject({
      kind: 'scale',
      title: 'Scaled 3 → 5',
      from: 3,
      to: 5,
      addedUids: ['uid-4', 'uid-5'],
    });
    expect(toMs(change!.at)).toBe(ready);
    expect(change!.stories).toHaveLength(8);
    expect(changes(script)).toHaveLength(1);
  });

  it('stations come in, and the reaction is measured from the slice', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
    script
      .podEvent('podAdded', pod(4))
      .wait(100)
      .podEvent('podReady', pod(4))
      .wait(3)
      .slice([...pods, pod(4)])
      .wait(1);
    const addresses = [...pods, pod(4)].map(addressOf);
    script
      .resolved('kubewatch', addresses)
      .wait(3)
      .connected('kubewatch', addressOf(pod(4)))
      .picker('kubewatch', addresses)
      .wait(21);
    script.firstAnswer('kubewatch', pod(4));
    const s = story(script, 'kubewatch', 'uid-4');
    expect(s.state).toBe('answered');
    expect(s.reactionMs).toBeCloseTo(25, 3);
    expect(s.turnMs).toBeCloseTo(40, 1);
    expect(toMs(s.told) - toMs(s.slice)).toBeCloseTo(1, 3);
    expect(toMs(s.connected) - toMs(s.told)).toBeCloseTo(3, 3);
    expect(s.inPicker).toEqual(s.connected);
    expect(story(script, 'headless', 'uid-4').state).toBe('open');
    expect(story(script, 'headless', 'uid-4').told).toBeUndefined();
    expect(story(script, 'headless', 'uid-4').reactionMs).toBeUndefined();
    expect(story(script, 'clusterip', 'uid-4').state).toBe('never');
    expect(story(script, 'clusterip', 'uid-4').told).toBeUndefined();
  });

  it('"never" ends with the connection that made it so', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
    script
      .podEvent('podAdded', pod(4))
      .podEvent('podReady', pod(4))
      .slice([...pods, pod(4)]);
    script.event(
      { case: 'disconnected', value: { reason: 'reset' } },
      { laneId: 'clusterip', connectionId: 'clusterip-10.0.0.10:80' },
    );
    expect(story(script, 'clusterip', 'uid-4').state).toBe('open');
    script.wait(1_000).connected('clusterip', '10.0.0.10:80', 'new').firstAnswer('clusterip', pod(4));
    expect(story(script, 'clusterip', 'uid-4')).toMatchObject({ state: 'answered' });
    expect(story(script, 'clusterip', 'uid-4').reactionMs).toBeCloseTo(1_000, 3);
  });

  it('a lane may hear before the truth does', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
    script.podEvent('podAdded', pod(4, { ip: '10.1.0.4' }));
    script
      .resolved('kubewatch', [...pods, pod(4)].map(addressOf))
      .wait(2)
      .firstAnswer('kubewatch', pod(4))
      .wait(2);
    script.slice([...pods, pod(4)]);
    expect(story(script, 'kubewatch', 'uid-4').reactionMs).toBeCloseTo(-2, 3);
  });

  it('a deletion takes its replacement along, and counts what it cost', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'deleteAsked', value: { pod: 'greeter-abc-pod2' } }, { podUid: 'uid-2' });
    script
      .podEvent('podTerminating', pod(2, { terminating: true }))
      .slice([pods[0]!, pods[2]!])
      .podEvent('podAdded', pod(4));
    script.frame({ headless: [{ uid: 'uid-2', answered: 5, failed: 2, toRemoved: 4 }] });
    expect(changes(script)).toMatchObject([
      { kind: 'delete', title: 'pod2 deleted', removedUids: ['uid-2'], addedUids: ['uid-4'] },
    ]);
    expect(story(script, 'headless', 'uid-2')).toMatchObject({
      direction: 'removed',
      lost: 2,
      toRemoved: 4,
      state: 'open',
    });
    script.podEvent('podGone', pod(2));
    expect(story(script, 'headless', 'uid-2').state).toBe('ended');
    expect(changes(script)).toHaveLength(1);
  });

  it('delete now is another kind; a pod that goes without notice is one from outside', () => {
    const { script } = fourLanes();
    script.event({ case: 'deleteAsked', value: { pod: 'pod1', gracePeriodSeconds: 0 } }, { podUid: 'uid-1' });
    script
      .podEvent('podGone', pod(1))
      .wait(5_000)
      .podEvent('podTerminating', pod(2, { terminating: true }));
    expect(changes(script)).toMatchObject([
      { kind: 'delete_now', title: 'pod1 deleted now' },
      { kind: 'outside', title: 'pod2 deleted, outside' },
    ]);
  });

  it('a scale by kubectl is seen, whichever watch is first', () => {
    for (const first of ['pods', 'deployment']) {
      const { script } = fourLanes();
      const deployment = (replicas: number, generation: number) =>
        script.event({ case: 'deploymentChanged', value: { deployment: { name: 'greeter', replicas, generation } } });
      deployment(3, 1);
      if (first === 'deployment') deployment(4, 2);
      script.podEvent('podAdded', pod(4));
      if (first === 'pods') deployment(4, 2);
      expect(changes(script), first).toMatchObject([
        { kind: 'outside', title: 'Scaled 3 → 4, outside', addedUids: ['uid-4'] },
      ]);
    }
  });

  it('a crash nobody asked for is charged with the losses that came before it was noticed', () => {
    const { script, pods } = fourLanes();
    script.frame({ headless: [{ uid: 'uid-1', failed: 2 }, ...even(pods.slice(1))] });
    script
      .wait(600)
      .podEvent('podUnready', pod(1, { incarnation: 1 }))
      .podEvent('podRestarted', pod(1, { incarnation: 1 }));
    expect(changes(script)).toMatchObject([{ kind: 'crash', title: 'pod1 crashed' }]);
    expect(story(script, 'headless', 'uid-1')).toMatchObject({ direction: 'restarted', lost: 2, incarnation: 1 });
    script.firstAnswer('headless', pods[0]!, 0);
    expect(story(script, 'headless', 'uid-1').state).toBe('open');
    script.firstAnswer('headless', pods[0]!, 1);
    expect(story(script, 'headless', 'uid-1').state).toBe('answered');
  });

  it('a pod that answers again before its crash is reported is back: the truth watch was away', () => {
    const { script, pods } = fourLanes();
    script.frame({ headless: [{ uid: 'uid-1', failed: 2 }, ...even(pods.slice(1))] });
    script.wait(300).firstAnswer('headless', pods[0]!, 1);
    const answeredAt = script.now;
    script.wait(900).podEvent('podRestarted', pod(1, { incarnation: 1 }));
    expect(story(script, 'headless', 'uid-1')).toMatchObject({ state: 'answered', incarnation: 1, lost: 2 });
    expect(script.run.changes[0]!.stories.find((s) => s.laneId === 'headless')!.firstCall).toBe(answeredAt);
    expect(story(script, 'kubewatch', 'uid-1').state).toBe('open');
    script.traffic(15, { headless: even(pods), kubewatch: even(pods) });
    expect(verdict(script.run, 'headless', script.now).text).toBe('Lost 2 calls when pod1 crashed; even again.');
  });

  it('pods that a scale-up brings are its own, even when others were just seen to leave', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'runStarted', value: { runId: 'run-2', reason: 'new run' } });
    script.podEvent('podTerminating', pod(3, { terminating: true })).slice(pods.slice(0, 2));
    script.event({ case: 'scaleAsked', value: { from: 2, to: 3 } });
    script.wait(300).podEvent('podAdded', pod(4));
    const [left, scaled] = toSnapshot(script.run, script.now).changes;
    expect(left).toMatchObject({ kind: 'outside', removedUids: ['uid-3'], addedUids: [] });
    expect(scaled).toMatchObject({ kind: 'scale', addedUids: ['uid-4'] });
  });

  it('a rollout is one change, however many pods it replaces', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'deploymentChanged', value: { deployment: { name: 'greeter', replicas: 3, generation: 1 } } });
    script.event({ case: 'rolloutAsked', value: {} });
    script.event({ case: 'deploymentChanged', value: { deployment: { name: 'greeter', replicas: 3, generation: 2 } } });
    const now = [...pods];
    for (let n = 1; n <= 3; n++) {
      script
        .wait(500)
        .podEvent('podAdded', pod(n + 3))
        .wait(500)
        .podEvent('podReady', pod(n + 3));
      now.push(pod(n + 3));
      script.slice(now);
      script.podEvent('podTerminating', pod(n, { terminating: true }));
      now.shift();
      script.slice(now);
      if (n === 2) expect(titles(script)).toEqual(['Rollout: 2 of 3 pods replaced']);
    }
    expect(changes(script)).toMatchObject([
      {
        kind: 'rollout',
        title: 'Rolled out: 3 pods replaced',
        addedUids: ['uid-4', 'uid-5', 'uid-6'],
        removedUids: ['uid-1', 'uid-2', 'uid-3'],
      },
    ]);
  });

  it('unready and ready again are two changes; a pinned path that never stopped answers at once', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'behaviorAsked', value: { pod: 'pod1', ready: false } }, { podUid: 'uid-1' });
    script
      .podEvent('podUnready', pod(1))
      .slice(pods.slice(1))
      .traffic(2, { clusterip: [{ uid: 'uid-1', answered: 20 }] });
    script.event({ case: 'behaviorAsked', value: { pod: 'pod1', ready: true } }, { podUid: 'uid-1' });
    script.podEvent('podReady', pod(1)).slice(pods);
    script.frame({ clusterip: [{ uid: 'uid-1', answered: 20 }], headless: even(pods) });
    expect(titles(script)).toEqual(['pod1 unready', 'pod1 ready again']);
    expect(story(script, 'clusterip', 'uid-1')).toMatchObject({ direction: 'added', state: 'answered' });
    expect(story(script, 'clusterip', 'uid-1').reactionMs).toBeCloseTo(1, 0);
  });

  it('a pod that leaves before it was called ends its story', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
    script
      .podEvent('podAdded', pod(4))
      .podEvent('podReady', pod(4))
      .slice([...pods, pod(4)])
      .wait(3_000);
    script.event({ case: 'scaleAsked', value: { from: 4, to: 3 } });
    script.podEvent('podTerminating', pod(4, { terminating: true })).slice(pods);
    expect(titles(script)).toEqual(['Scaled 3 → 4', 'Scaled 4 → 3']);
    expect(changes(script)[0]!.stories.every((s) => s.state === 'ended')).toBe(true);
    expect(changes(script)[1]).toMatchObject({ removedUids: ['uid-4'] });
  });
});
