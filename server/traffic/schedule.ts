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
        // A double of this century's milliseconds is good to a quarter of a microsecond: never after now.
        if (intended.length < room) intended.push(Math.min(now, next / perMs));
        else shortfall += 1;
      }
      return { intended, shortfall, nextAt: next / perMs };
    },
    ended() {},
  };
}

/** Closed loop: `concurrency` callers, each waiting for its answer and then thinking for `thinkTimeMs`. */
export function closedLoop(concurrency: number, thinkTimeMs: number, startAt: number): Schedule {
  /** Instants at which callers that think will call again, sorted; nearly always a later one is added. */
  const thinking: number[] = [];
  return {
    due(now, inFlight) {
      // Callers are in flight or think. Those a change of settings added begin at once; those it took away leave as
      // their calls end, also calls that were issued under other settings.
      const room = Math.max(0, concurrency - inFlight);
      while (thinking.length > room) thinking.pop();
      while (thinking.length < room) thinking.unshift(Math.max(now, startAt));
      const intended: number[] = [];
      while (thinking.length > 0 && (thinking[0] as number) <= now) intended.push(thinking.shift() as number);
      return { intended, shortfall: 0, nextAt: thinking[0] };
    },
    ended(now) {
      const at = now + thinkTimeMs;
      let place = thinking.length;
      while (place > 0 && (thinking[place - 1] as number) > at) place -= 1;
      thinking.splice(place, 0, at);
    },
  };
}
