import { clockText, duration, thinSpace } from '../../model/time.ts';

/** Marks of the ruler: `at` from 0 (left) to 1. */
export type Tick = { at: number; label: string };

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const steps = [
  200,
  500,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12, 24].map((n) => n * hour),
];

/** Before now, in round steps: what stands still while the picture slides. */
export function ticksBeforeNow(spanMs: number, most: number): Tick[] {
  const step = steps.find((each) => spanMs / each <= most) ?? spanMs;
  const ticks: Tick[] = [];
  for (let before = step; before <= spanMs * 1.0001; before += step) {
    ticks.unshift({ at: Math.max(0, 1 - before / spanMs), label: `\u2212${beforeText(before, step)}` });
  }
  return ticks.filter((tick, i) => i === 0 || tick.at < 0.95);
}

function beforeText(ms: number, step: number): string {
  if (ms < 2 * minute && step >= second) return `${Math.round(ms / second)}${thinSpace}s`;
  if (step < second) return `${ms / second}${thinSpace}s`;
  return duration(ms);
}

/** At round instants of the clock, for a stretch of the past. */
export function ticksOfClock(fromMs: number, toMs: number, most: number, offsetMinutes: number): Tick[] {
  const spanMs = toMs - fromMs;
  const step = steps.find((each) => spanMs / each <= most) ?? spanMs;
  const shift = offsetMinutes * minute;
  const ticks: Tick[] = [];
  for (let at = Math.ceil((fromMs + shift) / step) * step - shift; at <= toMs; at += step) {
    const text = clockText(at, offsetMinutes);
    const label = step >= minute ? text.slice(0, 5) : step >= second ? text.slice(0, 8) : text;
    ticks.push({ at: (at - fromMs) / spanMs, label });
  }
  return ticks.filter((tick) => tick.at < 0.95);
}
