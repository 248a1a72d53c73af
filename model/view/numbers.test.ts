import { describe, expect, it } from 'vitest';
import { toSnapshot } from '../run.ts';
import { even, fourLanes } from '../testkit.ts';
import { framesCsv, numbersCsv } from './numbers.ts';

function snapshot() {
  const { script, pods } = fourLanes();
  script.traffic(4, { headless: even(pods), kubewatch: even(pods) });
  return toSnapshot(script.run, script.run.clock);
}
const read = (text: string) =>
  text
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(','));

describe('numbers as CSV', () => {
  it('has a row for each lane and pod, each as long as the head, and says what the snapshot says', () => {
    const shown = snapshot();
    const [head = [], ...rows] = read(
      numbersCsv(shown, Date.parse('2026-03-04T10:00:00Z')).replaceAll(/"[^"]*"/g, 'quoted'),
    );
    expect(rows).toHaveLength(shown.lanes.reduce((sum, lane) => sum + lane.pods.length, 0));
    for (const row of rows) expect(row).toHaveLength(head.length);
    const headless = shown.lanes.find(({ id }) => id === 'headless');
    const calls = rows.filter((row) => row[2] === 'headless').map((row) => Number(row[head.indexOf('calls')]));
    expect(calls.reduce((a, b) => a + b, 0)).toBe(headless?.answered);
    expect(headless?.answered).toBeGreaterThan(0);
    expect(rows[0]?.[1]).toBe('2026-03-04T10:00:00.000Z');
  });

  it('over time sums up to what was answered', () => {
    const shown = snapshot();
    const [head = [], ...rows] = read(framesCsv(shown, Number.POSITIVE_INFINITY));
    const of = rows.filter((row) => row[3] === 'kubewatch').map((row) => Number(row[head.indexOf('answered')]));
    expect(of.reduce((a, b) => a + b, 0)).toBe(shown.lanes.find(({ id }) => id === 'kubewatch')?.answered);
  });

  it('quotes what would break a row, and no label becomes a formula', () => {
    const shown = snapshot();
    const lane = shown.lanes[0];
    if (lane === undefined) throw new Error('no lane');
    lane.verdict = 'a "b", c';
    for (const pod of lane.pods) pod.pod = '=1+1';
    const text = numbersCsv(shown, 0);
    expect(text).toContain('"a ""b"", c"');
    expect(text).toContain("'=1+1");
  });
});
