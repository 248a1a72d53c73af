import http from 'node:http';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { SayHelloRequestSchema, SayHelloResponseSchema } from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import type { Connection, TransportFactory } from '../transport/port.ts';

/** Whole calls one way: encode, send, wait, decode. */
export interface CallFigures {
  readonly way: 'HTTP/2 + protobuf' | 'HTTP/1.1 + JSON';
  /** Calls at once; HTTP/1.1 has a connection for each, HTTP/2 one for all. */
  readonly concurrency: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

export interface CallTarget {
  readonly host: string;
  readonly grpcPort: number;
  readonly jsonPort: number;
}

const path = '/lbscope.greeter.v1.Greeter/SayHello';
const timeoutMs = 5_000;
const name = 'lbscope';

/** Both ways to the same pod, in turns; undefined when it can't be reached. */
export async function measureCalls(
  target: CallTarget,
  transport: TransportFactory,
  eachMs: number,
): Promise<CallFigures[] | undefined> {
  const connection = await connect(transport, target);
  if (connection === undefined) return undefined;
  const agent = new http.Agent({ keepAlive: true });
  try {
    const protobuf = async (): Promise<boolean> => {
      const message = toBinary(SayHelloRequestSchema, create(SayHelloRequestSchema, { name }));
      const outcome = await connection.unary({ path, message, timeoutMs });
      return outcome.ok && fromBinary(SayHelloResponseSchema, outcome.message).pod !== undefined;
    };
    const json = (): Promise<boolean> => post(agent, target, JSON.stringify({ name }));
    const found: CallFigures[] = [];
    for (const concurrency of [1, 16]) {
      await together(protobuf, concurrency, eachMs / 4);
      await together(json, concurrency, eachMs / 4);
      found.push({ way: 'HTTP/2 + protobuf', concurrency, ...(await together(protobuf, concurrency, eachMs)) });
      found.push({ way: 'HTTP/1.1 + JSON', concurrency, ...(await together(json, concurrency, eachMs)) });
    }
    return found;
  } finally {
    agent.destroy();
    connection.close();
  }
}

async function together(call: () => Promise<boolean>, concurrency: number, ms: number) {
  const begun = performance.now();
  const took: number[] = [];
  let failed = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - begun < ms) {
      const at = performance.now();
      if (await call()) took.push(performance.now() - at);
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const elapsed = performance.now() - begun;
  took.sort((a, b) => a - b);
  const quantile = (q: number): number => took[Math.min(took.length - 1, Math.floor(took.length * q))] ?? 0;
  return { callsPerSecond: (took.length * 1_000) / elapsed, p50Ms: quantile(0.5), p99Ms: quantile(0.99), failed };
}

function connect(transport: TransportFactory, { host, grpcPort }: CallTarget): Promise<Connection | undefined> {
  return new Promise((settle) => {
    const connection = transport.connect(
      { host, port: grpcPort },
      { authority: `${host}:${grpcPort}`, connectTimeoutMs: timeoutMs, pingIntervalMs: 0, pingTimeoutMs: timeoutMs },
      { onConnected: () => settle(connection), onGoaway() {}, onClosed: () => settle(undefined) },
    );
  });
}

function post(agent: http.Agent, { host, jsonPort }: CallTarget, body: string): Promise<boolean> {
  return new Promise((settle) => {
    const request = http.request(
      {
        agent,
        host,
        port: jsonPort,
        path,
        method: 'POST',
        timeout: timeoutMs,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => settle(false));
        response.on('end', () => {
          try {
            const answer = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { pod?: unknown };
            settle(response.statusCode === 200 && answer.pod !== undefined);
          } catch {
            settle(false);
          }
        });
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => settle(false));
    request.end(body);
  });
}
