'use client';

import { useCallback, useEffect, useRef, useState } from 'react';
import type { ListRunsResponse, RunInfo } from '../../gen/lbscope/agent/v1/runs_pb.js';
import { agentClient } from '../live/client.ts';
import { reasonOf } from '../live/outcome.ts';

export type RunsState = {
  kind: 'asking' | 'shown';
  answer: ListRunsResponse | undefined;
  runs: readonly RunInfo[];
  /** What was refused last, in the agent's words. */
  refused: string | undefined;
  /** Deleted a moment ago, and can be taken back. */
  deleted: { runId: string; name: string } | undefined;
};

export type RunsActions = {
  more(): void;
  update(runId: string, change: { name?: string; notes?: string; tags?: string[] }): Promise<boolean>;
  remove(runId: string, name: string): Promise<void>;
  undo(): Promise<void>;
  refresh(): void;
  refuse(reason: string): void;
  dismiss(): void;
};

const timeoutMs = 10_000;
/** The live run grows. */
const againEveryMs = 5_000;

/** The list of recorded runs that match, kept up to date, and what can be done to them. */
export function useRuns(search: string): [RunsState, RunsActions] {
  const [client] = useState(agentClient);
  const [state, setState] = useState<RunsState>({
    kind: 'asking',
    answer: undefined,
    runs: [],
    refused: undefined,
    deleted: undefined,
  });
  const pages = useRef(1);
  const latest = useRef(0);

  const read = useCallback(async () => {
    latest.current += 1;
    const mine = latest.current;
    try {
      const runs: RunInfo[] = [];
      let answer: ListRunsResponse | undefined;
      for (let page = 0; page < pages.current; page += 1) {
        const pageToken: string = answer?.nextPageToken ?? '';
        if (page > 0 && pageToken === '') break;
        answer = await client.listRuns({ search, pageToken }, { timeoutMs });
        runs.push(...answer.runs);
      }
      if (mine === latest.current) setState((old) => ({ ...old, kind: 'shown', answer, runs }));
    } catch (error) {
      if (mine === latest.current) setState((old) => ({ ...old, kind: 'shown', refused: reasonOf(error) }));
    }
  }, [client, search]);

  useEffect(() => {
    pages.current = 1;
    void read();
    const timer = setInterval(() => document.visibilityState === 'visible' && void read(), againEveryMs);
    return () => clearInterval(timer);
  }, [read]);

  const ask = async (call: () => Promise<unknown>): Promise<boolean> => {
    try {
      await call();
      setState((old) => ({ ...old, refused: undefined }));
      await read();
      return true;
    } catch (error) {
      setState((old) => ({ ...old, refused: reasonOf(error) }));
      return false;
    }
  };

  return [
    state,
    {
      more() {
        pages.current += 1;
        void read();
      },
      update: (runId, { tags, ...change }) =>
        ask(() =>
          client.updateRun(
            { runId, ...change, ...(tags === undefined ? {} : { tags: { list: tags } }) },
            { timeoutMs },
          ),
        ),
      async remove(runId, name) {
        if (await ask(() => client.deleteRun({ runId }, { timeoutMs }))) {
          setState((old) => ({ ...old, deleted: { runId, name } }));
        }
      },
      async undo() {
        const runId = state.deleted?.runId;
        if (runId === undefined) return;
        if (await ask(() => client.undeleteRun({ runId }, { timeoutMs }))) {
          setState((old) => ({ ...old, deleted: undefined }));
        }
      },
      refresh: () => void read(),
      refuse: (reason) => setState((old) => ({ ...old, refused: reason })),
      dismiss: () => setState((old) => ({ ...old, refused: undefined, deleted: undefined })),
    },
  ];
}
