import { describe, expect, it } from 'vitest';
import type { Address, Connection, ConnectionListener, TransportFactory } from '../transport/port.ts';
import { prepareOnUnary } from '../transport/prepared.ts';
import { createChannel, type WholeChannelOptions } from './channel.ts';
import { EventLog } from './testing/events.ts';
import { FakeTime } from './testing/fake-time.ts';
import { ManualLookup } from './testing/manual-lookup.ts';

/** A transport whose connections the test makes and breaks; sockets are in channel.test.ts. */
class ManualTransport implements TransportFactory {
  readonly name = 'manual';
  readonly dials: { readonly address: string; readonly at: number; readonly listener: ConnectionListener }[] = [];
  private readonly time: FakeTime;
  /** Hosts where nobody listens. */
  readonly dead = new Set<string>();

  constructor(time: FakeTime) {
    this.time = time;
  }

  connect(address: Address, _options: unknown, listener: ConnectionListener): Connection {
    this.dials.push({ address: address.host, at: this.time.now(), listener });
    const refuse = this.dead.has(address.host);
    queueMicrotask(() =>
      refuse ? listener.onClosed({ errorClass: 'refused', reason: 'refused', inFlight: 0 }) : listener.onConnected(),
    );
    const end = () =>
      queueMicrotask(() => listener.onClosed({ errorClass: 'reset', reason: 'closed by us', inFlight: 0 }));
    const connection: Connection = {
      inFlight: 0,
      unary: () => Promise.resolve({ ok: true, message: new Uint8Array(), headers: new Map() }),
      prepare: (request, sink) => prepareOnUnary(connection, request, sink),
      stream: () => ({ write: () => Promise.resolve(), halfClose: () => {}, cancel: () => {} }),
      ping: () => Promise.resolve(undefined),
      drain: end,
      close: end,
    };
    return connection;
  }

  breakConnection(host: string): void {
    this.dials
      .findLast((dial) => dial.address === host)
      ?.listener.onClosed({ errorClass: 'reset', reason: 'reset', inFlight: 0 });
  }
}

function bench(options: Partial<WholeChannelOptions> = {}) {
  const time = new FakeTime(0);
  const lookup = new ManualLookup(time, ['10.0.0.1', '10.0.0.2']);
  const transport = new ManualTransport(time);
  const log = new EventLog();
  const channel = createChannel({
    laneId: 'headless',
    channelIndex: 1,
    target: 'greeter-headless.lbscope:50051',
    resolver: 'dns',
    policy: 'round_robin',
    profile: 'grpc-go',
    transport,
    lookup,
    sliceWatch: undefined,
    events: log,
    clock: time,
    timers: time,
    random: () => 0.5,
    ...options,
  });
  const call = () => channel.unary({ path: '/a.B/C', message: new Uint8Array(), timeoutMs: 1000 });
  const next = () => log.values('nextTrigger').at(-1);
  return { time, lookup, transport, log, channel, call, next };
}

