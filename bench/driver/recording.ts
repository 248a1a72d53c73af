import { createLowerChannel } from '../../server/balancing/channel.ts';
import type { Channel, PreparedCallSink } from '../../server/balancing/channel-port.ts';
import { createClock, nodeTimers } from '../../server/events/clock.ts';
import { CallSlots } from '../../server/traffic/calls.ts';
import { LaneCounters } from '../../server/traffic/counters.ts';
import { IdentityReader } from '../../server/traffic/identity.ts';
import { Recorder } from '../../server/traffic/recorder.ts';
import { encodeCall } from '../../server/traffic/requests.ts';
import { createHttp2Transport } from '../../server/transport/http2/index.ts';

const concurrency = 64;
const clock = createClock();
const quiet = { emit() {} };

function channelTo(port: number): Channel {
  return createLowerChannel({
    target: `127.0.0.1:${port}`,
    resolver: 'static',
    policy: 'pick_first',
    laneId: 'bench',
    channelIndex: 0,
    resolution: (onTold) => ({
      start: () =>
        onTold({ t: 'addresses', addresses: [{ host: '127.0.0.1', port }], of: { id: 'r', at: clock.now() } }),
      request() {},
      stop() {},
      healthy() {},
    }),
    transport: createHttp2Transport(),
    events: quiet,
    clock,
    timers: nodeTimers,
    random: Math.random,
  });
}

/** Calls at 64 at a time through a channel, each the end of another: recorded as the driver does it, or not at all. */
export class RecordingBench {
  readonly #port: number;
  readonly #channels = new Map<boolean, Channel>();

  constructor(port: number) {
    this.#port = port;
  }

  /** CPU microseconds of a call, over about `ms`. */
  async slice(recorded: boolean, ms: number): Promise<number> {
    let channel = this.#channels.get(recorded);
    if (channel === undefined) {
      channel = channelTo(this.#port);
      this.#channels.set(recorded, channel);
    }
    const call = encodeCall('unary', { payloadBytes: 0, messages: 1, intervalMs: 0 }, nodeTimers);
    if (call.kind !== 'unary' || channel.prepare === undefined) throw new Error('unary calls are prepared');
    const until = clock.now() + ms;
    const slots = new CallSlots();
    const reader = new IdentityReader();
    const attribution = {
      version: 0,
      podAt: () => undefined,
      podNamed: () => undefined,
      notReadySince: () => undefined,
    };
    const recorder = new Recorder({ laneId: 'bench', events: quiet, attribution, counters: new LaneCounters() });
    let open = 0;
    let calls = 0;
    let done: () => void = () => {};
    const over = new Promise<void>((resolve) => {
      done = resolve;
    });
    const next = (now: number): void => {
      if (now >= until) {
        if (open === 0) done();
        return;
      }
      open += 1;
      if (recorded) recorder.issue(0);
      prepared?.send(recorded ? slots.take(now, now) : 0, now);
    };
    const ended = (now: number): void => {
      open -= 1;
      calls += 1;
      next(now);
    };
    const plain: PreparedCallSink = {
      onMessage() {},
      onAnswered: (_slot, _route, now) => ended(now),
      onResult: (_slot, _result, now) => ended(now),
      sentAt: () => 0,
    };
    const recording: PreparedCallSink = {
      onMessage: (slot, bytes, start, end, route) => {
        slots.who[slot] = reader.indexOf(bytes, start, end, route.memo);
      },
      onAnswered: (slot, route, now) => {
        const { who, intendedAt, sentAt } = slots;
        const [meant, sent] = [intendedAt[slot] as number, sentAt[slot] as number];
        recorder.answered(reader, who[slot] as number, route, 'unary', meant, sent, now);
        slots.release(slot);
        ended(now);
      },
      onResult: (slot, result, now) => {
        recorder.end(result, undefined, 'unary', slots.intendedAt[slot] as number, now);
        slots.release(slot);
        ended(now);
      },
      sentAt: (slot) => slots.sentAt[slot] as number,
    };
    const prepared = channel.prepare(
      { path: call.path, message: call.message, timeoutMs: 5_000 },
      recorded ? recording : plain,
    );
    const before = process.cpuUsage();
    for (let i = 0; i < concurrency; i += 1) next(clock.now());
    await over;
    const { user, system } = process.cpuUsage(before);
    return (user + system) / calls;
  }

  async stop(): Promise<void> {
    for (const channel of this.#channels.values()) await channel.close(100);
  }
}
