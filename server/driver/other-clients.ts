import { create } from '@bufbuild/protobuf';
import { type Frame, FrameSchema, type LaneFrame, LaneFrameSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { mergeFrames } from '../events/merge.ts';
import type { AttributionTable } from '../traffic/attribution.ts';
import type { LanePlan } from './messages.ts';
import { type Driver, type DriverListener, Drivers, type DriversOptions } from './upper.ts';

/**
 * Lanes whose calls other client software makes in a process of its own. The process begins with the first such lane and ends
 * with the last. Its frames travel with the agent's own: what it counted goes into the next one, so that there is one frame
 * per beat for all lanes.
 */
export class OtherClients {
  readonly #options: Omit<DriversOptions, 'onFrame'>;
  #drivers: Drivers | undefined;
  /** Each lane's newest figures that are no counts: what it says of itself in a frame in which it counted nothing. */
  readonly #lanes = new Map<object, LaneFrame>();
  #table: AttributionTable | undefined;
  #pending: [Frame, ...Frame[]] | undefined;

  constructor(options: Omit<DriversOptions, 'onFrame'>) {
    this.#options = options;
  }

  open(plan: LanePlan, listener: DriverListener): Driver {
    if (this.#drivers === undefined) {
      this.#drivers = new Drivers({
        ...this.#options,
        onFrame: (frame) => {
          if (frame.lanes.length === 0) return;
          if (this.#pending === undefined) this.#pending = [frame];
          else this.#pending.push(frame);
        },
      });
      if (this.#table !== undefined) this.#drivers.attribute(this.#table);
    }
    const driver = this.#drivers.open(plan, listener);
    this.#lanes.set(driver, create(LaneFrameSchema, { laneId: plan.laneId }));
    return {
      apply: (settings, running) => driver.apply(settings, running),
      stop: async (goesOn) => {
        await driver.stop(goesOn);
        this.#lanes.delete(driver);
        if (this.#lanes.size === 0) await this.stop();
      },
    };
  }

  /** The agent's frame with what was counted here since the one before: each of these lanes is in each frame, as its own are. */
  join(frame: Frame): Frame {
    if (this.#lanes.size === 0 && this.#pending === undefined) return frame;
    const counted = this.#pending === undefined ? [] : mergeFrames(this.#pending).lanes;
    this.#pending = undefined;
    const lanes = [...frame.lanes, ...counted];
    for (const [driver, { laneId }] of this.#lanes) {
      const now = counted.find((lane) => lane.laneId === laneId);
      if (now === undefined) lanes.push(this.#lanes.get(driver) as LaneFrame);
      else {
        const { inFlight, askedRate } = now;
        this.#lanes.set(driver, create(LaneFrameSchema, { laneId, inFlight, askedRate }));
      }
    }
    return create(FrameSchema, { ...frame, lanes });
  }

  attribute(table: AttributionTable): void {
    this.#table = table;
    this.#drivers?.attribute(table);
  }

  cut(): void {
    this.#drivers?.cut();
  }

  /** Settles when what was counted so far will be in the agent's next frame. */
  async edge(): Promise<void> {
    await this.#drivers?.edge();
  }

  newRun(begin: () => void): void {
    if (this.#drivers === undefined) begin();
    else this.#drivers.newRun(begin);
  }

  async stop(): Promise<void> {
    const drivers = this.#drivers;
    this.#drivers = undefined;
    await drivers?.stop();
  }
}
