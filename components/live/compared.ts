import { type Comparison, compareRuns } from '../../model/compare/compare.ts';
import { type RunSummary, summarise } from '../../model/compare/summary.ts';
import type { AgentClient } from './client.ts';
import { readAll } from './history.ts';

export type Compared = { a: RunSummary; b: RunSummary; comparison: Comparison };

const timeoutMs = 30_000;
/** The blocks of a comparison. */
const blockMs = 10_000;

/** Reads both runs and compares them here: the figures are the same wherever they are computed. */
export async function compared(client: AgentClient, runA: string, runB: string): Promise<Compared> {
  const [a, b] = await Promise.all([summaryOf(client, runA), summaryOf(client, runB)]);
  return { a, b, comparison: compareRuns(a, b) };
}

async function summaryOf(client: AgentClient, runId: string): Promise<RunSummary> {
  const options = { timeoutMs };
  const { run, changes } = await client.getRun({ runId }, options);
  if (run === undefined) throw new Error('the agent described no run');
  const { frames } = await readAll((request) => client.readHistory(request, options), {
    runId,
    resolutionMs: blockMs,
    eventKinds: ['runStarted'],
  });
  return summarise(run, frames, changes);
}
