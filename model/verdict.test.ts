import { describe, expect, it } from 'vitest';
import { toSnapshot } from './run.ts';
import { addressOf, even, fourLanes, pod, type Script } from './testkit.ts';
import { headline, verdict } from './verdict.ts';

const text = (script: Script, lane: string, now = script.now) => verdict(script.run, lane, now).text;
const key = (script: Script, lane: string, now = script.now) => verdict(script.run, lane, now).key;

/** Scaled 3 -> 5; kube-watch told at once, Envoy after 3.9 s, headless and ClusterIP never. */
/** `polledLate`: Envoy's membership is read only after its first call to the new pods. */
function scaled(polledLate = false) {
  const { script, pods } = fourLanes();
  const all = [...pods, pod(4), pod(5)];
  const addresses = all.map(addressOf);
  script.event({ case: 'scaleAsked', value: { from: 3, to: 5 } });
  for (const p of all.slice(3)) script.podEvent('podAdded', p);
  script.wait(2_600);
  for (const p of all.slice(3)) script.podEvent('podReady', p);
  script.wait(3).slice(all).wait(1).resolved('kubewatch', addresses).wait(2);
  for (const p of all.slice(3)) script.connected('kubewatch', addressOf(p));
  script.picker('kubewatch', addresses).wait(2);
  for (const p of all.slice(3)) script.firstAnswer('kubewatch', p);
  const slice = script.now - 5;
  const parts = { clusterip: [{ uid: 'uid-1', answered: 20 }], headless: even(pods), kubewatch: even(all, 4) };
  script.traffic(3.8, { ...parts, envoy: even(pods) });
  script.now = slice + 3_890;
  if (!polledLate) script.resolved('envoy', addresses).wait(10);
  for (const p of all.slice(3)) script.firstAnswer('envoy', p);
  if (polledLate) script.wait(60).resolved('envoy', addresses);
  return { script, pods, all, slice, parts: { ...parts, envoy: even(all, 4) } };
}

describe('a Service of somebody’s own', () => {
  const own = (answeredBy: string) => {
    const { script } = fourLanes();
    script.lane('headless', { method: { path: '/shop.Orders/Get', answeredBy } });
    return script;
  };

  it('is judged by who answered, and is no part of the sentence about this run’s pods', () => {
    const script = own('field:host').traffic(10, {
      clusterip: [{ uid: 'uid-1', answered: 20 }],
      headless: [
        { uid: 'orders-a', answered: 30 },
        { uid: 'orders-b', answered: 10 },
      ],
    });
    expect(text(script, 'headless')).toBe('2 answer: orders-a 75 %, orders-b 25 %. They are no pods of this run.');
    expect(headline(script.run, script.now).text).not.toContain('Headless');
  });

  it('says that who answers can’t be known, and never guesses', () => {
    const unknown = [{ uid: '', answered: 40 }];
    expect(text(own('').traffic(10, { headless: unknown }), 'headless')).toBe(
      "Answering; who answers can't be known on this path.",
    );
    expect(text(own('header:served-by').traffic(10, { headless: unknown }), 'headless')).toBe(
      "Answering; who answers can't be known: no answer bears header:served-by.",
    );
  });

  it('whose answers name pods of this run is judged as any other lane', () => {
    const { script, pods } = fourLanes();
    script.lane('headless', { method: { path: '/shop.Orders/Get', answeredBy: 'address' } });
    expect(text(script.traffic(10, { headless: even(pods) }), 'headless')).toBe('Even: 3 pods, 33.3 % each.');
  });
});

