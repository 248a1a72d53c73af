import type { RunInfo } from '../../gen/lbscope/agent/v1/runs_pb.js';
import type { AgentClient } from './client.ts';

export const formats = [
  { format: 'html', name: 'Page', what: 'charts; opens without a network' },
  { format: 'jsonl_gz', name: 'JSON lines, gzipped', what: 'everything; can be imported' },
  { format: 'jsonl', name: 'JSON lines', what: 'everything; can be imported' },
  { format: 'csv', name: 'CSV of the counts', what: 'per lane and pod, each 2 s' },
  { format: 'events_csv', name: 'CSV of the events', what: 'one row each' },
] as const;

/** A mebibyte of data is what the agent takes at once. */
const pieceBytes = 768 * 1024;
const timeoutMs = 120_000;

/** Fetches an exported run and hands it to the browser as a download. */
export async function download(client: AgentClient, runId: string, format: string): Promise<void> {
  const pieces: BlobPart[] = [];
  let name = 'run';
  let type = 'application/octet-stream';
  for await (const { fileName, mediaType, data } of client.exportRun({ runId, format }, { timeoutMs })) {
    name = fileName || name;
    type = mediaType || type;
    pieces.push(data as Uint8Array<ArrayBuffer>);
  }
  const url = URL.createObjectURL(new Blob(pieces, { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it over by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Sends a file piece by piece; throws what the agent finds wrong with it. */
export async function upload(
  client: AgentClient,
  file: Blob,
  progress: (part: number) => void,
): Promise<RunInfo | undefined> {
  let importId: string | undefined;
  for (let offset = 0; ; offset += pieceBytes) {
    const data = new Uint8Array(await file.slice(offset, offset + pieceBytes).arrayBuffer());
    const last = offset + pieceBytes >= file.size;
    const answer = await client.importRun(
      { ...(importId === undefined ? {} : { importId }), offset, data, last },
      { timeoutMs },
    );
    if (last) return answer.run;
    importId = answer.importId;
    progress((offset + data.length) / file.size);
  }
}
