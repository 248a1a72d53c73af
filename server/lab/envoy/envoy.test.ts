import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Greeter } from '../../../gen/lbscope/greeter/v1/greeter_pb.js';
import { startTestDns, type TestDns } from '../../process/testing/test-dns.ts';
import { findEnvoy } from './binary.ts';
import { failEnvoyHealthCheck } from './drain.ts';
import { prepareEnvoy } from './prepare.ts';
import { baseObject, end, startKept, startPod, until } from './testing.ts';

const found = await findEnvoy();
const missing =
  'unavailable' in found
    ? found.reason
    : process.platform === 'linux'
      ? undefined
      : 'needs loopback addresses beyond 127.0.0.1';

// A network of this run's own: tests of other checkouts may run at the same time.
const net = `127.${100 + (process.pid % 100)}.${1 + Math.floor(Math.random() * 250)}`;
const podIPs = [1, 2, 3].map((n) => `${net}.${n}`);
const envoyIP = `${net}.100`;

describe.skipIf(missing !== undefined)(`a real Envoy${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let dir: string;
  let dns: TestDns;
  let envoy: ChildProcess;
  const pods = new Map<string, ChildProcess>();
  const managers: Http2SessionManager[] = [];
  const client = () => {
    const manager = new Http2SessionManager(`http://${envoyIP}:10000`);
    managers.push(manager);
    return createClient(Greeter, createGrpcTransport({ baseUrl: `http://${envoyIP}:10000`, sessionManager: manager }));
  };
  const status = (path: string, init?: RequestInit) => fetch(`http://${envoyIP}:9902${path}`, init);
  const hosts = async (): Promise<string[]> => {
    const { cluster_statuses } = await (await status('/clusters?format=json')).json();
    const greeter = cluster_statuses.find((cluster: { name: string }) => cluster.name === 'greeter');
    return (greeter.host_statuses ?? [])
      .map((host: { address: { socket_address: { address: string } } }) => host.address.socket_address.address)
      .sort();
  };
  const counter = async (name: string): Promise<number> => {
    const answer = await (await status(`/stats?format=json&filter=^cluster.greeter.${name}$`)).json();
    return answer.stats[0]?.value;
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lbscope-envoy-'));
    dns = await startTestDns({ addresses: podIPs });
    for (const ip of podIPs) pods.set(ip, await startPod(ip));
    const configYaml = (await baseObject('ConfigMap', 'envoy-config')).data['envoy.yaml'];
    const deployment = await baseObject('Deployment', 'greeter-envoy');
    const prepared = await prepareEnvoy({
      configYaml,
      podIP: envoyIP,
      dnsHost: '127.0.0.1',
      dnsPort: dns.port,
      dir,
      args: deployment.spec.template.spec.containers[0].args,
    });
    if (!prepared.ok) throw new Error(prepared.reason);
    envoy = startKept(prepared.command, prepared.args);
    await until(async () => (await status('/ready').catch(() => undefined))?.status === 200, 'Envoy ready');
  }, 60_000);

  afterAll(async () => {
    for (const manager of managers) manager.abort();
    if (envoy) await end(envoy);
    for (const pod of pods.values()) await end(pod);
    await dns?.close();
    if (dir) await rm(dir, { recursive: true, force: true });
  });

  test('one client connection: an exact round robin, each answer naming its host', async () => {
    const greeter = client();
    const counts = new Map<string, number>();
    for (let i = 0; i < 90; i++) {
      let upstream = '';
      const answer = await greeter.sayHello(
        {},
        { onHeader: (headers) => (upstream = headers.get('lbscope-upstream-host') ?? '') },
      );
      expect(upstream).toBe(`${answer.pod?.ip}:50051`);
      counts.set(upstream, (counts.get(upstream) ?? 0) + 1);
    }
    expect([...counts.values()]).toEqual([30, 30, 30]);
  });

  test('streams of every kind pass, and a deadline is the caller’s own', async () => {
    const greeter = client();
    const seen: number[] = [];
    for await (const answer of greeter.streamHellos({ count: 5, intervalMs: 5 })) seen.push(answer.sequence);
    expect(seen).toHaveLength(5);
    const collected = await greeter.collectHellos(
      (async function* () {
        yield { name: 'a' };
        yield { name: 'b' };
      })(),
    );
    expect(collected.count).toBe(2);
    const late = (async () => {
      for await (const _ of greeter.streamHellos({ count: 100, intervalMs: 1_000 }, { timeoutMs: 200 }));
    })();
    await expect(late).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  });

  test('the status listener shows members and counters, and nothing else', async () => {
    expect(await hosts()).toEqual(podIPs);
    expect(await counter('update_success')).toBeGreaterThan(0);
    for (const path of [
      '/',
      '/config_dump',
      '/certs',
      '/help',
      '/server_info',
      '/memory',
      '/clusters/',
      '/stats/prometheus',
      '/quitquitquit',
      '/healthcheck/fail',
      '//clusters',
      '/ready/../config_dump',
    ]) {
      expect((await status(path)).status, path).toBe(404);
    }
    for (const path of [
      '/clusters',
      '/stats',
      '/ready',
      '/quitquitquit',
      '/healthcheck/fail',
      '/logging?level=debug',
    ]) {
      expect((await status(path, { method: 'POST' })).status, `POST ${path}`).toBe(404);
    }
  });

  test('a crashed pod costs one call in n until DNS drops it, and the refusal names its host', async () => {
    const dead = podIPs[0] as string;
    pods.get(dead)?.kill('SIGKILL');
    const greeter = client();
    const failures: ConnectError[] = [];
    let calls = 0;
    await until(async () => {
      calls++;
      await greeter.sayHello({}).catch((error) => failures.push(ConnectError.from(error)));
      return failures.length >= 2;
    }, 'failed calls');
    for (const failure of failures) {
      expect(failure.code).toBe(Code.Unavailable);
      expect(failure.metadata.get('lbscope-upstream-host')).toBe(`${dead}:50051`);
    }
    expect(calls).toBeGreaterThan(failures.length);
    dns.answer = { addresses: podIPs.slice(1) };
    await until(async () => (await hosts()).length === 2, 'the next refresh');
    const after = await Promise.all(Array.from({ length: 20 }, () => greeter.sayHello({})));
    expect(new Set(after.map((answer) => answer.pod?.ip))).toEqual(new Set(podIPs.slice(1)));
  });

  test('SERVFAIL keeps the hosts, NXDOMAIN drops them all', async () => {
    dns.answer = { rcode: 'SERVFAIL' };
    const failures = await counter('update_failure');
    await until(async () => (await counter('update_failure')) > failures, 'a failed lookup');
    expect(await hosts()).toEqual(podIPs.slice(1));

    dns.answer = { rcode: 'NXDOMAIN' };
    await until(async () => (await hosts()).length === 0, 'no hosts');
    const refused = await client()
      .sayHello({})
      .then(() => undefined, ConnectError.from);
    expect(refused?.code).toBe(Code.Unavailable);
    expect(refused?.rawMessage).toContain('no healthy upstream');
    dns.answer = { addresses: podIPs.slice(1) };
    await until(async () => (await hosts()).length === 2, 'hosts again');
    expect((await client().sayHello({})).pod?.ip).toMatch(/^127\./);
  }, 40_000);

  test('failing its health check makes Envoy send GOAWAY with the next answer', async () => {
    const session = connectHttp2(`http://${envoyIP}:10000`);
    let goaway: number | undefined;
    session.on('goaway', (code) => {
      goaway = code;
    });
    const call = () =>
      new Promise((done) => {
        const stream = session.request({
          ':method': 'POST',
          ':path': '/lbscope.greeter.v1.Greeter/SayHello',
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        stream.on('error', done);
        stream.on('close', done);
        stream.resume();
        stream.end(Buffer.alloc(5));
      });
    await call();
    expect(goaway).toBeUndefined();
    expect(await failEnvoyHealthCheck(envoyIP)).toBe(true);
    await until(async () => {
      if (!session.closed) await call();
      return goaway !== undefined;
    }, 'GOAWAY');
    expect(goaway).toBe(0);
    session.destroy();
  });
});