describe('verdict of a quiet run', () => {
  it('tells the pinned path from the even ones', () => {
    const { script } = fourLanes();
    expect(text(script, 'clusterip')).toBe('Pinned: 1 of 3 pods gets every call; a new connection is needed to move.');
    for (const lane of ['headless', 'kubewatch', 'envoy'])
      expect(text(script, lane)).toBe('Even: 3 pods, 33.3 % each.');
    expect(headline(script.run, script.now).text).toBe(
      'Three pods exist. Headless DNS, kube-watch and Envoy use all three; ClusterIP does not.',
    );
  });

  it('does not call round robin or random spreading uneven, but a skew', () => {
    const { script, pods } = fourLanes();
    script.traffic(10, {
      headless: [
        { uid: 'uid-1', answered: 11 },
        { uid: 'uid-2', answered: 10 },
        { uid: 'uid-3', answered: 9 },
      ],
    });
    expect(text(script, 'headless')).toMatch(/^Even/);
    script.traffic(10, {
      headless: [
        { uid: 'uid-1', answered: 20 },
        { uid: 'uid-2', answered: 5 },
        { uid: 'uid-3', answered: 5 },
      ],
    });
    expect(text(script, 'headless')).toBe('Uneven: pod1 gets 67 %, its part is 33 %.');
    expect(pods).toHaveLength(3);
  });

  it('headless with pick_first is pinned and waits for no pod, known or not', () => {
    const { script, pods } = fourLanes();
    const [first] = pods;
    script.lane('headless', { policy: 'pick_first' });
    const one = [{ uid: 'uid-1', answered: 20 }];
    for (const address of pods.slice(1).map(addressOf)) {
      script.event(
        { case: 'disconnected', value: { reason: 'removed from list' } },
        { laneId: 'headless', address, connectionId: `headless-${address}` },
      );
    }
    script.picker('headless', [addressOf(first!)]);
    script.traffic(12, { headless: one });
    expect(text(script, 'headless')).toBe('Pinned: 1 of 3 pods gets every call; pick_first uses one, round_robin all.');
    const grown = [...pods, pod(4)];
    script.podEvent('podAdded', pod(4)).podEvent('podReady', pod(4)).slice(grown);
    script.traffic(12, { headless: one });
    expect(text(script, 'headless')).toBe('Pinned: 1 of 4 pods gets every call; pick_first uses one, round_robin all.');
    const story = toSnapshot(script.run, script.now)
      .changes.at(-1)
      ?.stories.find((s) => s.laneId === 'headless');
    expect(story?.state).toBe('never');
  });

  it('policies that draw are even on average; least_request is uneven on purpose', () => {
    const { script } = fourLanes();
    script.lane('headless', { policy: 'random' });
    script.traffic(10, { headless: ['uid-1', 'uid-2', 'uid-3'].map((uid) => ({ uid, answered: 10 })) });
    expect(text(script, 'headless')).toBe('Even: 3 pods, about 33.3 % each.');
    script.lane('headless', { policy: 'least_request' });
    script.traffic(10, {
      headless: [
        { uid: 'uid-1', answered: 14 },
        { uid: 'uid-2', answered: 13 },
        { uid: 'uid-3', answered: 3 },
      ],
    });
    expect(text(script, 'headless')).toBe(
      'Uneven: pod3 gets 10 %, its part is 33 %; least_request follows who answers sooner.',
    );
  });

  it('long streams stay where they began, whatever the calls before them say', () => {
    const { script } = fourLanes();
    script.event({ case: 'trafficChanged', value: { traffic: { concurrency: 2, kind: 'bidi' }, running: true } });
    const parts = [
      { uid: 'uid-1', messages: 10 },
      { uid: 'uid-3', messages: 10 },
    ];
    script.traffic(3, { envoy: parts, headless: parts.slice(1) });
    expect(text(script, 'envoy')).toBe('2 of 3 pods carry the streams: a stream stays where it began.');
    expect(text(script, 'headless')).toBe('1 of 3 pods carries the streams: a stream stays where it began.');
    const envoy = toSnapshot(script.run, script.now).lanes.find(({ id }) => id === 'envoy');
    expect(envoy?.pods.map(({ messages, calls }) => messages - calls)).toEqual([150, 0, 150]);
    // Short streams are as good as calls.
    script.traffic(12, { envoy: ['uid-1', 'uid-2', 'uid-3'].map((uid) => ({ uid, answered: 10, messages: 20 })) });
    expect(text(script, 'envoy')).toMatch(/^Even/);
  });

  it('does not judge a handful of calls', () => {
    const { script } = fourLanes();
    script
      .traffic(11, { clusterip: [{ uid: 'uid-1', answered: 0 }] })
      .traffic(1, { clusterip: [{ uid: 'uid-1', answered: 2 }] }, 10);
    expect(text(script, 'clusterip')).toBe('Warming up: 10 calls in 10 s, too few to judge.');
  });

  it('does not blame a path for the only pod there is', () => {
    const { script, pods } = fourLanes();
    script.slice([pods[0]!]).resolved('headless', [addressOf(pods[0]!)]);
    script.traffic(11, { clusterip: [{ uid: 'uid-1', answered: 20 }], headless: [{ uid: 'uid-1', answered: 20 }] });
    for (const lane of ['clusterip', 'headless'])
      expect(text(script, lane)).toBe('Only one pod is ready: pod1 gets every call.');
  });

  it('says stopped, unavailable and slow', () => {
    const { script, pods } = fourLanes();
    script.traffic(10, { kubewatch: [{ uid: 'uid-1', answered: 10, ms: 212 }, ...even(pods.slice(1))] });
    expect(text(script, 'kubewatch')).toBe('pod1 is slow: 212 ms a call, the others 2 ms.');
    script.event({ case: 'laneState', value: { state: 'stopped' } }, { laneId: 'kubewatch' });
    script.event(
      { case: 'laneState', value: { state: 'unavailable', reason: 'no Envoy binary' } },
      { laneId: 'envoy' },
    );
    expect(text(script, 'kubewatch')).toBe('Stopped: no calls are sent.');
    expect(text(script, 'envoy')).toBe('Unavailable: no Envoy binary');
    expect(headline(script.run, script.now).text).toContain('Envoy is unavailable.');
    const value = { state: 'unavailable', reason: 'looking it up fails', code: 'unreachable' };
    script.event({ case: 'laneState', value }, { laneId: 'headless' });
    expect(text(script, 'headless')).toBe("Out of reach from the agent's machine");
  });

  it('names pick_first where that is what pins', () => {
    const { script } = fourLanes();
    script.lane('headless', { policy: 'pick_first' }).traffic(10, { headless: [{ uid: 'uid-2', answered: 20 }] });
    expect(text(script, 'headless')).toBe('Pinned: 1 of 3 pods gets every call; pick_first uses one, round_robin all.');
  });
});

