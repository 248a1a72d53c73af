import { expect, test } from 'vitest';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import { createHub } from './hub.ts';
import { logTroubles } from './log-troubles.ts';

test('a trouble is logged once when it begins and once when it is over', () => {
  const hub = createHub({ clock: new FakeTime(1_790_000_000_000), agentVersion: 'test' });
  hub.newRun('agent started');
  const lines: unknown[] = [];
  const end = logTroubles(hub, {
    info: (fields, message) => lines.push(['info', fields, message]),
    warn: (fields, message) => lines.push(['warn', fields, message]),
  });
  const watch = (state: string, message = '') =>
    hub.emit({ kind: { case: 'watchState', value: { watcher: 'truth', resource: 'pods', state, message } } });
  const refused = { watcher: 'truth', resource: 'pods', reason: 'not allowed to list pods in namespace a' };
  watch('synced');
  watch('forbidden', refused.reason);
  watch('connecting');
  watch('forbidden', refused.reason);
  watch('synced');
  expect(lines.splice(0)).toEqual([
    ['warn', refused, 'a watch of the cluster is forbidden'],
    ['info', { ...refused, reason: '' }, 'the watch is back'],
  ]);

  const lane = (state: string, reason = '') =>
    hub.emit({ laneId: 'envoy', kind: { case: 'laneState', value: { state, reason } } });
  lane('running');
  lane('unavailable', 'nothing answers');
  lane('stopped');
  const full = { state: 'failing', fault: 'full', message: 'the disk is full' };
  hub.emit({ kind: { case: 'recordingChanged', value: full } });
  hub.emit({ kind: { case: 'recordingChanged', value: { state: 'recording' } } });
  const other = (state: string, removed = false) => {
    const agent = { id: '10.0.9.2:3002', name: 'w', state, reason: 'silent' };
    hub.emit({ agent: agent.id, kind: { case: 'agentChanged', value: { agent, removed } } });
  };
  other('working');
  other('lost');
  other('lost', true);
  expect(lines.splice(0).map((line) => (line as unknown[]).filter((_, at) => at !== 1).join(': '))).toEqual([
    'warn: a lane is unavailable',
    'info: the lane is available again',
    'warn: the run is not being recorded whole',
    'info: the run is being recorded again',
    'warn: another agent is lost',
    'info: the other agent is back, or no longer expected',
  ]);
  end();
  watch('lost');
  expect(lines).toEqual([]);
  hub.close();
});
