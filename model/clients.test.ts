import { expect, it } from 'vitest';
import { toSnapshot } from './run.ts';
import { addressOf, even, fourLanes, pod } from './testkit.ts';
import { clientRows, clientWords } from './view/clients.ts';

const ids = ['10.0.9.2:3002', '10.0.9.3:3002'] as const;

/** Three clients: this agent and two workers. */
function threeClients() {
  const { script, pods } = fourLanes();
  ids.forEach((id, index) => {
    const agent = { id, name: `agent-${index + 2}`, state: 'working' };
    script.event({ case: 'agentChanged', value: { agent } }, { agent: id });
    const addresses = pods.slice(0, 3 - index).map(addressOf);
    script.event(
      { case: 'resolved', value: { addresses, source: 'dns', changed: true } },
      { laneId: 'headless', agent: id, resolutionId: `${id}/r1` },
    );
    script.event(
      { case: 'connected', value: {} },
      { laneId: 'clusterip', agent: id, address: '10.0.0.10:80', connectionId: `${id}/c1` },
    );
  });
  const lane = (laneId: string) => toSnapshot(script.run, script.now).lanes.find((each) => each.id === laneId)!;
  return { script, pods, lane };
}

it('a worker’s belief and connections are its own: the lane’s stay the asked agent’s', () => {
  const { script, lane } = threeClients();
  const before = fourLanes().script.run.lanes.get('headless');
  expect(script.run.lanes.get('headless')?.belief.addresses).toEqual(before?.belief.addresses);
  expect(lane('headless').agents.map(({ belief }) => belief?.addresses.length)).toEqual([3, 3, 2]);
  expect(lane('clusterip').connections).toHaveLength(1);
  expect(lane('clusterip').agents.map(({ connections }) => connections.length)).toEqual([1, 1, 1]);
  // The strip of the lane's own belief holds nothing of theirs.
  expect(script.run.events.some(({ kind, agent }) => kind.case === 'resolved' && agent !== undefined)).toBe(false);
});

it('three clients of a ClusterIP: each pinned to one pod', () => {
  const { script, pods, lane } = threeClients();
  const calls = [pods[0]!, pods[0]!, pods[1]!].map(({ uid }) => ({ uid, answered: 10 }));
  script.wait(1_000);
  for (let i = 0; i < 60; i += 1) script.frame({ clusterip: calls, headless: even(pods) }, 200, 100, ['', ...ids]);
  const clusterip = lane('clusterip');
  expect(clusterip.verdict).toBe('3 clients, each pinned: 2 of 3 pods get every call.');
  expect(clusterip.agents.map((each) => each.pods.map(({ uid, share }) => [uid, share]))).toEqual([
    [[pods[0]!.uid, 1]],
    [[pods[0]!.uid, 1]],
    [[pods[1]!.uid, 1]],
  ]);
  expect(clientWords(clusterip)).toBe('3 clients');
  expect(clientWords(lane('headless'))).toBe('3 clients, 1 believes otherwise');
  const rows = clientRows(toSnapshot(script.run, script.now), lane('headless'));
  expect(rows.map(({ name, knows }) => [name, knows])).toEqual([
    ['this agent', '3 of 3 pods'],
    ['agent-2', '3 of 3 pods'],
    ['agent-3', '2 of 3 pods'],
  ]);
});

it('a client that is asked for more than it can send is named, and so is how much', () => {
  const { script, pods, lane } = threeClients();
  for (let i = 0; i < 60; i += 1)
    script.frame({ headless: even(pods) }, 200, 100, ['', ...ids], { headless: [0, 3, 0] });
  expect(clientWords(lane('headless'))).toBe('3 clients, agent-2 falls short');
  const rows = clientRows(toSnapshot(script.run, script.now), lane('headless'));
  const sent = lane('headless').agents[1]!.issued;
  expect(lane('headless').agents.map(({ shortfall }) => shortfall)).toEqual([0, 180, 0]);
  expect(rows.map(({ short }) => short)).toEqual([
    '',
    `${Math.ceil((100 * 180) / (sent + 180))} % not sent in time`,
    '',
  ]);
  expect(clientWords(lane('clusterip'))).toBe('3 clients');
  // Over, once the window has passed.
  for (let i = 0; i < 60; i += 1) script.frame({ headless: even(pods) }, 200, 100, ['', ...ids]);
  expect(clientWords(lane('headless'))).toBe('3 clients, 1 believes otherwise');
  expect(lane('headless').agents[1]?.shortfall).toBe(180);
});

it('a client that is lost believes in nothing, is said so, and keeps what it counted', () => {
  const { script, pods, lane } = threeClients();
  script.frame({ headless: even(pods) }, 200, 100, ['', ...ids]);
  const counted = lane('headless').agents[1]?.issued;
  expect(counted).toBeGreaterThan(0);
  const agent = { id: ids[0], name: 'agent-2', state: 'lost', reason: 'nothing was heard of it for 2 s' };
  script.event({ case: 'agentChanged', value: { agent } }, { agent: ids[0] });
  // Late words bring nothing back.
  script.event({ case: 'connected', value: {} }, { laneId: 'headless', agent: ids[0], connectionId: 'late' });
  const row = lane('headless').agents[1];
  expect(row).toMatchObject({ state: 'lost', connections: [], issued: counted });
  expect(clientWords(lane('headless'))).toBe('2 clients, 1 lost');
  expect(clientRows(toSnapshot(script.run, script.now), lane('headless'))[1]?.trouble).toBe(
    'lost: nothing was heard of it for 2 s',
  );
  for (const id of ids) {
    script.event({ case: 'agentChanged', value: { agent: { ...agent, id }, removed: true } }, { agent: id });
  }
  expect(lane('headless').agents).toEqual([]);
});

it('of several clients a new pod’s stations are the first one’s', () => {
  const { script, pods } = threeClients();
  const added = pod(4);
  script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
  script
    .podEvent('podAdded', added)
    .podEvent('podReady', added)
    .slice([...pods, added]);
  script.wait(500);
  const { at } = script.event(
    { case: 'resolved', value: { addresses: [...pods, added].map(addressOf), source: 'dns', changed: true } },
    { laneId: 'headless', agent: ids[0], resolutionId: `${ids[0]}/r2` },
  );
  const story = toSnapshot(script.run, script.now)
    .changes.at(-1)
    ?.stories.find(({ laneId }) => laneId === 'headless');
  expect(story?.told).toEqual(at);
});