describe('verdict after 3 -> 5', () => {
  it('charges the wait to the lookup also when the membership is read after the first call', () => {
    const { script, parts } = scaled(true);
    script.traffic(11, parts);
    expect(text(script, 'envoy')).toBe('Even, after 3.9 s spent waiting for its next DNS lookup.');
  });

  it('tells who noticed, after how long, and who did not and why', () => {
    const { script, parts } = scaled();
    script.traffic(11, parts);
    expect(text(script, 'kubewatch')).toBe('Even: the new pods answered 5 ms after Ready.');
    expect(text(script, 'envoy')).toBe('Even, after 3.9 s spent waiting for its next DNS lookup.');
    expect(text(script, 'headless')).toMatch(/^New pods have idled for 15 s: nothing triggers a lookup\.$/);
    expect(text(script, 'clusterip')).toMatch(/^Pinned: 1 of 5 pods/);
    expect(headline(script.run, script.now).text).toBe(
      'Five pods exist. kube-watch and Envoy use all five; ClusterIP and Headless DNS still do not.',
    );
  });

  it('keeps its statement while seconds count', () => {
    const { script, parts } = scaled();
    script.traffic(11, parts);
    expect(text(script, 'headless', script.now + 5_000)).not.toBe(text(script, 'headless'));
    expect(key(script, 'headless', script.now + 5_000)).toBe(key(script, 'headless'));
    expect(verdict(script.run, 'headless', script.now).parts.find((part) => part.strong)?.text).toBe('15 s');
  });

  it('takes an ordinary connect time for no trouble', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
    script
      .podEvent('podAdded', pod(4))
      .wait(1_000)
      .podEvent('podReady', pod(4))
      .slice([...pods, pod(4)])
      .wait(300);
    expect(text(script, 'headless')).not.toContain('idled');
    script.wait(1_000);
    expect(text(script, 'headless')).toContain('New pod has idled for 1.3 s');
  });

  it('a timer that is pending is named, not "nothing"', () => {
    const { script, pods } = fourLanes();
    script.event(
      {
        case: 'nextTrigger',
        value: {
          kind: 'timer',
          at: { seconds: BigInt(Math.floor((script.now + 9_000) / 1000)), nanos: 0 },
          reason: 'x',
        },
      },
      { laneId: 'headless' },
    );
    script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
    script
      .podEvent('podAdded', pod(4))
      .podEvent('podReady', pod(4))
      .slice([...pods, pod(4)])
      .wait(3_000);
    expect(text(script, 'headless')).toMatch(/^New pod has idled for 3\.0 s: next lookup in [56] s\.$/);
  });
});

