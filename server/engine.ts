/**
 * What makes the calls of an agent's lanes, whatever its role: the driver's thread, the processes of other client software, and
 * the resolvers above them. The agent that is asked has one; a worker has one for each session.
 */
import { readFileSync } from 'node:fs';
import type { Frame, LaneSpec } from '../gen/lbscope/events/v1/events_pb.js';
import type { AgentOptions } from './agent-options.ts';
import { createNodeLookup } from './balancing/resolver/node-lookup.ts';
import type { Lookup, SliceWatch } from './balancing/resolver/port.ts';
import { channelMaker } from './driver/channels.ts';
import { childProcess } from './driver/child-process.ts';
import { OtherClients } from './driver/other-clients.ts';
import { sameThread } from './driver/same-thread.ts';
import { spin } from './driver/spin.ts';
import { type Driver, Drivers } from './driver/upper.ts';
import { workerThread } from './driver/worker-thread.ts';
import { anchorOf } from './events/clock.ts';
import { onePartEach } from './events/merge.ts';
import type { Clock, EventSink, Timers } from './events/port.ts';
import type { Api } from './kube/http.ts';
import { createKuberesolverWatch } from './kube/kuberesolver.ts';
import { createSliceWatch } from './kube/slices.ts';
import { channelSpec } from './lanes/channel-spec.ts';
import type { DriverListener } from './lanes/lane.ts';
import { findMethod } from './method/find-method.ts';
import { whenFound } from './method/when-found.ts';
import type { AttributionTable } from './traffic/attribution.ts';

/** Bundled beside the agent; a TypeScript file where the agent runs from its sources. */
const fromSource = import.meta.url.endsWith('.ts');
const scriptOf = (client: string): URL =>
  new URL(fromSource ? `./driver/${client}-process.ts` : `./${client}.mjs`, import.meta.url);
const driverScript = new URL(fromSource ? './driver/worker.ts' : './driver.mjs', import.meta.url);

export interface EngineParts {
  readonly options: AgentOptions;
  /** As whom lanes watch. */
  readonly connect: () => Api;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
  readonly events: EventSink;
  /** One each beat, with all lanes in it. */
  readonly onFrame: (frame: Frame) => void;
  readonly onFault: (reason: string, message: string) => void;
}

export class Engine {
  readonly lookup: Lookup;
  readonly slices: SliceWatch;
  readonly timers: Timers;
  readonly #kuberesolver: SliceWatch;
  readonly #drivers: Drivers;
  readonly #others: ReadonlyMap<string, OtherClients>;
  readonly #calls: { readonly ca: string | undefined; readonly tokenFile: string | undefined };

  constructor(parts: EngineParts) {
    const { options, connect, clock, timers, random, events } = parts;
    const { transport, pacing } = options;
    this.timers = timers;
    this.lookup = createNodeLookup({ server: options.dns });
    this.slices = createSliceWatch({ connect, timers, random });
    this.#kuberesolver = createKuberesolverWatch({ connect, timers });
    this.#calls = { ca: readCallCa(options['call-ca']), tokenFile: options['call-token-file'] };
    const common = { lookup: this.lookup, clock, timers, random, events };
    // Addresses and settings go down, frames and events come up.
    this.#drivers = new Drivers({
      ...common,
      start:
        options.driver === 'worker'
          ? workerThread(driverScript, { anchor: anchorOf(clock), transport, pacing })
          : sameThread({
              clock,
              timers,
              makeChannel: channelMaker({ transport, clock, timers, random }),
              ...(pacing === 'precise' ? { spin } : {}),
            }),
      onFrame: (frame) =>
        parts.onFrame(onePartEach([...this.#others.values()].reduce((joined, other) => other.join(joined), frame))),
      onFault: (reason) => parts.onFault(reason, "the driver's thread ended; another one is started"),
    });
    // Lanes that other client software drives, each in a process of its own.
    const [dnsHost, dnsPort] = options.dns?.split(':') ?? [];
    const dns = dnsHost === undefined ? undefined : { host: dnsHost, port: Number(dnsPort) };
    this.#others = new Map(
      ['grpc-js', 'connect-node'].map((client) => [
        client,
        new OtherClients({
          ...common,
          start: childProcess(scriptOf(client), { anchor: anchorOf(clock), dns }),
          onFault: (reason) => parts.onFault(reason, `the process of ${client} ended; another one is started`),
        }),
      ]),
    );
  }

  open(spec: LaneSpec, { onForbidden, onDown }: DriverListener): Driver {
    const { method } = spec;
    const channel = channelSpec(spec, this.#calls);
    const plan = { laneId: spec.id, channel, client: spec.client, keepAlive: spec.keepAlive ?? true };
    const sliceWatch = telling(spec.profile === 'kuberesolver' ? this.#kuberesolver : this.slices, onForbidden);
    const makers = this.#others.get(spec.client) ?? this.#drivers;
    if (method === undefined) return makers.open(plan, { sliceWatch, onDown });
    const { lookup, slices, timers } = this;
    return whenFound({
      path: method.path,
      find: () => findMethod(spec, method, { lookup, sliceWatch: slices, timers, tls: channel.tls }),
      open: (call) => makers.open({ ...plan, method: call }, { sliceWatch, onDown }),
      onDown,
      timers,
    });
  }

  /** The truth's knowledge of addresses changed. */
  attribute(table: AttributionTable): void {
    this.#drivers.attribute(table);
    for (const other of this.#others.values()) other.attribute(table);
  }

  /** A membership changed: ends the running frame. */
  cut(): void {
    for (const other of this.#others.values()) other.cut();
    this.#drivers.cut();
  }

  /** Ends the running frame; settles with that instant when every frame before it has been handed on. */
  async edge(): Promise<number> {
    await Promise.all([...this.#others.values()].map((other) => other.edge()));
    return this.#drivers.edge();
  }

  /** `begin` is called when all that was counted so far has come up, and before anything that is counted later. */
  newRun(begin: () => void): void {
    const own = () => this.#drivers.newRun(begin);
    [...this.#others.values()].reduce((next, other) => () => other.newRun(next), own)();
  }

  async stop(): Promise<void> {
    await this.#drivers.stop();
    await Promise.all([...this.#others.values()].map((other) => other.stop()));
  }
}

/** PEM of `--call-ca`. A path that can't be read ends the agent: lanes would fail one by one with a reason that hides it. */
function readCallCa(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    process.stderr.write(`--call-ca is "${path}": ${(error as Error).message}\n`);
    process.exit(2);
  }
}

/** A SliceWatch that also tells the lane when the cluster forbids it. */
function telling(slices: SliceWatch, onForbidden: (reason: string | undefined) => void): SliceWatch {
  return {
    watch: (service, port, listener) =>
      slices.watch(service, port, {
        onEndpoints: (addresses) => listener.onEndpoints(addresses),
        onState: (state, message) => {
          if (state === 'forbidden') onForbidden(`${message}; it needs get, list and watch on endpointslices`);
          else if (state === 'synced') onForbidden(undefined);
          listener.onState(state, message);
        },
      }),
  };
}
