import { instant, stamp } from '../ui/instant.ts';

/**
 * What of the run is seen: so much time, ending at the now edge (which moves) or at an instant of the past. Pure, so
 * that zooming and panning can be tested without a screen.
 */
export type View = { spanMs: number; edgeMs: number | undefined };
/** From when to when there is anything to be seen. */
export type Limits = { startMs: number; nowMs: number };

export const usual: View = { spanMs: 90_000, edgeMs: undefined };
const leastSpanMs = 2_000;
/** So close to now is now: the picture follows again. */
const snapPart = 0.01;
const nearNow = 0.9;

export type Preset = '90s' | '10m' | '1h' | 'all';
export const presets: readonly { key: Preset; label: string; spanMs: number }[] = [
  { key: '90s', label: '90\u202fs', spanMs: 90_000 },
  { key: '10m', label: '10\u202fmin', spanMs: 600_000 },
  { key: '1h', label: '1\u202fh', spanMs: 3_600_000 },
  { key: 'all', label: 'All', spanMs: Number.POSITIVE_INFINITY },
];

/** The whole run, and never less than what is usual. */
export function wholeMs({ startMs, nowMs }: Limits): number {
  return Math.max(usual.spanMs, nowMs - startMs);
}

export function edgeOf(view: View, { nowMs }: Limits): number {
  return view.edgeMs ?? nowMs;
}

export function presetOf(view: View, limits: Limits): Preset | undefined {
  const whole = wholeMs(limits);
  // Before an hour has passed the whole run is less than the hour: then it is "all".
  if (view.spanMs === Number.POSITIVE_INFINITY || view.spanMs >= Math.max(whole, 3_600_000) * 1.02) return 'all';
  return presets.find((each) => Math.abs(each.spanMs - view.spanMs) < 1)?.key;
}

/** Shows so much time, the same end. */
export function span(view: View, spanMs: number, limits: Limits): View {
  return within({ ...view, spanMs }, limits);
}

/** `factor` below 1 shows less. `at`: 0 to 1, the place on the axis that keeps its instant. */
export function zoom(view: View, factor: number, at: number, limits: Limits): View {
  const shown = actual(view, limits);
  const spanMs = clamp(shown.spanMs * factor, leastSpanMs, Math.max(wholeMs(limits), 3_600_000));
  // Near the now edge the present is what is looked at: it stays.
  if (view.edgeMs === undefined && (at > nearNow || factor > 1)) return { spanMs, edgeMs: undefined };
  const instant = edgeOf(view, limits) - (1 - at) * shown.spanMs;
  return within({ spanMs, edgeMs: instant + (1 - at) * spanMs }, limits);
}

/** Towards the past is negative. */
export function pan(view: View, byMs: number, limits: Limits): View {
  const shown = actual(view, limits);
  return within({ spanMs: view.spanMs, edgeMs: edgeOf(shown, limits) + byMs }, limits);
}

/** Two instants, as a permalink names them. */
export function between(fromMs: number, toMs: number): View {
  return { spanMs: Math.max(leastSpanMs, toMs - fromMs), edgeMs: toMs };
}

/** "All" grows with the run. */
export function actual(view: View, limits: Limits): View {
  return Number.isFinite(view.spanMs) ? view : { ...view, spanMs: wholeMs(limits) };
}

function within(view: View, limits: Limits): View {
  const spanMs = Math.max(leastSpanMs, view.spanMs);
  if (view.edgeMs === undefined) return { spanMs, edgeMs: undefined };
  const shown = Number.isFinite(spanMs) ? spanMs : wholeMs(limits);
  if (view.edgeMs >= limits.nowMs - shown * snapPart) return { spanMs, edgeMs: undefined };
  const earliest = Math.min(limits.nowMs, limits.startMs + shown);
  const edgeMs = Math.max(view.edgeMs, earliest);
  return edgeMs >= limits.nowMs - shown * snapPart ? { spanMs, edgeMs: undefined } : { spanMs, edgeMs };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

// ---- the URL

export type Place = { view: View; atMs: number | undefined; runId: string | undefined };

/** `from` and `to`: a stretch of the past; `at`: frozen at that instant; `span`: seconds shown, or "all". */
export function fromQuery(query: URLSearchParams): Place {
  const from = instant(query.get('from'));
  const to = instant(query.get('to'));
  const at = instant(query.get('at'));
  const runId = query.get('run') ?? undefined;
  if (from !== undefined && to !== undefined && to > from) return { view: between(from, to), atMs: at, runId };
  const said = query.get('span');
  const seconds = Number(said);
  const spanMs = said === 'all' ? Number.POSITIVE_INFINITY : seconds > 0 ? seconds * 1_000 : usual.spanMs;
  return { view: { spanMs: Math.max(leastSpanMs, spanMs), edgeMs: undefined }, atMs: at, runId };
}

/** undefined: not in the URL. */
export function toQuery(view: View): Record<'from' | 'to' | 'span', string | undefined> {
  if (view.edgeMs !== undefined && Number.isFinite(view.spanMs)) {
    return { from: stamp(view.edgeMs - view.spanMs), to: stamp(view.edgeMs), span: undefined };
  }
  const span = view.spanMs === usual.spanMs ? undefined : Number.isFinite(view.spanMs) ? seconds(view.spanMs) : 'all';
  return { from: undefined, to: undefined, span };
}

function seconds(ms: number): string {
  return String(Math.round(ms / 100) / 10);
}
