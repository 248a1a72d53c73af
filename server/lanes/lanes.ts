import { create } from '@bufbuild/protobuf';
import { type LaneSpec, type Traffic, TrafficSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import type { Done } from '../api/agent-port.ts';
import { Lane, type LaneParts } from './lane.ts';
import type { Saved } from './saved.ts';

/** Six are drawn well; twelve are still readable; more would only measure each other. */
export const mostLanes = 12;

export interface LanesOptions {
  readonly parts: LaneParts;
  readonly initial: Saved;
  readonly save: (saved: Saved) => void;
  /** Why this agent can't run such a lane, in one sentence; asked of lanes that are put. */
  readonly lacking?: (spec: LaneSpec) => string | undefined;
}

/** All lanes, in the order they were put. What changes here takes effect at once and is saved. */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #lanes = new Map<string, Lane>();
  #traffic: Traffic;
  #held: string | undefined;
  readonly #closing = new Set<Promise<void>>();

  constructor(options: LanesOptions) {
    this.#options = options;
    this.#traffic = options.initial.traffic;
  }

  /** `held`: why the lanes shall wait for `release` before their first calls. */
  start(held?: string): void {
    this.#held = held;
    this.#tellTraffic();
    for (const { spec, running, traffic } of this.#options.initial.lanes) {
      this.#add(spec, traffic ?? this.#traffic, traffic !== undefined, running);
    }
    // Written at once: a restarted agent goes on with these lanes also when nobody ever changed them.
    this.#save();
  }

  release(): void {
    this.#held = undefined;
    for (const lane of this.#lanes.values()) lane.release();
  }

  get ids(): readonly string[] {
    return [...this.#lanes.keys()];
  }

  get running(): boolean {
    return [...this.#lanes.values()].some((lane) => lane.wanted);
  }

  wanted(laneId: string): boolean {
    return this.#lanes.get(laneId)?.wanted === true;
  }

  /** Undefined: all lanes. */
  setRunning(laneId: string | undefined, running: boolean): Done {
    const chosen = this.#choose(laneId);
    if (!chosen.ok) return chosen;
    for (const lane of chosen.lanes) lane.setRunning(running);
    this.#tellTraffic();
    this.#save();
    return { ok: true };
  }

  /** Rate opens the loop, concurrency closes it; all else is kept. Without a lane, lanes with settings of their own follow too. */
  setTraffic(laneId: string | undefined, change: Partial<Traffic>): Done<{ traffic: Traffic }> {
    const chosen = this.#choose(laneId);
    if (!chosen.ok) return chosen;
    const wanted = laneId === undefined ? [this.#traffic] : [];
    for (const lane of chosen.lanes) if (laneId !== undefined || lane.own) wanted.push(lane.traffic);
    const fault = wanted.map((traffic) => streamFault(changed(traffic, change))).find((text) => text !== undefined);
    if (fault !== undefined) return { ok: false, code: 'failed_precondition', message: fault };
    if (laneId === undefined) {
      this.#traffic = changed(this.#traffic, change);
      for (const lane of chosen.lanes) lane.setTraffic(lane.own ? changed(lane.traffic, change) : this.#traffic);
      this.#tellTraffic();
      for (const lane of chosen.lanes) if (lane.own) this.#tellLaneTraffic(lane);
      this.#save();
      return { ok: true, traffic: this.#traffic };
    }
    const [lane] = chosen.lanes;
    if (lane === undefined) return unknownLane(laneId, this.ids);
    lane.own = true;
    lane.setTraffic(changed(lane.traffic, change));
    this.#tellLaneTraffic(lane);
    this.#save();
    return { ok: true, traffic: lane.traffic };
  }

  /** A lane with that id is replaced in its place; its old channels finish their calls. */
  put(spec: LaneSpec): Done {
    const lacking = this.#options.lacking?.(spec);
    if (lacking !== undefined) return { ok: false, code: 'failed_precondition', message: lacking };
    const before = this.#lanes.get(spec.id);
    if (before === undefined && this.#lanes.size >= mostLanes) {
      return {
        ok: false,
        code: 'resource_exhausted',
        message: `there are ${mostLanes} lanes, which is the most; remove one first`,
      };
    }
    const wanted = before?.wanted ?? this.running;
    if (before !== undefined) this.#close(before, true);
    this.#add(spec, before?.traffic ?? this.#traffic, before?.own ?? false, wanted);
    this.#save();
    return { ok: true };
  }

  remove(laneId: string): Done {
    const lane = this.#lanes.get(laneId);
    if (lane === undefined) return unknownLane(laneId, this.ids);
    this.#lanes.delete(laneId);
    this.#close(lane);
    this.#options.parts.events.emit({
      laneId,
      kind: { case: 'laneChanged', value: { lane: lane.spec, removed: true } },
    });
    this.#save();
    return { ok: true };
  }

  /** Something in the cluster changes: readers of proxies look often for a while. */
  hurry(ms: number): void {
    for (const lane of this.#lanes.values()) lane.hurry(ms);
  }

  newRun(): void {
    this.#tellTraffic();
    for (const lane of this.#lanes.values()) lane.newRun();
  }

  async stop(): Promise<void> {
    for (const lane of this.#lanes.values()) this.#close(lane);
    this.#lanes.clear();
    await Promise.all(this.#closing);
  }

  #add(spec: LaneSpec, traffic: Traffic, own: boolean, running: boolean): void {
    this.#options.parts.events.emit({
      laneId: spec.id,
      kind: { case: 'laneChanged', value: { lane: spec, removed: false } },
    });
    const lane = new Lane(spec, traffic, { own, running }, this.#options.parts);
    this.#lanes.set(spec.id, lane);
    if (own) this.#tellLaneTraffic(lane);
    lane.start(this.#held);
  }

  #close(lane: Lane, goesOn = false): void {
    const closing = lane.stop(goesOn).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #choose(laneId: string | undefined): Done<{ lanes: Lane[] }> {
    if (laneId === undefined) return { ok: true, lanes: [...this.#lanes.values()] };
    const lane = this.#lanes.get(laneId);
    return lane === undefined ? unknownLane(laneId, this.ids) : { ok: true, lanes: [lane] };
  }

  #tellTraffic(): void {
    this.#options.parts.events.emit({
      kind: { case: 'trafficChanged', value: { traffic: this.#traffic, running: this.running } },
    });
  }

  #tellLaneTraffic(lane: Lane): void {
    this.#options.parts.events.emit({
      laneId: lane.spec.id,
      kind: { case: 'trafficChanged', value: { traffic: lane.traffic, running: lane.wanted } },
    });
  }

  #save(): void {
    this.#options.save({
      traffic: this.#traffic,
      lanes: [...this.#lanes.values()].map((lane) => ({
        spec: lane.spec,
        running: lane.wanted,
        traffic: lane.own ? lane.traffic : undefined,
      })),
    });
  }
}

function changed(before: Traffic, change: Partial<Traffic>): Traffic {
  const after = create(TrafficSchema, { ...before, ...change });
  if (change.ratePerSecond !== undefined && change.ratePerSecond > 0) after.concurrency = 0;
  else if (change.concurrency !== undefined && change.concurrency > 0) after.ratePerSecond = 0;
  return after;
}

function unknownLane(id: string, ids: readonly string[]): Extract<Done, { ok: false }> {
  return {
    ok: false,
    code: 'not_found',
    message: `laneId is "${id}": there is no such lane; there are ${ids.join(', ') || 'none'}`,
  };
}

/** A stream that its deadline always cuts shows nothing but deadlines. */
function streamFault(traffic: Traffic): string | undefined {
  const { kind, messagesPerStream, messageIntervalMs, deadlineMs } = traffic;
  const takesMs = (messagesPerStream - 1) * messageIntervalMs;
  if (kind === 'unary' || takesMs < deadlineMs) return undefined;
  return (
    `messagesPerStream is ${messagesPerStream} and messageIntervalMs is ${messageIntervalMs}, so a stream takes ${takesMs} ms, ` +
    `and deadlineMs is ${deadlineMs}: allowed is a deadline above that`
  );
}
