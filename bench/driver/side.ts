import { toBinary } from '@bufbuild/protobuf';
import { type Frame, FrameSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { Merged } from '../../model/histogram.ts';
import { channelMaker } from '../../server/driver/channels.ts';
import { sameThread } from '../../server/driver/same-thread.ts';
import { spin } from '../../server/driver/spin.ts';
import { type Driver, Drivers } from '../../server/driver/upper.ts';
import { workerThread } from '../../server/driver/worker-thread.ts';
import { anchorOf, createClock, nodeTimers } from '../../server/events/clock.ts';
import { createHub } from '../../server/events/hub.ts';
import { defaultTraffic } from '../../server/lanes/defaults.ts';

const viewers = 8;
const clock = createClock();

export interface Sample {
  readonly asked: number;
  /** Answered per second of the frames' own time. */
  readonly achieved: number;
  readonly shortfall: number;
  readonly failed: number;
  readonly late: Merged;
  readonly latency: Merged;
  readonly frames: number;
}

/** One lane on one server, as the agent runs it: drivers in a worker or not, a hub, and eight viewers that take every frame. */
export class Side {
  readonly name: string;
  readonly #drivers: Drivers;
  readonly #driver: Driver;
  readonly #hub = createHub({ clock, agentVersion: 'bench' });
  #frames: Frame[] = [];
  /** Bytes that the viewers were sent. */
  bytes = 0;

  constructor(name: string, where: 'worker' | 'main', pacing: 'timer' | 'precise', port: number) {
    this.name = name;
    const start =
      where === 'worker'
        ? workerThread(new URL('../../server/driver/worker.ts', import.meta.url), {
            anchor: anchorOf(clock),
            transport: 'lbscope',
            pacing,
          })
        : sameThread({
            clock,
            timers: nodeTimers,
            makeChannel: channelMaker({ transport: 'lbscope', clock, timers: nodeTimers, random: Math.random }),
            ...(pacing === 'precise' ? { spin } : {}),
          });
    this.#hub.newRun('agent started');
    for (let i = 0; i < viewers; i += 1) void this.#view();
    this.#drivers = new Drivers({
      start,
      onFrame: (frame) => {
        this.#frames.push(frame);
        this.#hub.frame(frame);
      },
      events: this.#hub,
      lookup: { lookup: async () => ({ ok: false, code: 'NXDOMAIN', message: '' }) },
      clock,
      timers: nodeTimers,
      random: Math.random,
    });
    this.#driver = this.#drivers.open(
      {
        laneId: 'bench',
        channel: { target: `127.0.0.1:${port}`, resolver: 'static', policy: 'pick_first' },
        client: '',
        keepAlive: true,
      },
      { sliceWatch: { watch: () => ({ stop() {} }) }, onDown() {} },
    );
  }

  /** Runs at a rate, and says what the frames of the time after the first `warmMs` hold. */
  async run(ratePerSecond: number, warmMs: number, ms: number, meanwhile?: () => Promise<void>): Promise<Sample> {
    const { $typeName: _, $unknown: __, ...settings } = defaultTraffic(ratePerSecond);
    this.#driver.apply(settings, true);
    await pause(warmMs);
    this.#frames = [];
    if (meanwhile === undefined) await pause(ms);
    else await meanwhile();
    // Frames that wait for this thread.
    await pause(50);
    const frames = this.#frames.slice(1);
    this.#driver.apply(settings, false);
    await pause(300);
    const sum = { answered: 0, shortfall: 0, failed: 0 };
    const [late, latency] = [new Merged(), new Merged()];
    for (const lane of frames.flatMap((frame) => frame.lanes)) {
      sum.answered += lane.answered;
      sum.shortfall += lane.shortfall;
      for (const { count } of lane.failed) sum.failed += count;
      late.add(lane.scheduleError);
      latency.add(lane.latency);
    }
    const at = (ts: Frame['from']): number => Number(ts?.seconds ?? 0n) * 1_000 + (ts?.nanos ?? 0) / 1e6;
    const span = frames.length === 0 ? 0 : at(frames.at(-1)?.to) - at(frames[0]?.from);
    return {
      asked: ratePerSecond,
      achieved: span === 0 ? 0 : (sum.answered * 1_000) / span,
      shortfall: sum.shortfall,
      failed: sum.failed,
      late,
      latency,
      frames: frames.length,
    };
  }

  async stop(): Promise<void> {
    await this.#driver.stop();
    await this.#drivers.stop();
    this.#hub.close();
  }

  /** Takes and encodes what a viewer's stream would carry. */
  async #view(): Promise<void> {
    const viewer = this.#hub.watch();
    for (let items = await viewer.take(); items !== undefined; items = await viewer.take()) {
      for (const item of items) if (item.case === 'frame') this.bytes += toBinary(FrameSchema, item.value).length;
    }
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
