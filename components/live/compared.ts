import { type Comparison, compareRuns } from '../../model/compare/compare.ts';
import { type Span, scenarioSpan, spanKinds } from '../../model/compare/span.ts';
import { type RunSummary, summarise, wholeBlockMs } from '../../model/compare/summary.ts';
import { fromMs } from '../../model/time.ts';
import type { AgentClient } from './client.ts';
import { readAll } from './history.ts';

export type Compared = { a: RunSummary; b: RunSummary; comparison: Comparison };

const options = { timeoutMs: 30_000 };
/** As fine as runs are kept. */
const fineMs = 200;

/**
 * Reads both runs and compares them here: the figures are the same wherever they are computed. Two runs of a scenario are
 * compared within it; any others whole.
 */
export async function compared(client: AgentClient, runA: string, runB: string): Promise<Compared> {
  const [oneA, oneB] = await Promise.all([read(client, runA), read(client, runB)]);
  const both = oneA.span !== undefined && oneB.span !== undefined;
  const [a, b] = (await Promise.all([oneA, oneB].map((one) => (both ? within(client, one) : whole(one))))) as [
    RunSummary,
    RunSummary,
  ];
  return { a, b, comparison: compareRuns(a, b) };
}

type One = Awaited<ReturnType<typeof read>>;

async function read(client: AgentClient, runId: string) {
  const { run: info, changes } = await client.getRun({ runId }, options);
  if (info === undefined) throw new Error('the agent described no run');
  const { frames, events } = await readAll((request) => client.readHistory(request, options), {
    runId,
    resolutionMs: wholeBlockMs,
    eventKinds: [...spanKinds],
  });
  return { runId, info, changes, frames, span: scenarioSpan(events) };
}

function whole({ info, changes, frames }: One): RunSummary {
  return summarise(info, frames, changes);
}

async function within(client: AgentClient, { runId, info, changes, span }: One): Promise<RunSummary> {
  const { fromMs: from, toMs: to } = span as Span;
  const { frames } = await readAll((request) => client.readHistory(request, options), {
    ...{ runId, from: fromMs(from), to: fromMs(to) },
    resolutionMs: fineMs,
    eventKinds: ['runStarted'],
  });
  return summarise(info, frames, changes, span);
}
