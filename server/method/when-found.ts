import type { TimerHandle, Timers } from '../events/port.ts';
import type { TrafficSettings } from '../traffic/driver.ts';
import type { MethodCall } from '../traffic/method-call.ts';
import type { Found } from './find-method.ts';

/** As server/driver's; declared here, where it is used. */
interface Driver {
  apply(settings: TrafficSettings, running: boolean): void;
  stop(goesOn?: boolean): Promise<void>;
}

type Life =
  | { readonly t: 'asking' }
  | { readonly t: 'waiting'; readonly timer: TimerHandle }
  | { readonly t: 'open'; readonly driver: Driver }
  | { readonly t: 'failed' }
  | { readonly t: 'stopped' };

/** A server that was not there, or gets its reflection or its method with a rollout. */
const againMs = 5_000;

/**
 * A lane's driver that begins when its method is known. Until then, and if it never is, the lane says why it makes no calls;
 * nothing of it touches other lanes.
 */
export function whenFound(options: {
  readonly path: string;
  readonly find: () => Promise<Found>;
  readonly open: (call: MethodCall) => Driver;
  readonly onDown: (reason: string | undefined) => void;
  readonly timers: Timers;
}): Driver {
  const { path, find, open, onDown, timers } = options;
  let life: Life = { t: 'asking' };
  let wanted: { settings: TrafficSettings; running: boolean } | undefined;

  const ask = (): void => {
    life = { t: 'asking' };
    void find().then((found) => {
      if (life.t === 'stopped') return;
      if (found.ok) {
        onDown(undefined);
        const driver = open(found.call);
        life = { t: 'open', driver };
        if (wanted !== undefined) driver.apply(wanted.settings, wanted.running);
        return;
      }
      life = found.again ? { t: 'waiting', timer: timers.setTimeout(ask, againMs) } : { t: 'failed' };
      onDown(found.reason);
    });
  };
  onDown(`asking what ${path} is`);
  ask();

  return {
    apply(settings, running) {
      wanted = { settings, running };
      if (life.t === 'open') life.driver.apply(settings, running);
    },
    async stop(goesOn) {
      const before = life;
      life = { t: 'stopped' };
      if (before.t === 'waiting') before.timer.cancel();
      if (before.t === 'open') await before.driver.stop(goesOn);
    },
  };
}
