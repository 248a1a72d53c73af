import { Behavior } from './behavior.ts';
import { controlHandlers } from './control.ts';
import { greeterHandlers } from './greeter.ts';
import { realAgeParts } from './grpc/connection-age.ts';
import { type Authorize, type Certificate, GrpcServer } from './grpc/server.ts';
import { healthHandlers } from './health.ts';
import { jsonMethods } from './json/methods.ts';
import { JsonServer } from './json/server.ts';
import type { Identity } from './messages.ts';

export interface PodOptions {
  readonly identity: Identity;
  readonly listenAddress: string;
  readonly port: number;
  readonly controlPort: number;
  /** HTTP/1.1 and JSON; undefined: not served. */
  readonly jsonPort?: number | undefined;
  /** grpc.health.v1 alone, without TLS and credentials, for probes; undefined: not served. */
  readonly healthPort?: number | undefined;
  /** Of the greeter's port. */
  readonly tls?: (() => Certificate | undefined) | undefined;
  readonly authorize?: Authorize | undefined;
  readonly drainLimitMs: number;
  /** gRFC A9, until the control service says otherwise; -1: none. */
  readonly connectionAge?: { readonly maxConnectionAgeMs: number; readonly maxConnectionAgeGraceMs: number };
  readonly random: () => number;
  /** Ends the process; called by Crash after all sockets were reset. */
  readonly exit: () => void;
}

export interface Pod {
  readonly port: number;
  readonly controlPort: number;
  readonly jsonPort: number | undefined;
  readonly healthPort: number | undefined;
  /** Ends gracefully; resolves with whether all calls had ended before the limit. */
  drain(): Promise<{ readonly finished: boolean }>;
  /** Ends now. */
  stop(): void;
}

/** The servers of a pod: gRPC and JSON, which Services lead to, and the control port that none leads to. */
export async function startPod(options: PodOptions): Promise<Pod> {
  const behavior = new Behavior(options.connectionAge);
  const handlers = new Map([
    ...greeterHandlers(options.identity, behavior, options.random),
    ...healthHandlers(behavior),
  ]);
  const greeter = new GrpcServer(handlers, {
    ageParts: { ...realAgeParts, random: options.random },
    tls: options.tls,
    authorize: options.authorize,
  });
  const health = options.healthPort === undefined ? undefined : new GrpcServer(new Map(healthHandlers(behavior)));
  const limitAge = () => {
    const { maxConnectionAgeMs, maxConnectionAgeGraceMs } = behavior.values;
    const finite = (ms: number) => (ms < 0 ? Number.POSITIVE_INFINITY : ms);
    greeter.limitAge({ ageMs: finite(maxConnectionAgeMs), graceMs: finite(maxConnectionAgeGraceMs) });
  };
  limitAge();
  behavior.onChange(limitAge);
  const json = options.jsonPort === undefined ? undefined : new JsonServer(jsonMethods(options.identity, handlers));
  const control = new GrpcServer(
    new Map(
      controlHandlers(behavior, () => {
        greeter.reset();
        json?.reset();
        health?.reset();
        control.reset();
        options.exit();
      }),
    ),
  );
  const stop = () => {
    greeter.destroy();
    json?.destroy();
    health?.destroy();
    control.destroy();
  };
  const { listenAddress } = options;
  const [port, controlPort, jsonPort, healthPort] = await Promise.all([
    greeter.listen(options.port, listenAddress),
    control.listen(options.controlPort, listenAddress),
    json?.listen(options.jsonPort ?? 0, listenAddress),
    health?.listen(options.healthPort ?? 0, listenAddress),
  ]).catch((error) => {
    stop();
    throw error;
  });

  return {
    port,
    controlPort,
    jsonPort,
    healthPort,
    stop,
    async drain() {
      behavior.drain();
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<boolean>((done) => {
        timer = setTimeout(() => done(false), options.drainLimitMs);
      });
      const finished = await Promise.race([Promise.all([greeter.drain(), json?.drain()]).then(() => true), limit]);
      clearTimeout(timer);
      stop();
      return { finished };
    },
  };
}
