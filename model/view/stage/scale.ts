/** The one scale of all streams: width is calls per second, never another for one lane. */
export type Scale = {
  /** A stream of this many calls per second is as wide as a stream may be. */
  reference: number;
  pxPerCall: number;
  /** One mark stands for this many calls. */
  callsPerMark: number;
};

/** Marks that one stream shows at most. */
export const mostMarks = 60;
/** A call is on its stream for this long. */
export const travelMs = 700;
/** A rate this little over a step still is that step's: an achieved rate wavers. */
const slack = 1.05;
/** Where streams do not fit, the scale shrinks in steps, so that it does not breathe. */
const step = 1 / 12;

/** The smallest of 1, 2, 5, 10, 20, 50 ... that holds the rate. */
export function niceAbove(value: number): number {
  if (!(value > 0)) return 1;
  let decade = 10 ** Math.floor(Math.log10(value));
  for (;;) {
    for (const digit of [1, 2, 5]) if (digit * decade >= value * (1 - 1e-9)) return digit * decade;
    decade *= 10;
  }
}

/**
 * `rates`: calls per second of each lane. `widest`: px of the widest stream where there is room. `need`: how many times
 * the width of a whole lane meets at one pod's edge, which is `edge` px long.
 */
export function scaleFor(rates: readonly number[], widest: number, edge: number, need: number): Scale {
  const most = Math.max(0, ...rates);
  const reference = niceAbove(most / slack);
  const fit = Math.min(1, edge / Math.max(1, widest * need));
  const factor = fit === 1 ? 1 : Math.max(step, Math.floor(fit / step) * step);
  const busiest = most * (travelMs / 1_000);
  return {
    reference,
    pxPerCall: (widest * factor) / reference,
    callsPerMark: Math.max(1, niceAbove(busiest / mostMarks)),
  };
}
