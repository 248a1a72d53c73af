import type { Event, Frame, LaneSpec } from '../../gen/lbscope/events/v1/events_pb.js';
import type { LaneTrouble, Ready } from '../../gen/lbscope/worker/v1/worker_pb.js';
import { fromMs } from '../../model/time.ts';
import { OpenConnections } from '../driver/open-connections.ts';
import type { Clock, EventSink, Timers } from '../events/port.ts';
import type { AttributionTable } from '../traffic/attribution.ts';
import type { Address } from '../transport/port.ts';
import { FrameJoin } from './frame-join.ts';
import { type Dial, Peer } from './peer.ts';
import type { Engine, LaneDriver, LaneListener } from './port.ts';
import { type Load, shareOf } from './share.ts';
import { ownEvent, request, toAttribution, toLane } from './wire.ts';

export interface FleetOptions {
  readonly version: string;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly events: EventSink;
  /** Joined: one for each interval, of all agents. */
  readonly onFrame: (frame: Frame) => void;
}

interface OpenLane {
  readonly spec: LaneSpec;
  readonly own: LaneDriver;
  load: Load | undefined;
}

interface Member {
  readonly peer: Peer;
  readonly open: OpenConnections;
  name: string;
  clockErrorMs: number;
  /** Still among those that there should be. */
  wanted: boolean;
}

/**
 * All agents as one: what a lane shall send is dealt out over this agent and the workers it has a session with, and what they
 * count comes back as one frame per interval. Connections and beliefs stay each agent's own. When a worker is lost the others
 * take its part at once; it gets it back when it comes again.
 */
export class Fleet implements Engine {
  readonly #options: FleetOptions;
  readonly #engine: Engine;
  readonly #join: FrameJoin;
  readonly #members = new Map<string, Member>();
  readonly #lanes = new Map<number, OpenLane>();
  #next = 0;
  #table: AttributionTable | undefined;
  #telling = false;

