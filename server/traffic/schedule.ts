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
 * Which of a lane's calls are one agent's, where `of` agents share them: one of each `of` in a row. Which one is turned by a
 * hash from row to row: in a fixed order three agents would each always meet the same one of three pods behind a proxy.
 */
export interface Part {
  readonly index: number;
  readonly of: number;
}

/** The number of the call in that row. */
function callOf({ index, of }: Part, row: number): number {
  if (of === 1) return row;
  // Multiply and fold (Knuth's constant): rows in a row come out far apart.
  const turned = Math.imul((row % 0x1_0000_0000) | 0, 0x9e37_79b1) >>> 0;
  return row * of + ((index + (turned >>> 8)) % of);
}

const whole: Part = { index: 0, of: 1 };

/**
 * Open loop. The k-th send is meant for k/rate seconds since the epoch, so lanes with the same rate are in step, and the parts
 * of several agents make up the whole to the call, whatever the rate divides by. `ratePerSecond` from 0.1 to 100,000.
 */
export function openLoop(ratePerSecond: number, startAt: number, part: Part = whole): Schedule {
  const perMs = ratePerSecond / 1_000;
  /** The first row in which this part's call is number k or a later one. */
  const rowFrom = (k: number): number => {
    const row = Math.floor(k / part.of);
    return callOf(part, row) < k ? row + 1 : row;
  };
  let row = rowFrom(Math.ceil(startAt * perMs));
  return {
    due(now, inFlight) {
      const last = Math.floor(now * perMs);
      let shortfall = 0;
      const oldest = rowFrom(Math.ceil((now - giveUpAfterMs) * perMs));
      if (row < oldest) {
        shortfall += oldest - row;
        row = oldest;
      }
      const room = Math.max(0, mostInFlight - inFlight);
      const intended: number[] = [];
      let call = callOf(part, row);
      for (; call <= last; call = callOf(part, row)) {
        // A double of this century's milliseconds is good to a quarter of a microsecond: never after now.
        if (intended.length < room) intended.push(Math.min(now, call / perMs));
        else shortfall += 1;
        row += 1;
      }
      return { intended, shortfall, nextAt: call / perMs };
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
