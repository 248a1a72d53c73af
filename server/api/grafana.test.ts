import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import { createHub } from '../events/hub.ts';
import { frameOf } from '../events/testing.ts';
import { LatencyMetric } from './latency-metric.ts';
import { createMetrics } from './metrics.ts';

const dashboard = JSON.parse(readFileSync(new URL('../../docs/grafana.json', import.meta.url), 'utf8'));
const targets: { expr: string; legendFormat?: string }[] = dashboard.panels.flatMap(
  (panel: { targets: { expr: string; legendFormat?: string }[] }) => panel.targets,
);

/** Every metric with a series: a lane, a pod, another agent, a lost watch, more asked than can be sent. */
async function everySeries(): Promise<string> {
  const time = new FakeTime(1_790_000_000_000);
  const hub = createHub({ clock: time, agentVersion: 'test' });
  const latency = new LatencyMetric();
  const metrics = createMetrics(hub, time, () => time.now(), latency);
  hub.newRun('agent started');
  const [laneId, agent] = ['headless', '10.0.9.2:3002'];
  hub.emit({ laneId, kind: { case: 'laneChanged', value: { lane: { id: laneId } } } });
  hub.emit({ kind: { case: 'podAdded', value: { pod: { uid: 'pod-1', name: 'greeter-a' } } } });
  hub.emit({ agent, kind: { case: 'agentChanged', value: { agent: { id: agent, name: 'w', state: 'working' } } } });
  hub.emit({ laneId, kind: { case: 'resolved', value: { addresses: ['10.0.9.1:50051'] } } });
  hub.emit({ laneId, kind: { case: 'overload', value: { asked: 100, achieved: 70, over: true } } });
  hub.emit({ kind: { case: 'watchState', value: { watcher: 'truth', resource: 'pods', state: 'lost' } } });
  const frame = frameOf(time.now(), time.now() + 200, 10);
  Object.assign(frame.lanes[0] ?? {}, { shortfall: 1 });
  Object.assign(frame.lanes[0]?.pods[0] ?? {}, { latencySteps: [10], latencySumMs: 1 });
  latency.take(frame);
  hub.frame(frame);
  const text = await metrics.text();
  metrics.close();
  hub.close();
  return text;
}

test('each metric and label that the Grafana dashboard asks for exists', async () => {
  const labels = new Map<string, Set<string>>();
  for (const [, name = '', inner = ''] of (await everySeries()).matchAll(/^(lbscope_\w+)(?:\{(.*)\})? /gm)) {
    labels.set(name, new Set([...inner.matchAll(/(\w+)="/g)].map(([, label = '']) => label)));
  }
  expect(targets.length).toBeGreaterThan(5);
  for (const { expr, legendFormat = '' } of targets) {
    const names = [...new Set(expr.match(/lbscope_[a-z_]+/g))];
    expect(names.length, expr).toBeGreaterThan(0);
    for (const name of names) expect([...labels.keys()], expr).toContain(name);
    const used = [
      ...[...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
      ...[...expr.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
      ...[...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
    ];
    for (const name of names) {
      for (const label of used)
        expect([...(labels.get(name) ?? [])], `${label} of ${name} in ${expr}`).toContain(label);
    }
  }
});
