import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createClock } from '../events/clock.ts';
import { createHub } from '../events/hub.ts';
import { createMetrics } from './metrics.ts';

test('each metric that the Grafana dashboard asks for exists', async () => {
  const dashboard = JSON.parse(readFileSync(new URL('../../docs/grafana.json', import.meta.url), 'utf8'));
  const clock = createClock();
  const hub = createHub({ clock, agentVersion: 'test' });
  const metrics = createMetrics(hub, clock);
  const text = await metrics.text();
  metrics.close();
  hub.close();
  const expressions: string[] = dashboard.panels.flatMap((panel: { targets: { expr: string }[] }) =>
    panel.targets.map(({ expr }) => expr),
  );
  expect(expressions.length).toBeGreaterThan(5);
  for (const expr of expressions) {
    const names = [...new Set(expr.match(/lbscope_[a-z_]+/g))];
    expect(names.length, expr).toBeGreaterThan(0);
    for (const name of names) {
      const metric = text.includes(`# TYPE ${name} `) ? name : name.replace(/_(bucket|sum|count)$/, '');
      expect(text, `${name} in ${expr}`).toContain(`# TYPE ${metric} `);
    }
  }
});
