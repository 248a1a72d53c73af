import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import type { Timers } from '../events/port.ts';
import { type Api, createApi } from './http.ts';
import { type KubeObject, Reflector } from './reflector.ts';
import { type FakeApi, json, quiet, startFakeApi, status, until } from './testing/fake-api.ts';
import { pod } from './testing/objects.ts';

let server: FakeApi;
let api: Api;
let time: FakeTime;
let reflector: Reflector;
let lists: string[][];
let events: string[];
let states: string[];
let onEvent: (type: string, object: KubeObject) => void;

beforeEach(async () => {
  server = await startFakeApi();
  api = createApi({ server: server.url, credentials: async () => ({ headers: {}, tls: {} }) });
  time = new FakeTime();
  lists = [];
  events = [];
  states = [];
  onEvent = (type, object) => events.push(`${type} ${object.metadata.name}`);
});

afterEach(async () => {
  reflector.stop();
  api.close();
  await server.close();
});

function start(timers: Timers = time): void {
  reflector = new Reflector({
    api,
    path: '/api/v1/namespaces/ns/pods',
    what: 'pods in namespace ns',
    labelSelector: 'app=greeter',
    timers,
    random: () => 0.5,
    listener: {
      onList: (items) => lists.push(items.map((item) => item.metadata.name)),
      onEvent: (type, object) => onEvent(type, object),
      onState: (state, message) => states.push(message === '' ? state : `${state}: ${message}`),
    },
  });
  reflector.start();
}

const watching = (n = 1) => until(`${n} watch(es)`, () => server.watches.length === n);
const watchRequests = () => server.asked.filter((one) => one.query.get('watch') === 'true');

test('lists, watches from there, and passes changes on; bookmarks only move the version', async () => {
  server.items.set('pods', [pod('a'), pod('b')]);
  start();
  await watching();
  expect(lists).toEqual([['a', 'b']]);
  expect(states).toEqual(['connecting', 'synced']);
  const [watch] = server.watches;
  expect(Object.fromEntries(watch!.asked.query)).toEqual({
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: '100',
    timeoutSeconds: '450',
    labelSelector: 'app=greeter',
  });
  watch!.send('ADDED', pod('c', { version: '101' }));
  watch!.send('DELETED', pod('a', { version: '102' }));
  watch!.send('BOOKMARK', { metadata: { resourceVersion: '150' } });
  await until('both', () => events.length === 2);
  expect(events).toEqual(['ADDED c', 'DELETED a']);
  watch!.end();
  await until('the next watch', () => watchRequests().length === 2);
  expect(watchRequests()[1]!.query.get('resourceVersion')).toBe('150');
  expect(server.lists('pods')).toHaveLength(1);
  expect(states).toEqual(['connecting', 'synced']);
});

test('a quiet watch that ends cleanly is continued at once, without any timer', async () => {
  start();
  await watching();
  await quiet(20);
  await time.advance(2_000);
  server.watches[0]!.end();
  // Injected time stands still: whatever happens now did not wait.
  await until('the next watch', () => watchRequests().length === 2);
  expect(states).toEqual(['connecting', 'synced']);
});

test('a server that ends every watch at once is not hammered', async () => {
  server.on((asked) =>
    asked.query.get('watch') === 'true'
      ? (_a, response) => {
          response.writeHead(200);
          response.end();
        }
      : 'default',
  );
  start();
  await until('the loss', () => states.at(-1)?.startsWith('lost') === true);
  await quiet();
  expect(watchRequests()).toHaveLength(1);
  await time.advance(1_200);
  await until('the second try', () => watchRequests().length === 2);
});

test('an event that an API line splits over many chunks is one event', async () => {
  start();
  await watching();
  const line = `${JSON.stringify({ type: 'ADDED', object: pod('grüße', { version: '7' }) })}\n`;
  const bytes = Buffer.from(line);
  // The second cut goes through the two bytes of one letter.
  const half = bytes.indexOf(0xc3) + 1;
  for (const part of [bytes.subarray(0, 20), bytes.subarray(20, half), bytes.subarray(half)]) {
    server.watches[0]!.raw(part);
    await quiet(20);
  }
  await until('the event', () => events.length === 1);
  expect(events).toEqual(['ADDED grüße']);
});

