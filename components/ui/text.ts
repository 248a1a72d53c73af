import { duration } from '../../model/time.ts';

/** Number and unit with a space as wide as between words: the narrow one is too narrow to be read across a room. */
export function spaced(text: string): string {
  return text.replaceAll('\u202f', '\u00a0');
}

/** "8 s", counted in whole seconds: an age that is read while it grows. */
export function wholeSeconds(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return seconds < 10 ? `${seconds}\u202fs` : duration(seconds * 1_000);
}
