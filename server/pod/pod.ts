import { Behavior } from './behavior.ts';
import { controlHandlers } from './control.ts';
import { greeterHandlers } from './greeter.ts';
import { GrpcServer } from './grpc/server.ts';
import { healthHandlers } from './health.ts';
import type { Identity } from './messages.ts';

export interface PodOptions {
  readonly identity: Identity;
  readonly listenAddress: string;
  readonly port: number;
  readonly controlPort: number;
  readonly drainLimitMs: number;
  readonly random: () => number;
  /** Ends the process; called by Crash after all sockets were reset. */
  readonly exit: () => void;
}

export interface Pod {
  readonly port: number;
  readonly controlPort: number;
  /** Ends gracefully; resolves with whether all calls had ended before the limit. */
  drain(): Promise<{ readonly finished: boolean }>;
  /** Ends now. */
  stop(): void;
}

/** The two servers of a pod: what the Service leads to, and the control port that none leads to. */
export async function startPod(options: PodOptions): Promise<Pod> {
  const behavior = new Behavior();
  const greeter = new GrpcServer(
    new Map([...greeterHandlers(options.identity, behavior, options.random), ...healthHandlers(behavior)]),
  );
  const control = new GrpcServer(
    new Map(
      controlHandlers(behavior, () => {
        greeter.reset();
        control.reset();
        options.exit();
      }),
    ),
  );
  const port = await greeter.listen(options.port, options.listenAddress);
  const controlPort = await control.listen(options.controlPort, options.listenAddress).catch((error) => {
    greeter.destroy();
    throw error;
  });

  const stop = () => {
    greeter.destroy();
    control.destroy();
  };

  return {
    port,
    controlPort,
    stop,
    async drain() {
      behavior.drain();
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<boolean>((done) => {
        timer = setTimeout(() => done(false), options.drainLimitMs);
      });
      const finished = await Promise.race([greeter.drain().then(() => true), limit]);
      clearTimeout(timer);
      stop();
      return { finished };
    },
  };
}
