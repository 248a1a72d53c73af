/** Protobuf against JSON: the same message in both forms, and whole calls to the same pod. Writes docs/encoding.md. */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { type CallFigures, measureCalls } from '../server/encoding/calls.ts';
import { measureCodecs } from '../server/encoding/codecs.ts';
import { spawnPod } from '../server/pod/testing.ts';
import { createHttp2Transport } from '../server/transport/http2/index.ts';

const { child, port, jsonPort } = await spawnPod({ JSON_PORT: '0' });
try {
  const codecs = await measureCodecs(400);
  const target = { host: '127.0.0.1', grpcPort: port, jsonPort: jsonPort as number };
  // The least disturbed of some rounds, as the machine may have other work.
  const rounds: CallFigures[][] = [];
  for (let round = 0; round < 5; round += 1)
    rounds.push((await measureCalls(target, createHttp2Transport(), 600)) ?? []);
  const calls = (rounds[0] ?? []).map((_, row) =>
    rounds.map((each) => each[row]!).reduce((best, each) => (each.callsPerSecond > best.callsPerSecond ? each : best)),
  );
  const us = (value: number): string => value.toFixed(value < 10 ? 2 : 0);
  const ratio = (json: number, protobuf: number): string => `${(json / protobuf).toFixed(2)}x`;
  const rows = codecs.flatMap((each) => [
    `| ${each.message}, bytes | ${each.protobufBytes} | ${each.jsonBytes} | ${ratio(each.jsonBytes, each.protobufBytes)} |`,
    `| encode, us | ${us(each.protobufEncodeUs)} | ${us(each.jsonEncodeUs)} | ${ratio(each.jsonEncodeUs, each.protobufEncodeUs)} |`,
    `| decode, us | ${us(each.protobufDecodeUs)} | ${us(each.jsonDecodeUs)} | ${ratio(each.jsonDecodeUs, each.protobufDecodeUs)} |`,
  ]);
  const whole = calls.map(
    ({ way, concurrency, callsPerSecond, p50Ms, p99Ms }) =>
      `| ${way} | ${concurrency} | ${callsPerSecond.toFixed(0)} | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} |`,
  );
  const text = `# Protobuf against JSON

Written by \`npm run bench -- encoding\`. Machine: ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.versions.node}.
Load of the machine meanwhile: ${loadavg()[0]?.toFixed(1)} (much above 1 says that other programs ran: then read ratios, and run it again).

The same message in protobuf-es and in JSON (JSON.stringify and JSON.parse of plain objects, the runtime's own). Ratios are JSON's
figure over protobuf's: above 1 protobuf is the smaller or quicker one, below 1 JSON is.

| message | protobuf | JSON | JSON / protobuf |
| --- | --- | --- | --- |
${rows.join('\n')}

Whole calls to the same pod, encode to decode: gRPC on this project's HTTP/2 transport over one connection, and JSON over HTTP/1.1
through node:http with keep-alive, a connection for each call that runs. The least disturbed of five rounds in turn.

| way | calls at once | calls/s | p50 ms | p99 ms |
| --- | --- | --- | --- | --- |
${whole.join('\n')}
`;
  process.stdout.write(text);
  writeFileSync(join(resolve(import.meta.dirname, '..'), 'docs', 'encoding.md'), text);
} finally {
  child.kill();
}
