import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deployment, startTestCluster, type TestCluster } from '../controllers/testing.ts';
import type { Json } from '../store-port.ts';

const deployments = '/apis/apps/v1/namespaces/shop/deployments';
const maps = '/api/v1/namespaces/shop/configmaps';
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await startTestCluster({ bookmarkMs: 50 });
});
afterEach(() => cluster.close());

const map = (name: string, more: Json = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more } });

interface OpenWatch {
  readonly status: number;
  readonly events: Json[];
  readonly ended: Promise<void>;
  stop(): void;
}

async function watch(path: string, headers: Record<string, string> = {}): Promise<OpenWatch> {
  const abort = new AbortController();
  const answer = await fetch(`${cluster.url}${path}`, { headers, signal: abort.signal });
  const events: Json[] = [];
  const ended = (async () => {
    let text = '';
    try {
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const lines = text.split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) events.push(JSON.parse(line));
      }
    } catch {
      // Stopped by the test.
    }
  })();
  return { status: answer.status, events, ended, stop: () => abort.abort() };
}

describe('errors are Status objects', () => {
  test('404, 409, 400, 405, 415', async () => {
    expect(await cluster.call('GET', `${deployments}/none`)).toMatchObject({
      status: 404,
      body: { kind: 'Status', reason: 'NotFound', message: 'deployments.apps "none" not found', code: 404 },
    });
    expect((await cluster.call('POST', maps, map('a'))).status).toBe(201);
    expect(await cluster.call('POST', maps, map('a'))).toMatchObject({
      status: 409,
      body: { reason: 'AlreadyExists' },
    });
    expect(await cluster.call('POST', maps, '{')).toMatchObject({ status: 400, body: { reason: 'BadRequest' } });
    expect(await cluster.call('POST', maps, { ...map('b'), kind: 'Secret' })).toMatchObject({ status: 400 });
    expect(await cluster.call('POST', `${maps}/a`, map('a'))).toMatchObject({ status: 405 });
    expect(await cluster.call('POST', maps, 'x', { 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
    expect(await cluster.call('PATCH', `${maps}/a`, {}, { 'content-type': 'application/json' })).toMatchObject({
      status: 415,
    });
    expect(await cluster.call('POST', '/api/v1/namespaces/nowhere/configmaps', map('c'))).toMatchObject({
      status: 404,
      body: { message: 'namespaces "nowhere" not found' },
    });
    expect(await cluster.call('GET', '/apis/batch/v1/jobs')).toMatchObject({ status: 404 });
  });

  test('422 names each field', async () => {
    const bad = deployment('Bad_Name', -1);
    bad.spec.template.metadata.labels = { app: 'other' };
    bad.spec.template.spec.containers[0].image = '';
    const { status, body } = await cluster.call('POST', deployments, bad);
    expect(status).toBe(422);
    expect(body.details.causes.map((cause: Json) => cause.field).sort()).toEqual([
      'metadata.name',
      'spec.replicas',
      'spec.template.metadata.labels',
      'spec.template.spec.containers[0].image',
    ]);
  });

  test('409 for a resourceVersion that is not the newest; a PUT without one wins', async () => {
    const { body: first } = await cluster.call('POST', maps, { ...map('a'), data: { n: '1' } });
    expect((await cluster.call('PUT', `${maps}/a`, { ...first, data: { n: '2' } })).status).toBe(200);
    expect(await cluster.call('PUT', `${maps}/a`, { ...first, data: { n: '3' } })).toMatchObject({
      status: 409,
      body: { reason: 'Conflict' },
    });
    const patch = { metadata: { resourceVersion: first.metadata.resourceVersion }, data: { n: '4' } };
    const type = { 'content-type': 'application/merge-patch+json' };
    expect((await cluster.call('PATCH', `${maps}/a`, patch, type)).status).toBe(409);
    expect((await cluster.call('PUT', `${maps}/a`, { ...map('a'), data: { n: '5' } })).status).toBe(200);
  });

  test('deletion preconditions', async () => {
    const { body } = await cluster.call('POST', maps, map('a'));
    const wrong = { preconditions: { uid: 'other' } };
    expect((await cluster.call('DELETE', `${maps}/a`, wrong)).status).toBe(409);
    expect((await cluster.call('DELETE', `${maps}/a`, { preconditions: { uid: body.metadata.uid } })).status).toBe(200);
  });
});

describe('writes', () => {
  test('generation counts changes of spec only; status has a door of its own', async () => {
    await cluster.call('POST', deployments, deployment('web', 1));
    const at = `${deployments}/web`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    const generation = async () => (await cluster.call('GET', at)).body.metadata.generation;
    await cluster.call('PATCH', at, { metadata: { labels: { a: 'b' } }, status: { replicas: 99 } }, merge);
    expect(await generation()).toBe(1);
    expect((await cluster.call('GET', at)).body.status.replicas).not.toBe(99);
    await cluster.call('PATCH', at, { spec: { replicas: 2 } }, merge);
    expect(await generation()).toBe(2);
  });

  test('a pod that is deleted keeps its grace until the kubelet lets it go; force takes it at once', async () => {
    await cluster.close();
    cluster = await startTestCluster();
    const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i:1' }], nodeName: 'node-1' } };
    const { store } = cluster;
    await cluster.call('POST', '/api/v1/namespaces/shop/pods', pod);
    const seen: (number | undefined)[] = [];
    store.subscribe('Pod', ({ type, object }) => {
      if (type === 'MODIFIED') seen.push(object.metadata.deletionGracePeriodSeconds);
    });
    const { body } = await cluster.call('DELETE', '/api/v1/namespaces/shop/pods/p?gracePeriodSeconds=7');
    expect(body.kind).toBe('Pod');
    expect(body.metadata.deletionTimestamp).toBeDefined();
    expect(seen).toContain(7);
    expect(store.get('Pod', 'shop', 'p')).toBeUndefined();
  });

  test('dryRun stores nothing, wherever it stands', async () => {
    await cluster.call('POST', `${maps}?dryRun=All`, map('a'));
    expect(cluster.store.list('ConfigMap')).toEqual([]);
    await cluster.call('POST', maps, map('a'));
    await cluster.call('DELETE', `${maps}/a`, { dryRun: ['All'] });
    await cluster.call(
      'PATCH',
      `${maps}/a?dryRun=All`,
      { data: { x: 'y' } },
      { 'content-type': 'application/merge-patch+json' },
    );
    expect(cluster.store.get('ConfigMap', 'shop', 'a')).toBeDefined();
    expect(cluster.store.get('ConfigMap', 'shop', 'a')?.data).toBeUndefined();
    expect((await cluster.call('DELETE', `${maps}/a?dryRun=Some`)).status).toBe(400);
    expect(cluster.store.get('ConfigMap', 'shop', 'a')).toBeDefined();
  });

  test('eviction honours a disruption budget and the dryRun in its body', async () => {
    await cluster.call('POST', deployments, deployment('web', 2));
    await expect.poll(() => cluster.store.list('Pod').filter((pod) => pod.status?.phase === 'Running').length).toBe(2);
    const name = cluster.store.list('Pod')[0]!.metadata.name;
    const evict = (deleteOptions?: Json) =>
      cluster.call('POST', `/api/v1/namespaces/shop/pods/${name}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name },
        deleteOptions,
      });
    expect((await evict({ dryRun: ['All'] })).status).toBe(201);
    expect(cluster.store.get('Pod', 'shop', name)).toBeDefined();
    await cluster.call('POST', '/apis/policy/v1/namespaces/shop/poddisruptionbudgets', {
      metadata: { name: 'b' },
      spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
    });
    expect((await evict()).status).toBe(429);
    await cluster.call('DELETE', '/apis/policy/v1/namespaces/shop/poddisruptionbudgets/b');
    expect((await evict()).status).toBe(201);
    expect(cluster.store.get('Pod', 'shop', name)).toBeUndefined();
  });

  test('orphans stay; by default dependents go', async () => {
    await cluster.call('POST', deployments, deployment('web', 1));
    await cluster.call('DELETE', `${deployments}/web`, { propagationPolicy: 'Orphan' });
    expect(cluster.store.list('ReplicaSet')).toHaveLength(1);
    const { name } = cluster.store.list('ReplicaSet')[0]!.metadata;
    await cluster.call('DELETE', `/apis/apps/v1/namespaces/shop/replicasets/${name}`);
    await expect.poll(() => cluster.store.list('Pod')).toEqual([]);
  });

  test('server-side apply takes back what it no longer asks for, and leaves what others set', async () => {
    const type = { 'content-type': 'application/apply-patch+yaml' };
    const apply = (data: Json) => cluster.call('PATCH', `${maps}/a?fieldManager=me`, { ...map('a'), data }, type);
    expect((await apply({ x: '1', y: '2' })).status).toBe(201);
    await cluster.call('PATCH', `${maps}/a`, { data: { z: '3' } }, { 'content-type': 'application/merge-patch+json' });
    expect((await apply({ x: '4' })).body.data).toEqual({ x: '4', z: '3' });
    expect((await cluster.call('PATCH', `${maps}/a`, map('a'), type)).status).toBe(400);
  });

  test('Services get an address each; headless ones keep None; it can not be changed', async () => {
    const at = '/api/v1/namespaces/shop/services';
    const service = (name: string, spec: Json = {}) => ({
      metadata: { name },
      spec: { ports: [{ port: 80 }], ...spec },
    });
    const first = await cluster.call('POST', at, service('one'));
    const second = await cluster.call('POST', at, service('two'));
    expect(first.body.spec.clusterIP).not.toBe(second.body.spec.clusterIP);
    expect((await cluster.call('POST', at, service('three', { clusterIP: 'None' }))).body.spec.clusterIP).toBe('None');
    expect((await cluster.call('PUT', `${at}/one`, service('one'))).body.spec.clusterIP).toBe(
      first.body.spec.clusterIP,
    );
    expect((await cluster.call('PUT', `${at}/one`, service('one', { clusterIP: '127.1.1.1' }))).status).toBe(422);
  });
});

describe('reads', () => {
  test('pages join to the whole, all at the version of the first', async () => {
    for (let i = 0; i < 5; i++)
      await cluster.call('POST', maps, map(`m${i}`, { labels: { even: String(i % 2 === 0) } }));
    const names: string[] = [];
    const versions = new Set<string>();
    for (let token = ''; ; ) {
      const { body } = await cluster.call('GET', `${maps}?limit=2${token && `&continue=${token}`}`);
      names.push(...body.items.map((item: Json) => item.metadata.name));
      versions.add(body.metadata.resourceVersion);
      token = body.metadata.continue ?? '';
      if (token === '') break;
      await cluster.call('POST', maps, map(`a-later-${names.length}`));
    }
    expect(names).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
    expect(versions.size).toBe(1);
    const selected = await cluster.call('GET', `${maps}?labelSelector=even%3Dtrue&fieldSelector=metadata.name!%3Dm0`);
    expect(selected.body.items.map((item: Json) => item.metadata.name)).toEqual(['m2', 'm4']);
    expect((await cluster.call('GET', `${maps}?labelSelector=((`)).status).toBe(400);
  });
});

describe('watch', () => {
  test('from a version: what happened since, then what happens; only what the selector selects', async () => {
    const { body: list } = await cluster.call('GET', maps);
    await cluster.call('POST', maps, map('a', { labels: { on: 'yes' } }));
    const open = await watch(
      `${maps}?watch=true&labelSelector=on%3Dyes&resourceVersion=${list.metadata.resourceVersion}`,
    );
    await cluster.call('POST', maps, map('b'));
    const merge = { 'content-type': 'application/merge-patch+json' };
    await cluster.call('PATCH', `${maps}/b`, { metadata: { labels: { on: 'yes' } } }, merge);
    await cluster.call('PATCH', `${maps}/a`, { metadata: { labels: { on: 'no' } } }, merge);
    await cluster.call('DELETE', `${maps}/b`);
    await expect
      .poll(() => open.events.map((event) => `${event.type} ${event.object.metadata.name}`))
      .toEqual(['ADDED a', 'ADDED b', 'DELETED a', 'DELETED b']);
    const versions = open.events.map((event) => Number(event.object.metadata.resourceVersion));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    open.stop();
  });

  test('bookmarks carry the newest version; the watch ends after timeoutSeconds', async () => {
    const open = await watch(`${maps}?watch=true&allowWatchBookmarks=true&timeoutSeconds=1`);
    await open.ended;
    const bookmarks = open.events.filter((event) => event.type === 'BOOKMARK');
    expect(bookmarks.length).toBeGreaterThan(0);
    expect(bookmarks.at(-1)!.object).toMatchObject({
      kind: 'ConfigMap',
      metadata: { resourceVersion: cluster.store.resourceVersion },
    });
    const { body } = await cluster.call('GET', '/lab/v1/state');
    expect(body.watches).toEqual([]);
  });

  test('sendInitialEvents ends the state with a marked bookmark', async () => {
    await cluster.call('POST', maps, map('a'));
    const open = await watch(
      `${maps}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
    );
    await expect.poll(() => open.events.length).toBeGreaterThanOrEqual(2);
    expect(open.events[0]).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
    expect(open.events[1].object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    open.stop();
  });

  test('a version from before the restart is 410, said in an ERROR event', async () => {
    const { body: list } = await cluster.call('GET', maps);
    cluster.store.restore(cluster.store.snapshot());
    const open = await watch(`${maps}?watch=true&resourceVersion=${list.metadata.resourceVersion}`);
    await open.ended;
    expect(open.status).toBe(200);
    expect(open.events).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
  });
});

describe('gone', () => {
  test('refuses connections and resets those there are, then serves the same objects again at the same place', async () => {
    expect((await cluster.call('POST', maps, map('a'))).status).toBe(201);
    for (const goneMs of [0, 'long', 3_600_001]) {
      expect((await cluster.call('PUT', '/lab/v1/api', { goneMs })).status).toBe(400);
    }
    const open = await watch(`${maps}?watch=true`);
    expect(await cluster.call('PUT', '/lab/v1/api', { goneMs: 150 })).toMatchObject({
      status: 200,
      body: { goneMs: 150 },
    });
    await open.ended;
    await expect
      .poll(() =>
        fetch(`${cluster.url}/version`).then(
          () => 'serves',
          () => 'refuses',
        ),
      )
      .toBe('refuses');
    await expect
      .poll(() =>
        fetch(`${cluster.url}/version`).then(
          () => 'serves',
          () => 'refuses',
        ),
      )
      .toBe('serves');
    expect((await cluster.call('GET', `${maps}/a`)).status).toBe(200);
  });
});

describe('access', () => {
  const deny = [{ users: ['lane'], verbs: ['watch'], resources: ['configmaps'], namespaces: ['shop'] }];

  test('one identity can be forbidden a verb while another goes on', async () => {
    const lane = { authorization: 'Bearer lab:lane' };
    const truth = { authorization: 'Bearer lab:truth' };
    const before = await watch(`${maps}?watch=true`, lane);
    expect((await cluster.call('PUT', '/lab/v1/access', { deny, closeWatches: true })).status).toBe(200);
    await before.ended;
    const after = await watch(`${maps}?watch=true`, lane);
    expect(after.status).toBe(403);
    expect((await cluster.call('GET', maps, undefined, lane)).status).toBe(200);
    const other = await watch(`${maps}?watch=true`, truth);
    expect(other.status).toBe(200);
    other.stop();
    const asked = { spec: { resourceAttributes: { verb: 'watch', resource: 'configmaps', namespace: 'shop' } } };
    const canI = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    expect((await cluster.call('POST', canI, asked, lane)).body.status.allowed).toBe(false);
    expect((await cluster.call('POST', canI, asked, truth)).body.status.allowed).toBe(true);
    expect((await cluster.call('PUT', '/lab/v1/access', { deny: [] }, lane)).status).toBe(403);
    expect((await cluster.call('PUT', '/lab/v1/access', { deny: [{ users: [] }] })).status).toBe(400);
    expect((await cluster.call('GET', maps, undefined, { authorization: 'Bearer nonsense' })).status).toBe(401);
  });

  test('a Host or an Origin that is not loopback is refused', async () => {
    const { port } = new URL(cluster.url);
    const status = (headers: Record<string, string>) =>
      new Promise((resolve) => {
        request({ host: '127.0.0.1', port, path: '/version', headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        }).end();
      });
    expect(await status({ host: `rebound.example:${port}` })).toBe(403);
    expect(await status({ host: `localhost:${port}` })).toBe(200);
    expect(await status({ origin: 'https://page.example' })).toBe(403);
  });
});
