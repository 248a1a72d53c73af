import { create, type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import {
  type AgentService,
  GetRunResponseSchema,
  type GetSnapshotResponse,
  GetSnapshotResponseSchema,
  type ReadHistoryRequest,
  type ReadHistoryResponse,
  ReadHistoryResponseSchema,
} from '../../gen/lbscope/agent/v1/agent_pb.js';
import {
  DeleteRunResponseSchema,
  ExportRunResponseSchema,
  ImportRunResponseSchema,
  ListRunsResponseSchema,
  UndeleteRunResponseSchema,
  UpdateRunResponseSchema,
} from '../../gen/lbscope/agent/v1/runs_pb.js';
import { toMs, toMsOrUndefined } from '../../model/time.ts';
import type { ExportFormat } from '../recording/exchange/formats.ts';
import type { Answer } from '../recording/port.ts';
import type { RemoteLibrary } from '../recording/remote.ts';

/** What the API asks of the recorded runs. */
export type Runs = Omit<RemoteLibrary, 'write' | 'prune' | 'close'>;

type Methods = 'listRuns' | 'getRun' | 'updateRun' | 'deleteRun' | 'undeleteRun' | 'exportRun' | 'importRun';

/** The methods that are about recorded runs. Fields were checked before: here a required one is there and in range. */
export function runHandlers(runs: Runs): Pick<ServiceImpl<typeof AgentService>, Methods> {
  return {
    listRuns: async ({ search, pageSize, pageToken }) =>
      read(ListRunsResponseSchema, await runs.listRuns({ search, pageSize, pageToken })),
    getRun: async ({ runId = '' }) => read(GetRunResponseSchema, await runs.getRun(runId)),
    updateRun: async ({ runId = '', name, notes, tags }) =>
      read(UpdateRunResponseSchema, await runs.updateRun(runId, { name, notes, tags: tags?.list })),
    deleteRun: async ({ runId = '' }) => read(DeleteRunResponseSchema, await runs.deleteRun(runId)),
    undeleteRun: async ({ runId = '' }) => read(UndeleteRunResponseSchema, await runs.undeleteRun(runId)),
    async *exportRun({ runId = '', format = 'jsonl', resolutionMs = 2_000 }) {
      const opened = await runs.exportOpen(runId, format as ExportFormat, resolutionMs);
      if (!opened.ok) throw refused(opened);
      if (!('exportId' in opened)) return;
      const { exportId, fileName, mediaType } = opened;
      try {
        let first = true;
        for (let data = await runs.exportNext(exportId); data !== undefined; data = await runs.exportNext(exportId)) {
          yield create(ExportRunResponseSchema, { ...(first ? { fileName, mediaType } : {}), data });
          first = false;
        }
      } finally {
        // Also when the reader leaves half way.
        await runs.exportClose(exportId);
      }
    },
    importRun: async ({ importId, offset = 0, data = new Uint8Array(), last = false }) =>
      read(ImportRunResponseSchema, await runs.importRun({ importId, offset, data, last })),
  };
}

export async function recordedSnapshot(
  runs: Runs,
  runId: string,
  at: number | undefined,
): Promise<GetSnapshotResponse> {
  return read(GetSnapshotResponseSchema, await runs.snapshot(runId, at));
}

export async function recordedHistory(
  runs: Runs,
  runId: string,
  { from, to, resolutionMs = 200, eventKinds }: ReadHistoryRequest,
): Promise<ReadHistoryResponse> {
  const asked = { from: toMsOrUndefined(from), to: to === undefined ? undefined : toMs(to), resolutionMs };
  return read(ReadHistoryResponseSchema, await runs.readHistory(runId, { ...asked, kinds: eventKinds }));
}

const codes: Readonly<Record<Extract<Answer, { ok: false }>['code'], Code>> = {
  not_found: Code.NotFound,
  failed_precondition: Code.FailedPrecondition,
  invalid_argument: Code.InvalidArgument,
  out_of_range: Code.OutOfRange,
  resource_exhausted: Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  data_loss: Code.DataLoss,
};

function read<S extends DescMessage>(schema: S, answer: Answer): MessageShape<S> {
  if (!answer.ok) throw refused(answer);
  return fromBinary(schema, answer.body);
}

function refused(answer: Extract<Answer, { ok: false }>): ConnectError {
  return new ConnectError(answer.message, codes[answer.code]);
}
