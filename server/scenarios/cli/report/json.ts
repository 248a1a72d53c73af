import { toJson as protoJson } from '@bufbuild/protobuf';
import { ScenarioRunSchema } from '../../../../gen/lbscope/events/v1/scenarios_pb.js';
import type { Result } from '../follow.ts';
import { exitStatus } from '../outcome.ts';

/** For programs: each run as the API's JSON, and the status that the command ends with. */
export function toJson(results: readonly Result[]): object {
  return {
    status: exitStatus(results),
    scenarios: results.map(({ name, run, tookMs, runId }) => ({
      name,
      runId,
      tookMs: Math.round(tookMs),
      ...(protoJson(ScenarioRunSchema, run, { alwaysEmitImplicit: true }) as object),
    })),
  };
}