describe('channel over time', () => {
  it('a new pod waits for a disconnect, however long: nothing re-resolves while all is healthy', async () => {
    const b = bench();
    await b.call();
    b.lookup.outcome = { ok: true, addresses: ['10.0.0.1', '10.0.0.2', '10.0.0.3'] };
    for (let n = 0; n < 60; n++) {
      await b.time.advance(60_000);
      await b.call();
    }
    expect(b.lookup.askedAt).toEqual([0]);
    expect(b.next()).toEqual({ kind: 'none', reason: 'nothing pending, every connection is healthy' });
    b.transport.breakConnection('10.0.0.1');
    await b.time.advance(1);
    expect(b.lookup.askedAt).toHaveLength(2);
    expect(b.log.values('pickerUpdated').at(-1)).toMatchObject({
      addresses: ['10.0.0.1:50051', '10.0.0.2:50051', '10.0.0.3:50051'],
      channel: 1,
    });
    expect(b.log.values('resolved').at(-1)).toMatchObject({ changed: true, source: 'dns', trigger: 'connection lost' });
  });

  it('says in a sentence when the next lookup comes, and reconnects by the backoff of gRPC', async () => {
    const b = bench();
    await b.call();
    await b.time.advance(12_000);
    b.transport.dead.add('10.0.0.1');
    b.transport.breakConnection('10.0.0.1');
    expect(b.next()).toMatchObject({ kind: 'timer', reason: 'in 18 s: at most one lookup per 30 s' });
    await b.time.advance(17_000);
    const again = b.transport.dials.filter((dial) => dial.address === '10.0.0.1' && dial.at >= 12_000);
    expect(again.map((dial) => Math.round(dial.at - 12_000))).toEqual([0, 1000, 2600, 5160, 9256, 15810]);
    await b.time.advance(1001);
    expect(b.lookup.askedAt).toEqual([0, 30_000]);
    expect(b.log.values('connectFailed')[0]).toMatchObject({ errorClass: 'refused', attempt: 1 });
  });

  it.each([
    // The largest jitter: the first step without one, then each 1.2 x the curve's.
    ['grpc-go', [0, 1_000, 2_920, 5_992]],
    ['grpc-java', [0, 1_200, 3_120, 6_192]],
    // Each 1.2 x 1.6 x the one before.
    ['grpc-js', [0, 1_000, 2_920, 6_606]],
  ] as const)('%s: between attempts lies the backoff of this client', async (profile, expected) => {
    const b = bench({ profile, random: () => 0.999_999_9 });
    await b.call();
    await b.time.advance(12_000);
    b.transport.dead.add('10.0.0.1');
    b.transport.breakConnection('10.0.0.1');
    await b.time.advance(7_000);
    const again = b.transport.dials.filter((dial) => dial.address === '10.0.0.1' && dial.at >= 12_000);
    expect(again.map((dial) => Math.round(dial.at - 12_000)).slice(0, 4)).toEqual(expected);
  });

  it('NXDOMAIN drops every connection with grpc-go and none with grpc-js', async () => {
    for (const [profile, state] of [
      ['grpc-go', 'TRANSIENT_FAILURE'],
      ['grpc-js', 'READY'],
    ] as const) {
      const b = bench({ profile });
      await b.call();
      await b.time.advance(40_000);
      b.lookup.outcome = { ok: false, code: 'NXDOMAIN', message: '' };
      b.transport.breakConnection('10.0.0.1');
      await b.time.advance(10);
      expect(b.channel.state).toBe(state);
      const outcome = await b.call();
      expect(outcome.ok || outcome.errorClass).toBe(profile === 'grpc-go' ? 'no_endpoints' : true);
    }
  });

  it('lets go of everything after 30 minutes without a call, and the next call begins anew', async () => {
    const b = bench();
    await b.call();
    await b.time.advance(1_799_000);
    expect(b.channel.state).toBe('READY');
    await b.call();
    await b.time.advance(1_799_000);
    expect(b.channel.state).toBe('READY');
    await b.time.advance(2000);
    expect(b.channel.state).toBe('IDLE');
    expect(b.time.pending).toBe(0);
    expect(await b.call()).toMatchObject({ ok: true });
    expect(b.lookup.askedAt).toHaveLength(2);
  });

  it('gives every connection and resolution a number of its own', async () => {
    const b = bench();
    await b.call();
    b.transport.breakConnection('10.0.0.1');
    await b.time.advance(60_000);
    const connections = b.log.of('connecting').map((event) => event.connectionId);
    const resolutions = b.log.of('resolutionStarted').map((event) => event.resolutionId);
    expect(new Set(connections).size).toBe(connections.length);
    expect(connections.length).toBe(3);
    expect(new Set(resolutions).size).toBe(resolutions.length);
    expect(b.log.events.every((event) => event.laneId === 'headless')).toBe(true);
  });

  it('a static host name is looked up with each connection', async () => {
    const b = bench({ resolver: 'static', policy: 'pick_first' });
    await b.call();
    expect(b.lookup.askedAt).toEqual([0]);
    await b.time.advance(5000);
    b.transport.breakConnection('10.0.0.1');
    await b.time.advance(0);
    expect(b.lookup.askedAt).toEqual([0, 5000]);
    await b.call();
    expect(b.next()).toEqual({ kind: 'none', reason: 'nothing pending, every connection is healthy' });
  });

  it('a static host name that could not be looked up is asked for again with each retry: no failure is kept', async () => {
    const b = bench({ resolver: 'static', policy: 'pick_first' });
    b.lookup.outcome = { ok: false, code: 'SERVFAIL', message: '' };
    b.channel.connect();
    await b.time.advance(2_700);
    expect(b.lookup.askedAt.map(Math.round)).toEqual([0, 1_000, 2_600]);
    b.lookup.outcome = { ok: true, addresses: ['10.0.0.1'] };
    await b.time.advance(2_600);
    expect(b.channel.state).toBe('READY');
  });

  it('a static address is never looked up', async () => {
    const b = bench({ resolver: 'static', policy: 'pick_first', target: '10.96.0.10:80' });
    await b.call();
    b.transport.breakConnection('10.96.0.10');
    await b.call();
    expect(b.lookup.askedAt).toEqual([]);
    expect(b.next()).toMatchObject({ kind: 'none' });
    expect(b.transport.dials).toHaveLength(2);
  });

  it('leaves no timer behind', async () => {
    const b = bench();
    b.transport.dead.add('10.0.0.1').add('10.0.0.2');
    await b.call();
    await b.channel.close(1000);
    expect(b.channel.state).toBe('SHUTDOWN');
    expect(b.time.pending).toBe(0);
  });

  it('refuses a faulty specification when it is made', () => {
    expect(() => bench({ target: 'nowhere' })).toThrow('target "nowhere" is not host:port');
    expect(() => bench({ target: 'x:0' })).toThrow('port "0"');
    expect(() => bench({ resolver: 'kubernetes', target: 'greeter:80' })).toThrow('service.namespace:port');
  });

  it('an idle timeout of its own, and what it says while it is idle', async () => {
    const b = bench({ idleTimeoutMs: 60_000 });
    await b.call();
    await b.time.advance(60_001);
    expect(b.channel.state).toBe('IDLE');
    expect(b.next()).toEqual({
      kind: 'connection',
      reason: 'idle after 1 min without a call, in place of 30 min: the next call looks up anew',
    });
    expect(b.log.values('disconnected').length).toBe(2);
  });

  it('grpc-js with pick_first: the loss alone asks nobody, the next call does, and the old list is dialled at once', async () => {
    const b = bench({ policy: 'pick_first', profile: 'grpc-js' });
    await b.call();
    await b.time.advance(60_000);
    b.transport.breakConnection('10.0.0.1');
    await b.time.advance(60_000);
    expect(b.lookup.askedAt).toEqual([0]);
    b.lookup.tookMs = 500;
    expect(await b.call()).toMatchObject({ ok: true });
    expect(b.lookup.askedAt).toEqual([0, 120_000]);
    expect(b.transport.dials.at(-1)).toMatchObject({ address: '10.0.0.1', at: 120_000 });
    expect(b.log.values('resolutionStarted').at(-1)).toMatchObject({ trigger: 'next call' });
  });

  it('grpc-js with round_robin: a new address makes it ask once more at the mark', async () => {
    const b = bench({ profile: 'grpc-js' });
    await b.call();
    await b.time.advance(40_000);
    b.lookup.outcome = { ok: true, addresses: ['10.0.0.1', '10.0.0.2', '10.0.0.3'] };
    b.transport.breakConnection('10.0.0.2');
    await b.time.advance(600_000);
    expect(b.lookup.askedAt).toEqual([0, 40_000, 70_000]);
  });

  it('a lane that waits for ready waits in TRANSIENT_FAILURE, too', async () => {
    const b = bench({ waitForReady: true });
    b.transport.dead.add('10.0.0.1').add('10.0.0.2');
    let result: unknown;
    void b.call().then((outcome) => {
      result = outcome;
    });
    await b.time.advance(900);
    expect(b.channel.state).toBe('TRANSIENT_FAILURE');
    expect(result).toBeUndefined();
    await b.time.advance(200);
    expect(result).toMatchObject({ ok: false, errorClass: 'deadline' });
  });
});
