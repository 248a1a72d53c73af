import type { LogSource } from '../apiserver/log-port.ts';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../apiserver/server.ts';
import type { LabStore } from '../apiserver/store.ts';
import { type Clock, systemTimers, type Timers } from '../apiserver/time.ts';
import { startControllers } from './controllers.ts';

export interface ControlPlaneOptions extends Omit<ApiServerOptions, 'store' | 'clock' | 'timers' | 'logs'> {
  readonly store: LabStore;
  readonly clock: Clock;
  readonly timers?: Timers;
  readonly logs?: LogSource;
}

/** API server and controllers over one store: a cluster without nodes. Rejects only when the port can't be had. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ApiServer> {
  const timers = options.timers ?? systemTimers;
  const api = await startApiServer({ ...options, timers });
  const controllers = startControllers({ store: options.store, clock: options.clock, timers });
  return {
    url: api.url,
    access: api.access,
    close() {
      controllers.stop();
      return api.close();
    },
  };
}