describe('verdict after losses', () => {
  function crash() {
    const { script, pods } = fourLanes();
    script.event({ case: 'behaviorAsked', value: { pod: pods[0]!.name, crash: true } }, { podUid: 'uid-1' });
    script.event(
      { case: 'disconnected', value: { reason: 'reset' } },
      { laneId: 'clusterip', connectionId: 'clusterip-10.0.0.10:80' },
    );
    script.frame({
      clusterip: [
        { uid: 'uid-1', failed: 3 },
        { uid: '', failed: 11 },
      ],
      headless: [{ uid: 'uid-1', failed: 1 }, ...even(pods.slice(1))],
      kubewatch: even(pods.slice(1)),
    });
    script
      .podEvent('podRestarted', pod(1, { incarnation: 1 }))
      .podEvent('podUnready', pod(1, { incarnation: 1 }))
      .slice(pods.slice(1));
    return { script, pods };
  }

  it('says how many, when, and where the calls go now', () => {
    const { script, pods } = crash();
    script.connected('clusterip', '10.0.0.10:80', 'second');
    script.traffic(5, {
      clusterip: [{ uid: 'uid-2', answered: 20 }],
      headless: even(pods.slice(1)),
      kubewatch: even(pods.slice(1)),
      envoy: even(pods.slice(1)),
    });
    expect(text(script, 'clusterip')).toBe('Lost 14 calls when pod1 crashed; every call now goes to pod2.');
    expect(text(script, 'headless')).toBe('Lost 1 call when pod1 crashed; it is not back yet.');
    expect(text(script, 'kubewatch')).not.toContain('Lost');
    expect(headline(script.run, script.now).text).toBe(
      'pod1 crashed. ClusterIP lost 14 calls and Headless DNS 1; the others none.',
    );
    script
      .podEvent('podReady', pod(1, { incarnation: 1 }))
      .slice(pods)
      .connected('headless', addressOf(pods[0]!), 'again');
    script.firstAnswer('headless', pods[0]!, 1).traffic(5, { headless: even(pods) });
    expect(text(script, 'headless')).toBe('Lost 1 call when pod1 crashed; even again.');
  });

  it('is one crash, asked and seen; the snapshot says so', () => {
    const { script } = crash();
    const s = toSnapshot(script.run, script.now);
    expect(s.changes.map((c) => [c.kind, c.title])).toEqual([['crash', 'pod1 crashed']]);
    expect(s.changes[0]!.stories.map((one) => [one.laneId, one.lost])).toEqual([
      ['clusterip', 14],
      ['headless', 1],
      ['kubewatch', 0],
      ['envoy', 0],
    ]);
  });

  it('is not news for ever', () => {
    const { script, pods } = crash();
    script.traffic(70, { headless: even(pods.slice(1)) });
    expect(text(script, 'headless')).not.toContain('Lost');
  });

  it('all calls failing is said first, with the reason that is known', () => {
    const { script } = fourLanes();
    script.traffic(2, { envoy: [{ uid: '', failed: 20 }], headless: [{ uid: '', failed: 20 }] });
    expect(text(script, 'headless')).toBe('All calls fail (reset); its connection stands.');
    for (const connectionId of script.run.lanes.get('headless')!.connections.keys()) {
      script.event({ case: 'disconnected', value: { reason: 'reset' } }, { laneId: 'headless', connectionId });
    }
    expect(text(script, 'headless')).toBe('All calls fail (reset); it reconnects with growing pauses.');
    script.event(
      { case: 'resolutionFailed', value: { source: 'dns', code: 'NXDOMAIN', effect: 'dropped' } },
      { laneId: 'headless' },
    );
    expect(text(script, 'headless')).toContain('its list of addresses is empty');
    script.slice([]);
    expect(text(script, 'envoy')).toBe('All calls fail: no pod is ready.');
    expect(headline(script.run, script.now).text).toBe('No pod is ready: every path must fail.');
  });

  it('a pod that is out and still called is named', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'behaviorAsked', value: { pod: 'pod1', ready: false } }, { podUid: 'uid-1' });
    script.podEvent('podUnready', pods[0]!).slice(pods.slice(1));
    script.traffic(3, {
      headless: [{ uid: 'uid-1', answered: 10, toRemoved: 10 }, ...even(pods.slice(1))],
      kubewatch: even(pods.slice(1)),
    });
    expect(text(script, 'headless')).toBe('Still calls pod1, out for 3.0 s: nothing triggers a lookup.');
    expect(text(script, 'kubewatch')).toMatch(/^Even: 2 pods/);
  });

  it('every sentence fits', () => {
    const { script } = crash();
    for (const lane of ['clusterip', 'headless', 'kubewatch', 'envoy'])
      expect(text(script, lane).length).toBeLessThanOrEqual(84);
  });
});

