import { expect, test } from 'vitest';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import { createHub } from '../events/hub.ts';
import { frameOf } from '../events/testing.ts';
import { createMetrics } from './metrics.ts';

const id = '10.0.9.2:3002';

function setUp() {
  const time = new FakeTime(1_790_000_000_000);
  const hub = createHub({ clock: time, agentVersion: 'test' });
  const reported = new Map<string, number>();
  const metrics = createMetrics(hub, time, (agent) => reported.get(agent));
  hub.newRun('agent started');
  hub.emit({ laneId: 'l', kind: { case: 'laneChanged', value: { lane: { id: 'l' }, removed: false } } });
  const agent = (state: string, removed = false) =>
    hub.emit({
      agent: id,
      kind: { case: 'agentChanged', value: { agent: { id, name: 'worker-1', state }, removed } },
    });
  const frame = (own: number, other: number) => {
    const value = frameOf(time.now(), time.now() + 200, 10);
    const [lane] = value.lanes;
    if (lane === undefined) throw new Error('a frame of one lane');
    lane.laneId = 'l';
    lane.shortfall = own + other;
    lane.agents = [
      {
        $typeName: 'lbscope.events.v1.AgentPart',
        agent: '',
        issued: 5,
        failed: 0,
        pod: [],
        answered: [],
        shortfall: own,
      },
      {
        $typeName: 'lbscope.events.v1.AgentPart',
        agent: id,
        issued: 5,
        failed: 0,
        pod: [],
        answered: [],
        shortfall: other,
      },
    ];
    hub.frame(value);
  };
  const lines = async (name: string) => (await metrics.text()).split('\n').filter((line) => line.startsWith(name));
  return { time, hub, reported, agent, frame, lines };
}

test('other agents: how many in which state, and how old their last report is', async () => {
  const { time, reported, agent, lines } = setUp();
  const states = (working: number, lost: number) => [
    'lbscope_agents{state="connecting"} 0',
    `lbscope_agents{state="working"} ${working}`,
    'lbscope_agents{state="late"} 0',
    `lbscope_agents{state="lost"} ${lost}`,
  ];
  expect(await lines('lbscope_agents{')).toEqual(states(0, 0));
  agent('working');
  expect(await lines('lbscope_agent_report_age')).toEqual([]);
  reported.set(id, time.now());
  await time.advance(1_500);
  expect(await lines('lbscope_agents{')).toEqual(states(1, 0));
  expect(await lines('lbscope_agent_report_age')).toEqual(['lbscope_agent_report_age_seconds{agent="worker-1"} 1.5']);
  reported.delete(id);
  agent('lost');
  expect(await lines('lbscope_agents{')).toEqual(states(0, 1));
  expect(await lines('lbscope_agent_report_age')).toEqual([]);
});

test('what each agent gives up, and which falls short at present; an agent that is gone leaves no series', async () => {
  const { hub, agent, frame, lines } = setUp();
  agent('working');
  frame(0, 3);
  frame(1, 4);
  expect(await lines('lbscope_shortfall_total{')).toEqual([
    'lbscope_shortfall_total{lane="l",agent="this"} 1',
    'lbscope_shortfall_total{lane="l",agent="worker-1"} 7',
  ]);
  const overload = (over: boolean) =>
    hub.emit({ laneId: 'l', agent: id, kind: { case: 'overload', value: { asked: 100, achieved: 70, over } } });
  overload(true);
  expect(await lines('lbscope_overloaded{')).toEqual(['lbscope_overloaded{lane="l",agent="worker-1"} 1']);
  overload(false);
  expect(await lines('lbscope_overloaded{')).toEqual([]);
  overload(true);
  agent('lost');
  expect(await lines('lbscope_overloaded{')).toEqual([]);
  agent('lost', true);
  expect(await lines('lbscope_shortfall_total{')).toEqual(['lbscope_shortfall_total{lane="l",agent="this"} 1']);
});
