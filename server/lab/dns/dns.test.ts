import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import * as packet from 'dns-packet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStore } from '../apiserver/store.ts';
import { systemClock } from '../clock.ts';
import type { Json, Store } from '../store-port.ts';
import { DnsServer } from './server.ts';

/** dns-packet's types leave out the code that it decodes. */
type Answered = packet.DecodedPacket & { readonly rcode: string };

const headless = 'greeter-headless.lbscope.svc.cluster.local';
let store: Store;
let dns: DnsServer;
let resolver: Resolver;

function service(name: string, spec: Json): void {
  store.create({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'lbscope' }, spec });
}

function slice(
  name: string,
  of: string,
  endpoints: Json[],
  ports: Json[] = [{ name: 'grpc', port: 50051, protocol: 'TCP' }],
): void {
  store.create({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'lbscope', labels: { 'kubernetes.io/service-name': of } },
    addressType: 'IPv4',
    endpoints,
    ports,
  });
}

const pod = (host: number, conditions: Json = { ready: true }) => ({ addresses: [`127.77.1.${host}`], conditions });

beforeEach(async () => {
  store = createStore({ clock: systemClock, random: Math.random });
  store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lbscope' } });
  service('greeter', { clusterIP: '127.77.255.1', ports: [{ name: 'grpc', port: 50051, protocol: 'TCP' }] });
  service('greeter-headless', { clusterIP: 'None', ports: [{ name: 'grpc', port: 50051, protocol: 'TCP' }] });
  dns = await DnsServer.start({
    store,
    clock: systemClock,
    random: Math.random,
    host: '127.0.0.1',
    port: 0,
    ttlSeconds: 5,
  });
  dns.setSynced();
  resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${dns.port}`]);
});
afterEach(() => dns.close());

/** One query over UDP, decoded by dns-packet: an encoder of somebody else's reads what ours wrote. */
function ask(question: packet.Question, extra: Partial<packet.Packet> = {}): Promise<Answered> {
  return askRaw(
    packet.encode({ type: 'query', id: 7, flags: packet.RECURSION_DESIRED, questions: [question], ...extra }),
  ).then((answer) => packet.decode(answer) as Answered);
}

function askRaw(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const limit = setTimeout(() => {
      socket.close();
      reject(new Error('no answer'));
    }, 3_000);
    socket.once('message', (answer) => {
      clearTimeout(limit);
      socket.close();
      resolve(answer);
    });
    socket.send(bytes, dns.port, '127.0.0.1');
  });
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error) => error.code,
  );

describe('names', () => {
  test('a ClusterIP name is its virtual address, with a TTL of 5 s', async () => {
    expect(await resolver.resolve4('greeter.lbscope.svc.cluster.local', { ttl: true })).toEqual([
      { address: '127.77.255.1', ttl: 5 },
    ]);
  });

  test('a headless name is its ready pods: nil is ready, slices join, duplicates go', async () => {
    slice('a', 'greeter-headless', [pod(1), pod(2, {}), pod(3, { ready: false, serving: true, terminating: true })]);
    slice('b', 'greeter-headless', [pod(2), pod(4)]);
    expect((await resolver.resolve4(headless)).sort()).toEqual(['127.77.1.1', '127.77.1.2', '127.77.1.4']);
    store.delete('EndpointSlice', 'lbscope', 'b');
    expect((await resolver.resolve4(headless)).sort()).toEqual(['127.77.1.1', '127.77.1.2']);
  });

  test('none ready is NXDOMAIN, never a fallback to terminating pods', async () => {
    slice('a', 'greeter-headless', [pod(1, { ready: false, serving: true, terminating: true })]);
    const answer = await ask({ name: headless, type: 'A' });
    expect(answer.rcode).toBe('NXDOMAIN');
    expect(answer.authorities).toMatchObject([{ type: 'SOA', name: 'cluster.local', data: { minimum: 5 } }]);
  });

  test('AAAA on an IPv4 name is an empty NOERROR with the SOA', async () => {
    const answer = await ask({ name: 'greeter.lbscope.svc.cluster.local', type: 'AAAA' });
    expect(answer).toMatchObject({ rcode: 'NOERROR', answers: [], flag_aa: true });
    expect(answer.authorities).toMatchObject([{ type: 'SOA', data: { mname: 'ns.dns.cluster.local' } }]);
  });

  test('SRV leads to names of pods that resolve', async () => {
    slice('a', 'greeter-headless', [pod(1), { ...pod(2), hostname: 'second' }]);
    const records = await resolver.resolveSrv(`_grpc._tcp.${headless}`);
    expect(
      records.map(({ name, port, weight }) => ({ name, port, weight })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    ).toEqual([
      { name: `127-77-1-1.${headless}`, port: 50051, weight: 50 },
      { name: `second.${headless}`, port: 50051, weight: 50 },
    ]);
    expect(await resolver.resolve4(`second.${headless}`)).toEqual(['127.77.1.2']);
    expect(await code(resolver.resolveSrv(`_http._tcp.${headless}`))).toBe('ENOTFOUND');
  });

  test('names without the zone, of other zones and without a Service are not answered', async () => {
    expect((await ask({ name: 'greeter.lbscope', type: 'A' })).rcode).toBe('REFUSED');
    expect((await ask({ name: 'example.org', type: 'A' })).rcode).toBe('REFUSED');
    expect((await ask({ name: 'nobody.lbscope.svc.cluster.local', type: 'A' })).rcode).toBe('NXDOMAIN');
    expect((await ask({ name: 'greeter.elsewhere.svc.cluster.local', type: 'A' })).rcode).toBe('NXDOMAIN');
    expect((await ask({ name: 'lbscope.svc.cluster.local', type: 'A' })).rcode).toBe('NOERROR');
  });

  test('not yet synced is SERVFAIL', async () => {
    dns.setSynced(false);
    expect(await code(resolver.resolve4(headless))).toBe('ESERVFAIL');
  });

  test('the order is drawn anew for each answer', async () => {
    slice(
      'a',
      'greeter-headless',
      Array.from({ length: 5 }, (_, index) => pod(index + 1)),
    );
    const firsts = new Map<string, number>();
    for (let count = 0; count < 300; count++) {
      const [first] = await resolver.resolve4(headless);
      firsts.set(first!, (firsts.get(first!) ?? 0) + 1);
    }
    // Chi-square with 4 degrees of freedom: above 25.5 once in 25,000 runs.
    const chi = [...firsts.values()].reduce((sum, seen) => sum + (seen - 60) ** 2 / 60, (5 - firsts.size) * 60);
    expect(chi).toBeLessThan(25.5);
  });
});

describe('messages', () => {
  test('28 pods fit in 512 bytes; 100 come over TCP, which Node asks for by itself', async () => {
    slice(
      'a',
      'greeter-headless',
      Array.from({ length: 100 }, (_, index) => pod(index + 1)),
    );
    const cut = await ask({ name: headless, type: 'A' });
    expect(cut.flag_tc).toBe(true);
    expect(cut.answers!.length).toBeGreaterThanOrEqual(27);
    expect(new Set(await resolver.resolve4(headless)).size).toBe(100);
    expect(dns.state().queries.tcp).toBe(1);
  });

  test('EDNS: a larger size is used, an unknown version is BADVERS', async () => {
    slice(
      'a',
      'greeter-headless',
      Array.from({ length: 100 }, (_, index) => pod(index + 1)),
    );
    const opt = (ednsVersion: number): packet.Answer =>
      ({
        type: 'OPT',
        name: '.',
        udpPayloadSize: 4096,
        extendedRcode: 0,
        ednsVersion,
        flags: 0,
        flag_do: false,
        options: [],
      }) as packet.Answer;
    const whole = await ask({ name: headless, type: 'A' }, { additionals: [opt(0)] });
    expect(whole.flag_tc).toBe(false);
    expect(whole.answers).toHaveLength(100);
    expect(whole.additionals).toMatchObject([{ type: 'OPT' }]);
    const bad = await ask({ name: headless, type: 'A' }, { additionals: [opt(1)] });
    expect(bad.additionals).toMatchObject([{ type: 'OPT', extendedRcode: 1 }]);
  });

  test('the case of the question is kept (0x20)', async () => {
    const name = 'GrEeTeR.lBsCoPe.SvC.cLuStEr.LoCaL';
    const answer = await ask({ name, type: 'A' });
    expect(answer.questions![0]!.name).toBe(name);
    expect(answer.answers).toMatchObject([{ name, data: '127.77.255.1' }]);
  });

  test('malformed packets are refused or dropped, and the next query is answered', async () => {
    const good = packet.encode({ type: 'query', id: 9, questions: [{ name: headless, type: 'A' }] });
    const loop = Buffer.concat([good.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
    expect((await askRaw(loop)).readUInt16BE(2) & 0xf).toBe(1);
    const two = Buffer.from(good);
    two.writeUInt16BE(2, 4);
    expect((await askRaw(two)).readUInt16BE(2) & 0xf).toBe(1);
    const notify = Buffer.from(good);
    notify.writeUInt16BE(4 << 11, 2);
    expect((await askRaw(notify)).readUInt16BE(2) & 0xf).toBe(4);
    await expect(askRaw(Buffer.from([1, 2, 3]))).rejects.toThrow('no answer');
    const response = Buffer.from(good);
    response.writeUInt16BE(0x8000, 2);
    await expect(askRaw(response)).rejects.toThrow('no answer');
    // One socket for all: its port must not become the resolver's while answers are still on their way.
    const noisy = createSocket('udp4');
    let seed = 1;
    for (let round = 0; round < 2_000; round++) {
      const noise = Buffer.from(good);
      for (let hit = 0; hit < 4; hit++) {
        seed = (seed * 48_271) % 2_147_483_647;
        noise[seed % noise.length] = (seed >> 8) & 0xff;
      }
      const part = noise.subarray(0, seed % (noise.length + 1));
      await new Promise<void>((sent) => noisy.send(part, dns.port, '127.0.0.1', () => sent()));
      // The server lives in this process: it needs its turn.
      if (round % 50 === 0) await new Promise(setImmediate);
    }
    await expect.poll(() => dns.state().queries.malformed, { timeout: 5_000 }).toBeGreaterThan(1_000);
    noisy.close();
    expect(await resolver.resolve4('greeter.lbscope.svc.cluster.local')).toEqual(['127.77.255.1']);
  });

  test('TCP: queries in pieces and several at once are each answered', async () => {
    const one = packet.streamEncode({
      type: 'query',
      id: 1,
      questions: [{ name: 'greeter.lbscope.svc.cluster.local', type: 'A' }],
    });
    const two = packet.streamEncode({
      type: 'query',
      id: 2,
      questions: [{ name: 'nobody.lbscope.svc.cluster.local', type: 'A' }],
    });
    const both = Buffer.concat([one, two]);
    const socket = connect(dns.port, '127.0.0.1');
    socket.setNoDelay(true);
    const got = await new Promise<Answered[]>((resolve) => {
      let rest = Buffer.alloc(0);
      const answers: Answered[] = [];
      socket.on('data', (chunk) => {
        rest = Buffer.concat([rest, chunk as Buffer]);
        while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
          const length = rest.readUInt16BE(0);
          answers.push(packet.decode(rest.subarray(2, 2 + length)) as Answered);
          rest = rest.subarray(2 + length);
        }
        if (answers.length === 2) resolve(answers);
      });
      socket.write(both.subarray(0, 1));
      setTimeout(() => socket.write(both.subarray(1, 9)), 20);
      setTimeout(() => socket.write(both.subarray(9)), 40);
    });
    socket.destroy();
    expect(got.map(({ id, rcode }) => [id, rcode])).toEqual([
      [1, 'NOERROR'],
      [2, 'NXDOMAIN'],
    ]);
  });
});

describe('what a demonstration asks for', () => {
  test('modes answer with the fault asked for', async () => {
    slice('a', 'greeter-headless', [pod(1)]);
    dns.setMode({ kind: 'servfail' });
    expect(await code(resolver.resolve4(headless))).toBe('ESERVFAIL');
    dns.setMode({ kind: 'nxdomain' });
    expect(await code(resolver.resolve4(headless))).toBe('ENOTFOUND');
    dns.setMode({ kind: 'empty' });
    expect(await code(resolver.resolve4(headless))).toBe('ENODATA');
    dns.setMode({ kind: 'drop' });
    await expect(ask({ name: headless, type: 'A' })).rejects.toThrow('no answer');
    dns.setMode({ kind: 'normal' });
    expect(await resolver.resolve4(headless)).toEqual(['127.77.1.1']);
  });

  test('queries are counted by name and type', async () => {
    await code(resolver.resolve4(headless));
    await code(resolver.resolve4(headless));
    expect(dns.state().names).toMatchObject([{ name: headless, type: 'A', count: 2, rcodes: { NXDOMAIN: 2 } }]);
  });

  test('a taken port is moved aside', async () => {
    const options = {
      store,
      clock: systemClock,
      random: Math.random,
      host: '127.0.0.1',
      port: dns.port,
      ttlSeconds: 5,
    };
    const second = await DnsServer.start(options);
    expect(second.port).not.toBe(dns.port);
    await second.close();
  });
});
