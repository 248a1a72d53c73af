import type { Line } from './lines.ts';
import { type Lookup, lookupsOf, type Question } from './lookups.ts';

/** When a step began and ended, in Unix milliseconds. */
export interface Span {
  readonly id: string;
  readonly from: number;
  readonly to: number;
}

/** What one client did in one step. */
export interface Measured {
  /** Seconds after the trigger. */
  readonly lookups: readonly { readonly afterS: number; readonly questions: Lookup['questions'] }[];
  readonly connections: number;
  readonly answered: number;
  readonly failed: number;
  /** Failures by gRPC status code. */
  readonly codes: Readonly<Record<string, number>>;
  /** Seconds after the trigger at which the last call failed. */
  readonly lastFailureS: number | undefined;
  readonly said: Readonly<Record<string, string>>;
  /** Pods that answered in the step's last seconds, and the share of the busiest. */
  readonly pods: number;
  readonly largestShare: number;
}

/** The step's end, by which what it brought about has settled; shares are told by it. */
export const settledMs = 5_000;

export function measure(span: Span, lines: readonly Line[], questions: readonly Question[]): Measured {
  const within = ({ at }: { readonly at: number }): boolean => at >= span.from && at < span.to;
  const codes: Record<string, number> = {};
  const said: Record<string, string> = {};
  const late: Record<string, number> = {};
  let connections = 0;
  let answered = 0;
  let lastFailureS: number | undefined;
  for (const line of lines) {
    if (line.t === 'client' || !within(line)) continue;
    if (line.t === 'connected') {
      connections++;
      continue;
    }
    for (const [pod, count] of Object.entries(line.answers)) {
      answered += count;
      if (line.at >= span.to - settledMs) late[pod] = (late[pod] ?? 0) + count;
    }
    for (const [code, count] of Object.entries(line.errors)) {
      codes[code] = (codes[code] ?? 0) + count;
      lastFailureS = (line.at - span.from) / 1_000;
    }
    Object.assign(said, line.said);
  }
  const lateCalls = Object.values(late);
  const sum = lateCalls.reduce((a, b) => a + b, 0);
  return {
    // A lookup belongs to the step in which it began, with all of its questions.
    lookups: lookupsOf(questions)
      .filter(within)
      .map((lookup) => ({ afterS: (lookup.at - span.from) / 1_000, questions: lookup.questions })),
    connections,
    answered,
    failed: Object.values(codes).reduce((a, b) => a + b, 0),
    codes,
    lastFailureS,
    said,
    pods: lateCalls.length,
    largestShare: sum === 0 ? 0 : Math.max(...lateCalls) / sum,
  };
}
