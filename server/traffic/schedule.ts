/**
 * Which calls are due. Pure: it is told the time and says what to issue; the driver owns the timer.
 */

/** Intended sends older than this are given up: a schedule that can't be held must not turn into a burst. */
export const giveUpAfterMs = 1_000;
/** Above this many calls in flight a lane issues no more; what falls due meanwhile is shortfall. */
export const mostInFlight = 10_000;

export interface Due {
  /** Intended instants to issue now, in order; milliseconds of the agent's clock. */
  readonly intended: readonly number[];
  /** Intended sends given up since the last look. */
  readonly shortfall: number;
  /** When to look again; undefined: when a call ends. */
  readonly nextAt: number | undefined;
}

export interface Schedule {
  /** Called at `nextAt`, and after each ended call. */
  due(now: number, inFlight: number): Due;
  /** A call ended: closed loops issue the next one from here. */
  ended(now: number): void;
}

/**
 * Open loop. The k-th send is meant for k/rate seconds since the epoch, so lanes with the same rate are in step.
 * `ratePerSecond` from 0.1 to 100,000.
 */
export function openLoop(ratePerSecond: number, startAt: number): Schedule {
  const perMs = ratePerSecond / 1_000;
  let next = Math.ceil(startAt * perMs);
  return {
    due(now, inFlight) {
      const last = Math.floor(now * perMs);
      let shortfall = 0;
      const oldest = Math.ceil((now - giveUpAfterMs) * perMs);
      if (next < oldest) {
        shortfall += oldest - next;
        next = oldest;
      }
      const room = Math.max(0, mostInFlight - inFlight);
      const intended: number[] = [];
      for (; next <= last; next += 1) {
        if (intended.length < room) intended.push(next / perMs);
        else shortfall += 1;
      }
      return { intended, shortfall, nextAt: next / perMs };
    },
    ended() {},
  };
}

/** Closed loop: `concurrency` callers, each waiting for its answer and then thinking for `thinkTimeMs`. */
export function closedLoop(concurrency: number, thinkTimeMs: number, startAt: number): Schedule {
  /** Instants at which a caller is ready to call, sorted; nearly always a later one is added. */
  const ready: number[] = [];
  let callers = 0;
  return {
    due(now, inFlight) {
      // Callers that a change of settings added begin at once; those it took away leave as their calls end.
      while (callers < concurrency) {
        callers += 1;
        if (inFlight + ready.length < concurrency) ready.push(startAt);
      }
      const intended: number[] = [];
      while (ready.length > 0 && (ready[0] as number) <= now && inFlight + intended.length < concurrency) {
        intended.push(Math.max(ready.shift() as number, startAt));
      }
      return { intended, shortfall: 0, nextAt: inFlight + intended.length < concurrency ? ready[0] : undefined };
    },
    ended(now) {
      const at = now + thinkTimeMs;
      let place = ready.length;
      while (place > 0 && (ready[place - 1] as number) > at) place -= 1;
      ready.splice(place, 0, at);
      // A caller more than the settings want: it leaves.
      if (ready.length > concurrency) ready.shift();
    },
  };
}
