import { create } from '@bufbuild/protobuf';
import { type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';

/**
 * Instants are milliseconds since the Unix epoch with a fraction. A double holds microseconds of this century exactly
 * enough (its step is 0.24 us), so microseconds survive the way to a protobuf Timestamp and back.
 */
export function toMs(ts: Timestamp | undefined): number {
  return ts === undefined ? 0 : Number(ts.seconds) * 1000 + ts.nanos / 1e6;
}

/** Like {@link toMs}, but keeps the difference between "never" and the epoch. */
export function toMsOrUndefined(ts: Timestamp | undefined): number | undefined {
  return ts === undefined ? undefined : toMs(ts);
}

/** Rounds to whole microseconds. */
export function fromMs(ms: number): Timestamp {
  let seconds = Math.floor(ms / 1000);
  let micros = Math.round((ms - seconds * 1000) * 1000);
  if (micros >= 1_000_000) {
    seconds += 1;
    micros -= 1_000_000;
  }
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: micros * 1000 });
}

export function fromMsOrUndefined(ms: number | undefined): Timestamp | undefined {
  return ms === undefined ? undefined : fromMs(ms);
}

/** U+202F: between a number and its unit on screen, so that they are never parted by a line break. */
export const thinSpace = '\u202f';
/** U+00A0: between the two parts of "6 min 40 s". */
export const noBreakSpace = '\u00a0';

/**
 * A duration as people read it, two or three digits that matter: "0.4 ms", "8 ms", "3.9 s", "47 s", "6 min 40 s",
 * "2 h 5 min". Negative ones carry a real minus sign. With ordinary spaces; {@link duration} is the one for the screen.
 */
export function plainDuration(ms: number): string {
  return write(ms, ' ', ' ');
}

/** {@link plainDuration} with spaces that do not break. */
export function duration(ms: number): string {
  return write(ms, thinSpace, noBreakSpace);
}

/** "8 s", counted in whole seconds: an age that is read while it grows. */
export function wholeSeconds(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1_000);
  return seconds < 10 ? `${seconds}${thinSpace}s` : duration(seconds * 1_000);
}

function write(ms: number, unitSpace: string, partSpace: string): string {
  if (!Number.isFinite(ms)) return 'never';
  if (ms < 0) {
    const text = write(-ms, unitSpace, partSpace);
    return /^0[^\d.]/.test(text) ? text : `\u2212${text}`;
  }
  if (ms < 0.95) return `${ms < 0.05 ? '0' : ms.toFixed(1)}${unitSpace}ms`;
  if (ms < 999.5) return `${Math.round(ms)}${unitSpace}ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)}${unitSpace}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}${unitSpace}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return pair(minutes, 'min', seconds % 60, 's', unitSpace, partSpace);
  const wholeMinutes = Math.round(seconds / 60);
  const hours = Math.floor(wholeMinutes / 60);
  if (hours < 24) return pair(hours, 'h', wholeMinutes % 60, 'min', unitSpace, partSpace);
  const wholeHours = Math.round(seconds / 3600);
  return pair(Math.floor(wholeHours / 24), 'd', wholeHours % 24, 'h', unitSpace, partSpace);
}

function pair(big: number, bigUnit: string, small: number, smallUnit: string, unitSpace: string, partSpace: string) {
  const head = `${big}${unitSpace}${bigUnit}`;
  return small === 0 ? head : `${head}${partSpace}${small}${unitSpace}${smallUnit}`;
}

/** Binds numbers to what they count in a sentence of the API, for the screen: "47 s", "3 → 5", "1 of 5". */
export function bindNumbers(sentence: string): string {
  return sentence
    .replace(/(\d) (ms|s|min|h|d|%)(?![\p{L}\d])/gu, `$1${thinSpace}$2`)
    .replace(/(\d) (→|of|to) (\d)/gu, `$1${noBreakSpace}$2${noBreakSpace}$3`)
    .replace(/(\d) (calls?|pods?|clients?|lost|missing|ghosts?)\b/gu, `$1${noBreakSpace}$2`);
}

/**
 * "14:32:07.0": clock time with tenths. `offsetMinutes` is minutes east of UTC (the browser passes its own); a tenth
 * is cut, not rounded, so that the clock never shows a moment that has not come.
 */
export function clockText(ms: number, offsetMinutes = 0): string {
  const tenths = Math.floor((ms + offsetMinutes * 60_000) / 100);
  const day = ((tenths % 864_000) + 864_000) % 864_000;
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(Math.floor(day / 36_000))}:${two(Math.floor(day / 600) % 60)}:${two(Math.floor(day / 10) % 60)}.${day % 10}`;
}
