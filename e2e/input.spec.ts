import { ApiError, lane } from './lib/app.ts';
import { expect, test } from './lib/test.ts';

const bad: [method: string, body: unknown, names: RegExp[]][] = [
  ['SetTraffic', { ratePerSecond: -5 }, [/ratePerSecond/, /-5/, /0\.1/]],
  ['SetTraffic', { ratePerSecond: 1e9 }, [/ratePerSecond/, /100,?000/]],
  ['SetTraffic', { ratePerSecond: 10, concurrency: 5 }, [/ratePerSecond/, /concurrency/]],
  ['SetTraffic', { ratePerSecond: 'NaN' }, [/ratePerSecond/]],
  ['SetTraffic', { ratePerSecond: 'fast' }, [/ratePerSecond|rate_per_second/, /fast/]],
  ['SetTraffic', { connections: 1.5 }, [/connections/, /1\.5/, /whole/]],
  ['SetTraffic', { kind: 'smoke' }, [/kind/, /smoke/, /server_stream/]],
  ['SetTraffic', { speed: 3 }, [/speed/]],
  ['SetTraffic', {}, [/ratePerSecond/]],
  ['SetTraffic', { laneId: 'nowhere', ratePerSecond: 10 }, [/nowhere/]],
  ['ScaleDeployment', {}, [/replicas/]],
  ['ScaleDeployment', { replicas: 100000 }, [/replicas/, /100,?000/, /200/]],
  ['DeletePod', { pod: '' }, [/pod/]],
  ['DeletePod', { pod: 'no-such-pod' }, [/no-such-pod/]],
  ['SetPodBehavior', { pod: 'no-such-pod', crash: true }, [/no-such-pod/]],
  [
    'PutLane',
    { lane: { id: 'Bad Id', label: 'x', target: 'a:1', resolver: 'dns', policy: 'round_robin' } },
    [/id/, /Bad Id/],
  ],
  [
    'PutLane',
    { lane: { id: 'x', label: 'x', target: 'a:99999', resolver: 'dns', policy: 'round_robin' } },
    [/target/, /99999/],
  ],
  [
    'PutLane',
    { lane: { id: 'x', label: 'x', target: 'a:1', resolver: 'carrier-pigeon', policy: 'round_robin' } },
    [/resolver/, /carrier-pigeon/, /kubernetes/],
  ],
  ['RemoveLane', { laneId: 'nowhere' }, [/nowhere/]],
  ['SetTraffic', '{"ratePerSecond":', []],
];

for (const [method, body, names] of bad) {
  test(`${method} ${JSON.stringify(body)} is refused with its reason, and nothing running is disturbed`, async ({
    app,
  }) => {
    const before = await app.snapshot();
    const error = await app.call(method, body).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ApiError);
    if (!(error instanceof ApiError)) return;
    expect(['invalid_argument', 'not_found']).toContain(error.code);
    for (const pattern of names) expect(error.message).toMatch(pattern);
    const after = await app.snapshot();
    expect(after.runId).toBe(before.runId);
    expect(after.traffic).toEqual(before.traffic);
    expect(after.lanes.map((each) => each.id)).toEqual(before.lanes.map((each) => each.id));
  });
}

test('another site cannot drive it: a foreign Origin or Host is refused', async ({ app }) => {
  const url = `${app.url}/rpc/lbscope.agent.v1.AgentService/StopTraffic`;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'https://example.com' },
    body: '{}',
  });
  expect(answer.status).toBe(403);
  expect((await app.snapshot()).running).toBe(true);
});

test('a lane is data: one can be added, watched and removed while the others run', async ({ app }) => {
  await app.call('PutLane', {
    lane: {
      id: 'pinned-dns',
      label: 'Headless, pick_first',
      target: 'greeter-headless.lbscope.svc.cluster.local:50051',
      resolver: 'dns',
      policy: 'pick_first',
      profile: 'grpc-go',
    },
  });
  const added = await app.settled(3, 200, ['pinned-dns', 'kubewatch']);
  expect(lane(added, 'pinned-dns').pods.filter((pod) => pod.recentCalls > 0)).toHaveLength(1);
  await app.call('RemoveLane', { laneId: 'pinned-dns' });
  await app.until('the lane is gone', (s) => s.lanes.length === 4);
});
