import { fromMs } from '../../model/time.ts';
import type { ErrorClass } from '../../model/words.ts';
import type { EventSink } from '../events/port.ts';

/** A burst ends after this long without another loss of its kind ... */
export const quietMs = 500;
/** ... or after this long in all, so that a lasting failure is told while it lasts. */
export const longestMs = 1_000;

export interface Loss {
  readonly errorClass: ErrorClass;
  readonly podUid: string | undefined;
  readonly address: string | undefined;
  readonly connectionId: string | undefined;
  /** upstream, dialled, inferred, none */
  readonly attribution: string;
  readonly toRemoved: boolean;
  readonly message: string;
}

interface Burst extends Loss {
  first: number;
  last: number;
  count: number;
  removed: number;
}

/** Groups lost calls of a lane by class and pod, so that a thousand failures are a handful of events. */
export class LossBursts {
  readonly #laneId: string;
  readonly #events: EventSink;
  readonly #open = new Map<string, Burst>();

  constructor(laneId: string, events: EventSink) {
    this.#laneId = laneId;
    this.#events = events;
  }

  /** True when the loss opens a burst. */
  add(loss: Loss, at: number): boolean {
    const key = `${loss.errorClass} ${loss.podUid ?? ''} ${loss.attribution}`;
    const burst = this.#open.get(key);
    if (burst === undefined) {
      this.#open.set(key, { ...loss, first: at, last: at, count: 1, removed: loss.toRemoved ? 1 : 0 });
      return true;
    }
    burst.last = at;
    burst.count += 1;
    if (loss.toRemoved) burst.removed += 1;
    return false;
  }

  /** Emits the bursts that are over. `all` ends every one, for a stop. */
  flush(now: number, all = false): void {
    for (const [key, burst] of this.#open) {
      if (!all && now - burst.last < quietMs && now - burst.first < longestMs) continue;
      this.#open.delete(key);
      this.#events.emit({
        at: now,
        laneId: this.#laneId,
        ...(burst.podUid === undefined ? {} : { podUid: burst.podUid }),
        ...(burst.address === undefined ? {} : { address: burst.address }),
        ...(burst.connectionId === undefined ? {} : { connectionId: burst.connectionId }),
        kind: {
          case: 'lossBurst',
          value: {
            errorClass: burst.errorClass,
            count: burst.count,
            first: fromMs(burst.first),
            last: fromMs(burst.last),
            toRemoved: burst.removed,
            attribution: burst.attribution,
            message: burst.message,
          },
        },
      });
    }
  }
}
