'use client';

import { useEffect, useState } from 'react';
import type { Scenario } from '../../gen/lbscope/events/v1/scenarios_pb.js';
import { type ScenarioRow, scenarioRows } from '../../model/view/scenario.ts';
import { agentClient } from '../live/client.ts';
import { reasonOf } from '../live/outcome.ts';

export type Shelf =
  | { kind: 'asking' }
  | { kind: 'refused'; reason: string }
  | { kind: 'shown'; rows: readonly ScenarioRow[]; scenarios: ReadonlyMap<string, Scenario> };

const timeoutMs = 10_000;

/** The scenarios that the agent has, read anew each time that someone looks, as files may be edited. */
export function useScenarios(wanted: boolean): Shelf {
  const [shelf, setShelf] = useState<Shelf>({ kind: 'asking' });
  useEffect(() => {
    if (!wanted) return;
    const gone = new AbortController();
    agentClient()
      .listScenarios({}, { timeoutMs, signal: gone.signal })
      .then(({ scenarios }) =>
        setShelf({
          kind: 'shown',
          rows: scenarioRows(scenarios),
          scenarios: new Map(scenarios.flatMap(({ scenario }) => (scenario ? [[scenario.id, scenario] as const] : []))),
        }),
      )
      .catch((error) => {
        if (!gone.signal.aborted) setShelf({ kind: 'refused', reason: reasonOf(error) });
      });
    return () => gone.abort();
  }, [wanted]);
  return shelf;
}