describe.skipIf('unavailable' in found)('what Envoy refuses', () => {
  test('has a reason that a person can act on', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'lbscope-envoy-'));
    const place = { podIP: '127.0.0.1', dnsHost: '127.0.0.1', dnsPort: 53, dir };
    const unknown = await prepareEnvoy({ ...place, configYaml: 'static_resources: { lissteners: [] }' });
    expect(unknown).toMatchObject({ ok: false });
    expect(unknown.ok ? '' : unknown.reason).toContain('lissteners');
    expect(await prepareEnvoy({ ...place, configYaml: 'a: [' })).toMatchObject({ ok: false });
    expect(await prepareEnvoy({ ...place, configYaml: '' })).toEqual({
      ok: false,
      reason: 'envoy.yaml holds no configuration',
    });
    await rm(dir, { recursive: true, force: true });
  });
});

test('without an Envoy the reason says where it was looked for', async () => {
  const nowhere = await findEnvoy({
    env: { ...process.env, ENVOY_BIN: undefined, PATH: '/nowhere' },
    cacheDir: '/nowhere',
  });
  expect(nowhere).toMatchObject({ unavailable: true, reason: expect.stringContaining('ENVOY_BIN') });
  expect(await findEnvoy({ env: { ...process.env, ENVOY_BIN: '/nowhere/envoy' } })).toMatchObject({
    unavailable: true,
    reason: expect.stringContaining('/nowhere/envoy'),
  });
});

test('the lab’s Envoy has the version of the cluster’s image', async () => {
  const deployment = await baseObject('Deployment', 'greeter-envoy');
  const image: string = deployment.spec.template.spec.containers[0].image;
  const wheels = await readFile(new URL('../../../scripts/lib/envoy-wheels.mjs', import.meta.url), 'utf8');
  expect(image).toBe(`envoyproxy/envoy:v${/envoyVersion = '([\d.]+)'/.exec(wheels)?.[1]}`);
});