  /** `engine` makes this agent's own calls; its frames are handed to `own`. */
  constructor(engine: Engine, options: FleetOptions) {
    this.#options = options;
    this.#engine = engine;
    this.#join = new FrameJoin({
      clock: options.clock,
      timers: options.timers,
      onFrame: options.onFrame,
      onLate: (agent, late) => this.#late(agent, late),
    });
  }

  own(frame: Frame): void {
    this.#join.own(frame);
  }

  /** Up to where an agent's counts are here; undefined: it has no session, or reported nothing yet. */
  reportedTo(agent: string): number | undefined {
    return this.#join.reportedTo(agent);
  }

  /** All other agents that there should be. */
  setPeers(addresses: readonly Address[]): void {
    const ids = new Set(addresses.map(({ host, port }) => `${host}:${port}`));
    for (const [id, member] of this.#members) {
      member.wanted = ids.has(id);
      // A pod that ends leaves DNS first: it works on until its session ends.
      if (!member.wanted && !member.peer.working) this.#remove(member);
    }
    for (const address of addresses) {
      if (this.#members.has(`${address.host}:${address.port}`)) continue;
      const { version, dial, clock, timers } = this.#options;
      const peer = new Peer({
        address,
        version,
        dial,
        clock,
        timers,
        listener: {
          onWorking: (each, ready) => this.#working(each, ready),
          onLost: (each, reason) => this.#lost(each, reason),
          onRefused: (each, reason) => this.#refused(each, reason),
          onFrame: (each, frame) => this.#join.other(each.id, frame),
          onEvent: (each, event) => this.#event(each, event),
          onTrouble: (each, trouble) => this.#trouble(each, trouble),
        },
      });
      const member = { peer, open: new OpenConnections(), name: '', clockErrorMs: 0, wanted: true };
      this.#members.set(peer.id, member);
      this.#tell(member, 'connecting', '');
      peer.start();
    }
  }

  open(spec: LaneSpec, listener: LaneListener): LaneDriver {
    this.#next += 1;
    const number = this.#next;
    const lane: OpenLane = { spec, own: this.#engine.open(spec, listener), load: undefined };
    this.#lanes.set(number, lane);
    return {
      apply: (settings, running) => {
        lane.load = { settings, running };
        this.#share();
      },
      stop: (goesOn) => {
        this.#lanes.delete(number);
        this.#share();
        return lane.own.stop(goesOn);
      },
    };
  }

  attribute(table: AttributionTable): void {
    this.#table = table;
    this.#engine.attribute(table);
    for (const peer of this.#workers()) peer.send(request({ case: 'attribution', value: toAttribution(table) }));
  }

  cut(): void {
    for (const peer of this.#workers()) peer.send(request({ case: 'cut', value: {} }));
    this.#engine.cut();
  }

  async edge(): Promise<number> {
    await Promise.all(this.#workers().map((peer) => peer.edge()));
    const at = await this.#engine.edge();
    this.#join.flush();
    return at;
  }

  newRun(begin: () => void): void {
    const parted = this.#workers().map((peer) => peer.newRun(() => this.#join.parted(peer.id)));
    const own = () =>
      this.#engine.newRun(() => {
        this.#join.flush();
        begin();
        this.#join.begun();
      });
    // Not a turn later than it must be: without workers the run begins as it always did.
    if (parted.length === 0) own();
    else void Promise.all(parted).then(own);
  }

  async stop(): Promise<void> {
    for (const { peer } of this.#members.values()) peer.stop();
    this.#members.clear();
    await this.#engine.stop();
    this.#join.stop();
  }

  /** Those with a session, in an order that all lanes share. */
  #workers(): Peer[] {
    return [...this.#members.values()].map(({ peer }) => peer).filter((peer) => peer.working);
  }

  /** Once for all that one turn changes: lanes are put, and all of them change their traffic, together. */
  #share(): void {
    if (this.#workers().length === 0) {
      for (const { own, load } of this.#lanes.values()) this.#apply(own, load, { index: 0, of: 1 });
      return;
    }
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      const peers = this.#workers();
      const of = 1 + peers.length;
      for (const { own, load } of this.#lanes.values()) this.#apply(own, load, { index: 0, of });
      peers.forEach((peer, place) => {
        const lanes = [...this.#lanes].flatMap(([driver, { spec, load }]) =>
          load === undefined ? [] : [toLane(driver, spec, shareOf(load, { index: place + 1, of }))],
        );
        peer.send(request({ case: 'lanes', value: { lanes } }));
      });
    });
  }

  #apply(own: LaneDriver, load: Load | undefined, part: { index: number; of: number }): void {
    if (load === undefined) return;
    const { settings, running } = shareOf(load, part);
    own.apply(settings, running);
  }

  // ---- what workers say

  #working(peer: Peer, { name, clockErrorMs }: Ready): void {
    const member = this.#members.get(peer.id);
    if (member === undefined) return;
    Object.assign(member, { name, clockErrorMs });
    this.#join.add(peer.id);
    if (this.#table !== undefined) {
      peer.send(request({ case: 'attribution', value: toAttribution(this.#table) }));
    }
    this.#tell(member, 'working', '');
    this.#share();
  }

  #lost(peer: Peer, reason: string): void {
    const member = this.#members.get(peer.id);
    if (member === undefined) return;
    const { events, clock } = this.#options;
    const now = clock.now();
    for (const event of member.open.endAll()) events.emit({ at: now, agent: peer.id, ...event });
    for (const [laneId, count] of this.#join.remove(peer.id)) {
      const message = `${nameOf(member)} was lost: how its calls in flight ended nobody knows`;
      const at = fromMs(now);
      const value = { errorClass: 'reset', count, first: at, last: at, attribution: 'none', message };
      events.emit({ at: now, laneId, agent: peer.id, kind: { case: 'lossBurst', value } });
    }
    this.#tell(member, 'lost', reason);
    this.#share();
    if (!member.wanted) this.#remove(member);
  }

  #refused(peer: Peer, reason: string): void {
    const member = this.#members.get(peer.id);
    if (member === undefined) return;
    if (member.wanted) this.#tell(member, 'lost', reason);
    else this.#remove(member);
  }

  #remove(member: Member): void {
    member.peer.stop();
    this.#members.delete(member.peer.id);
    this.#tell(member, 'lost', 'it is no longer among the agents that there should be', true);
  }

  #event(peer: Peer, event: Event): void {
    const init = ownEvent(peer.id, event);
    this.#members.get(peer.id)?.open.note(init);
    this.#options.events.emit(init);
  }

  #trouble(peer: Peer, { driver, forbidden, down }: LaneTrouble): void {
    const lane = this.#lanes.get(driver);
    if (lane === undefined) return;
    const reason = forbidden || down;
    const value = {
      state: reason === '' ? 'running' : 'unavailable',
      reason,
      code: forbidden === '' ? '' : 'forbidden',
    };
    this.#options.events.emit({ laneId: lane.spec.id, agent: peer.id, kind: { case: 'laneState', value } });
  }

  #late(agent: string, late: boolean): void {
    const member = this.#members.get(agent);
    if (member === undefined) return;
    if (late) this.#tell(member, 'late', 'its counts come after their frame and go into a later one');
    else this.#tell(member, 'working', '');
  }

  #tell(member: Member, state: string, reason: string, removed = false): void {
    const { name, clockErrorMs, peer } = member;
    const agent = { id: peer.id, name, state, reason, clockErrorMs };
    this.#options.events.emit({ agent: peer.id, kind: { case: 'agentChanged', value: { agent, removed } } });
  }
}

function nameOf({ name, peer }: Member): string {
  return name || peer.id;
}
