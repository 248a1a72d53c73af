import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordEvent } from './events.ts';
import { loadSnapshot, persist } from './persist.ts';
import { parseFieldSelector, parseLabelSelector } from './selectors.ts';
import { createStore } from './store.ts';

function setUp(historyPerKind = 10) {
  const clock = { ms: 1_700_000_000_000, now: () => clock.ms };
  let seed = 0;
  const faults: unknown[] = [];
  const random = () => {
    seed = (seed + 0.137) % 1;
    return seed;
  };
  const store = createStore({ clock, random, historyPerKind, onFault: (error) => faults.push(error) });
  const make = (name: string, more = {}) =>
    store.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'n' },
      spec: { nodeName: 'x' },
      ...more,
    });
  return { clock, store, make, faults };
}

describe('store', () => {
  test('subscribers hear changes in order, also those that a subscriber makes; one that throws harms nobody', () => {
    const { store, make, faults } = setUp();
    const heard: string[] = [];
    store.subscribe('Pod', ({ type, object }) => {
      if (type === 'ADDED')
        store.modify('Pod', 'n', object.metadata.name, (copy) => ({ ...copy, status: { phase: 'Running' } }), {
          status: true,
        });
      throw new Error('on purpose');
    });
    store.subscribe('Pod', ({ type }) => heard.push(type));
    make('a');
    expect(heard).toEqual(['ADDED', 'MODIFIED']);
    expect(faults).toHaveLength(2);
  });

  test('what is handed out is frozen; a change that changes nothing has no version', () => {
    const { store, make } = setUp();
    const pod = make('a');
    expect(() => {
      pod.spec.nodeName = 'y';
    }).toThrow(TypeError);
    const version = store.resourceVersion;
    store.modify('Pod', 'n', 'a', (copy) => copy);
    expect(store.resourceVersion).toBe(version);
  });

  test('a graceful deletion may be shortened, never lengthened; 0 ends it; a wrong uid does nothing', () => {
    const { store, make } = setUp();
    make('a');
    expect(store.delete('Pod', 'n', 'a', { uid: 'other' })).toBeUndefined();
    expect(store.delete('Pod', 'n', 'a')?.metadata.deletionGracePeriodSeconds).toBe(30);
    expect(store.delete('Pod', 'n', 'a', { gracePeriodSeconds: 60 })?.metadata.deletionGracePeriodSeconds).toBe(30);
    expect(store.delete('Pod', 'n', 'a', { gracePeriodSeconds: 5 })?.metadata.deletionGracePeriodSeconds).toBe(5);
    store.delete('Pod', 'n', 'a', { gracePeriodSeconds: 0 });
    expect(store.get('Pod', 'n', 'a')).toBeUndefined();
  });

  test('the history is bounded: who asks for more is told so', () => {
    const { store, make } = setUp(4);
    const start = Number(store.resourceVersion);
    for (let i = 0; i < 10; i++) make(`p${i}`);
    expect(store.watch('Pod', start, () => {}).ok).toBe(false);
    const seen: string[] = [];
    expect(
      store.watch('Pod', Number(store.resourceVersion) - 2, ({ object }) => seen.push(object.metadata.name)).ok,
    ).toBe(true);
    expect(seen).toEqual(['p8', 'p9']);
  });

  test('versions of a later process are beyond those of an earlier one', () => {
    const { store, clock, make } = setUp();
    make('a');
    clock.ms += 1_000;
    const next = createStore({ clock, random: () => 0.5 });
    const old = Number(store.resourceVersion);
    next.restore(store.snapshot());
    expect(next.list('Pod')).toEqual(store.list('Pod'));
    expect(Number(next.resourceVersion)).toBeGreaterThan(old);
    expect(next.watch('Pod', old, () => {}).ok).toBe(false);
  });

  test('events are counted, not repeated', () => {
    const { store, make } = setUp();
    const pod = make('a');
    const event = { type: 'Warning', reason: 'Unhealthy', message: 'm', source: 'kubelet' } as const;
    for (let i = 0; i < 3; i++) recordEvent(store, pod, event);
    expect(store.list('Event')).toMatchObject([{ count: 3, involvedObject: { uid: pod.metadata.uid } }]);
    for (let i = 0; i < 700; i++) recordEvent(store, pod, { ...event, message: `m${i}` });
    expect(store.list('Event').length).toBeLessThanOrEqual(500);
  });
});

test('the snapshot file: whole, delayed, restored; a broken one is said, not thrown', () => {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  try {
    const { store, make } = setUp();
    const file = join(folder, 'deep', 'state.json');
    const waiting: (() => void)[] = [];
    const timers = {
      setTimeout: (run: () => void) => ({
        cancel: () => waiting.splice(waiting.indexOf(run), 1),
        n: waiting.push(run),
      }),
    };
    const persistence = persist({ store, file, timers });
    make('a');
    make('b');
    expect(waiting).toHaveLength(1);
    expect(loadSnapshot(setUp().store, file)).toEqual({ kind: 'absent' });
    waiting[0]!();
    const next = setUp();
    expect(loadSnapshot(next.store, file)).toEqual({ kind: 'restored', objects: 2 });
    expect(next.store.list('Pod')).toEqual(store.list('Pod'));
    persistence.close();
    writeFileSync(file, '{"version":1,');
    expect(loadSnapshot(next.store, file).kind).toBe('unreadable');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('selectors', () => {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', uid: '', resourceVersion: '', creationTimestamp: '', labels: { app: 'x', tier: 'web' } },
    status: { phase: 'Running' },
  };
  test.each([
    ['app=x', true],
    ['app==x,tier in (web, db)', true],
    ['app!=x', false],
    ['none!=x', true],
    ['tier notin (db)', true],
    ['app,!none', true],
    ['!app', false],
    ['', true],
  ])('label %j is %j', (text, expected) => {
    expect(parseLabelSelector(text)?.(object)).toBe(expected);
  });
  test.each(['app=x=y', 'in (a)', 'a b'])('label %j makes no sense', (text) => {
    expect(parseLabelSelector(text)).toBeUndefined();
  });
  test('fields', () => {
    expect(parseFieldSelector('metadata.name=a,status.phase!=Failed')?.(object)).toBe(true);
    expect(parseFieldSelector('spec.nodeName=b')?.(object)).toBe(false);
    expect(parseFieldSelector('nonsense')).toBeUndefined();
  });
});