describe('verdict of pods that fail', () => {
  const failing = (uid: string, answered: number, failed: number) => ({ uid, answered, failed });

  it('does not hide errors behind an even spread', () => {
    const { script, pods } = fourLanes();
    script.traffic(10, { headless: [failing('uid-1', 8, 2), ...even(pods.slice(1))] });
    expect(text(script, 'headless')).toBe('Even, but pod1 fails 20 % of its calls.');
    script.traffic(10, { headless: [failing('uid-1', 8, 2), failing('uid-2', 5, 5), ...even(pods.slice(2))] });
    expect(text(script, 'headless')).toBe('Even, but 2 pods fail calls: pod2 50 %, pod1 20 %.');
  });

  it('names the errors of a pinned path, and those that nobody can be named for', () => {
    const { script, pods } = fourLanes();
    script.traffic(10, { clusterip: [failing('uid-1', 16, 4)], envoy: [...even(pods), failing('', 0, 3)] });
    expect(text(script, 'clusterip')).toBe('pod1 fails 20 % of its calls; 1 of 3 pods gets every call.');
    expect(text(script, 'envoy')).toBe('Even, but 9 % of the calls fail.');
  });
});

describe('verdict without the truth', () => {
  const lose = (script: Script, state: string) =>
    script.event({ case: 'watchState', value: { watcher: 'truth', resource: 'pods', state, message: 'refused' } });

  it('says that it is unknown which pods exist', () => {
    const { script, pods } = fourLanes();
    lose(script, 'lost');
    script.traffic(2, { headless: even(pods), kubewatch: [{ uid: 'uid-1', failed: 10 }] });
    expect(text(script, 'headless')).toBe('3 pods answer; which pods exist is unknown: the Kubernetes API is lost.');
    expect(text(script, 'kubewatch')).toBe(
      'All calls fail (reset); which pods exist is unknown: the Kubernetes API is lost.',
    );
    expect(headline(script.run, script.now).text).toBe('The Kubernetes API is lost: which pods exist is unknown.');
    lose(script, 'synced');
    script.traffic(11, { headless: even(pods) });
    expect(text(script, 'headless')).toBe('Even: 3 pods, 33.3 % each.');
  });
});