test.each(['event', 'status'])('410 as an %s: lists again at once and tells the whole set', async (form) => {
  server.items.set('pods', [pod('a')]);
  start();
  await watching();
  server.items.set('pods', [pod('b')]);
  if (form === 'event') {
    server.watches[0]!.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired' });
  } else {
    server.watches[0]!.send('ADDED', pod('x', { version: '1' }));
    let refused = false;
    server.on((asked) => {
      if (asked.query.get('watch') !== 'true' || refused) return 'default';
      refused = true;
      return status(410);
    });
    await until('the event', () => events.length === 1);
    server.watches[0]!.end();
    // A refused watch waits like any failure.
    await until('the refusal', () => refused);
    await quiet(20);
    await time.advance(1_200);
  }
  await until('the second list', () => lists.length === 2);
  expect(lists).toEqual([['a'], ['b']]);
  await watching();
});

test('410 again and again is not a tight loop', async () => {
  server.on((asked) => {
    if (asked.query.get('watch') !== 'true') return 'default';
    return (_a, response) => {
      response.writeHead(200);
      response.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410 } })}\n`);
    };
  });
  start();
  await until('the second list', () => server.lists('pods').length === 2);
  await quiet(100);
  expect(server.lists('pods')).toHaveLength(2);
});

test.each([
  ['rubbish', 'this is no JSON\n'],
  ['null', 'null\n'],
  ['a number', '42\n'],
  ['no object', '{"type":"ADDED"}\n'],
])('a line that is %s: nothing breaks, the state is listed anew', async (_name, line) => {
  server.items.set('pods', [pod('a')]);
  start();
  await watching();
  server.watches[0]!.raw(line);
  await quiet(20);
  await time.advance(5_000);
  await until('the second list', () => lists.length === 2);
  expect(events).toEqual([]);
});

test('a connection that breaks: lost, then the watch goes on where it was', async () => {
  start();
  await watching();
  server.watches[0]!.send('ADDED', pod('a', { version: '120' }));
  await until('the event', () => events.length === 1);
  server.watches[0]!.cut();
  await until('lost', () => states.at(-1)?.startsWith('lost') === true);
  await quiet(20);
  expect(watchRequests()).toHaveLength(1);
  await time.advance(1_000);
  await watching();
  expect(watchRequests()[1]!.query.get('resourceVersion')).toBe('120');
  await until('synced', () => states.at(-1) === 'synced');
  expect(server.lists('pods')).toHaveLength(1);
});

test.each([429, 500, 503])('%i: lost, retried with growing pauses, never given up', async (code) => {
  let failing = true;
  server.on(() => (failing ? status(code) : 'default'));
  start();
  // Pauses with random 0.5: 1, 2, 4, 8, 16, then 25 s.
  for (const [tries, pause] of [1_000, 2_000, 4_000, 8_000, 16_000, 25_000, 25_000].entries()) {
    await until(`try ${tries + 1}`, () => server.asked.length === tries + 1);
    await quiet(20);
    await time.advance(pause - 10);
    await quiet(20);
    expect(server.asked).toHaveLength(tries + 1);
    await time.advance(10);
  }
  failing = false;
  await quiet(20);
  await time.advance(30_000);
  await until('synced', () => states.at(-1) === 'synced');
});

test('403 is a state of its own that names verb and resource, and ends when the right is granted', async () => {
  let refused: 'list' | 'watch' | undefined = 'list';
  server.on((asked) => {
    const verb = asked.query.get('watch') === 'true' ? 'watch' : 'list';
    return verb === refused ? status(403, 'User "secret" cannot') : 'default';
  });
  start();
  await until('forbidden', () => states.includes('forbidden: not allowed to list pods in namespace ns'));
  refused = 'watch';
  await quiet(20);
  await time.advance(1_200);
  await until('forbidden watch', () => states.at(-1) === 'forbidden: not allowed to watch pods in namespace ns');
  const told = states.length;
  // Listing works meanwhile; that alone is no "synced", or the state would flicker with each retry.
  for (let n = 0; n < 3; n++) {
    const before = server.asked.length;
    await quiet(20);
    await time.advance(30_000);
    await until('another try', () => server.asked.length >= before + 2);
  }
  expect(states.slice(told)).toEqual([]);
  expect(lists.length).toBeGreaterThan(2);
  refused = undefined;
  await quiet(20);
  await time.advance(30_000);
  await until('synced', () => states.at(-1) === 'synced');
  expect(states.join()).not.toContain('secret');
});

test('pages are joined; a page token that expires begins anew in one piece', async () => {
  let expired = false;
  server.on((asked) => {
    if (asked.query.get('watch') === 'true') return 'default';
    const token = asked.query.get('continue');
    if (token === null && asked.query.get('limit') === null) {
      const items = [pod('a'), pod('b'), pod('c')];
      return (_a, response) => json(response, 200, { metadata: { resourceVersion: '9' }, items });
    }
    if (token === null) {
      const metadata = { resourceVersion: '8', continue: 't' };
      return (_a, response) => json(response, 200, { metadata, items: [pod('a')] });
    }
    if (expired) return status(410);
    return (_a, response) => json(response, 200, { metadata: { resourceVersion: '8' }, items: [pod('b')] });
  });
  start();
  await watching();
  expect(lists).toEqual([['a', 'b']]);
  expired = true;
  server.watches[0]!.send('ERROR', { code: 410 });
  await until('the second list', () => lists.length === 2);
  expect(lists[1]).toEqual(['a', 'b', 'c']);
});

test('an answer that is no list is a failure, not an empty cluster', async () => {
  server.on(() => (_a, response) => json(response, 200, { hello: 'from a captive portal' }));
  start();
  await until('lost', () => states.at(-1)?.startsWith('lost') === true);
  expect(lists).toEqual([]);
});

test('a silent watch is opened anew from where it was', async () => {
  start();
  await watching();
  await time.advance(100_000);
  server.watches[0]!.send('BOOKMARK', { metadata: { resourceVersion: '300' } });
  await quiet(30);
  await time.advance(140_000);
  expect(watchRequests()).toHaveLength(1);
  await time.advance(20_000);
  await until('the next watch', () => watchRequests().length === 2);
  expect(watchRequests()[1]!.query.get('resourceVersion')).toBe('300');
});

test("a listener's fault ends nothing", async () => {
  onEvent = (type, object) => {
    events.push(`${type} ${object.metadata.name}`);
    throw new Error('listener');
  };
  start();
  await watching();
  const warnings: string[] = [];
  const hear = (warning: Error) => void warnings.push(warning.message);
  process.on('warning', hear);
  server.watches[0]!.send('ADDED', pod('a', { version: '1' }));
  server.watches[0]!.send('ADDED', pod('b', { version: '2' }));
  await until('both', () => events.length === 2);
  await until('both warnings', () => warnings.length === 2);
  process.off('warning', hear);
  expect(warnings).toEqual(['listener', 'listener']);
  expect(states.at(-1)).toBe('synced');
});

test('stopped is stopped: no timer, no connection, no word', async () => {
  start();
  await watching();
  const told = [states.length, events.length];
  server.watches[0]!.send('ADDED', pod('a'));
  reflector.stop();
  await until('the watch is closed', () => server.watches.length === 0);
  await quiet();
  expect(time.pending).toBe(0);
  expect([states.length, events.length]).toEqual(told);
});

test('stopped in the middle of a list', async () => {
  server.on(() => 'hang');
  start();
  await until('the request', () => server.asked.length === 1);
  reflector.stop();
  api.close();
  await quiet();
  expect(states).toEqual(['connecting']);
  expect(time.pending).toBe(0);
});
