/** Helpers of this folder's tests: a pod in this process, a pod as a process, and a client that sees raw frames. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Pod, startPod } from './pod.ts';

export const testIdentity = {
  uid: 'uid-1',
  name: 'greeter-abc',
  ip: '127.0.0.1',
  node: 'node-1',
  version: 'test',
  incarnation: 2,
  startedAtMs: 1_700_000_000_123,
};

export function testPod(options: { random?: () => number; drainLimitMs?: number } = {}): Promise<Pod> {
  return startPod({
    identity: testIdentity,
    listenAddress: '127.0.0.1',
    port: 0,
    controlPort: 0,
    jsonPort: 0,
    drainLimitMs: options.drainLimitMs ?? 5_000,
    random: options.random ?? Math.random,
    exit: () => {},
  });
}

export interface PodProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly controlPort: number;
  readonly jsonPort: number | undefined;
  readonly incarnation: number;
  readonly exit: Promise<{ code: number | null; signal: string | null }>;
}

/** The program itself, as the kubelet starts it. */
export async function spawnPod(env: Record<string, string>): Promise<PodProcess> {
  const childEnv: NodeJS.ProcessEnv = {
    ...process.env,
    POD_NAME: 'greeter-abc',
    POD_UID: 'uid-1',
    POD_IP: '127.0.0.1',
    NODE_NAME: 'node-1',
    LISTEN_ADDRESS: '127.0.0.1',
    PORT: '0',
    CONTROL_PORT: '0',
    ...env,
  };
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const child = spawn(process.execPath, [main], { env: childEnv, stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const line = await new Promise<string>((done, failed) => {
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const found = said.split('\n').find((text) => text.includes('"serving"'));
      if (found !== undefined) done(found);
    });
    child.stdout.on('close', () => failed(new Error(`the pod ended before it served: ${said}`)));
  });
  const fields = JSON.parse(line);
  const portOf = (address: string) => Number(address.split(':').at(-1));
  return {
    child,
    port: portOf(fields.address),
    controlPort: portOf(fields.control),
    jsonPort: fields.json === undefined ? undefined : portOf(fields.json),
    incarnation: fields.incarnation,
    exit,
  };
}

export interface RawAnswer {
  readonly http: number;
  readonly status: string | undefined;
  readonly message: string | undefined;
  readonly body: Uint8Array;
}

/** One call byte by byte, as no gRPC library would send it. */
export function rawCall(
  session: ClientHttp2Session,
  path: string,
  chunks: readonly Uint8Array[],
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  return new Promise((done, failed) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    let answer: RawAnswer = { http: 0, status: undefined, message: undefined, body: new Uint8Array(0) };
    const read = (fields: Record<string, unknown>) => {
      answer = {
        ...answer,
        http: Number(fields[':status'] ?? answer.http),
        status: (fields['grpc-status'] as string | undefined) ?? answer.status,
        message: (fields['grpc-message'] as string | undefined) ?? answer.message,
      };
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('data', (chunk: Uint8Array) => {
      answer = { ...answer, body: Buffer.concat([answer.body, chunk]) };
    });
    stream.on('error', failed);
    stream.on('close', () => done(answer));
    void (async () => {
      for (const chunk of chunks) {
        if (stream.closed || stream.destroyed) return;
        stream.write(chunk, () => {});
        // Each chunk in a DATA frame of its own.
        await new Promise(setImmediate);
      }
      stream.end();
    })();
  });
}

export function rawSession(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  return session;
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** Speaks HTTP/2 on a bare socket and records every frame, as node:http2's client hides the first of two GOAWAYs. */
export async function frameClient(port: number) {
  const socket: Socket = connectSocket(port, '127.0.0.1');
  await once(socket, 'connect');
  const frames: Frame[] = [];
  let buffered: Buffer = Buffer.alloc(0);
  let end: string | undefined;
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end = error.code;
  });
  socket.on('end', () => {
    end ??= 'FIN';
  });
  socket.on('data', (chunk: Uint8Array) => {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 9 && buffered.length >= 9 + buffered.readUIntBE(0, 3)) {
      const length = buffered.readUIntBE(0, 3);
      const frame = {
        type: buffered[3] as number,
        flags: buffered[4] as number,
        streamId: buffered.readUInt32BE(5),
        payload: buffered.subarray(9, 9 + length),
      };
      buffered = buffered.subarray(9 + length);
      frames.push(frame);
    }
  });
  const send = (type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)) => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(streamId, 5);
    socket.write(Buffer.concat([head, payload]));
  };
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  send(frameType.settings, 0, 0);
  return { socket, frames, send, ended: () => end };
}

export const frameType = { data: 0, headers: 1, rst: 3, settings: 4, ping: 6, goaway: 7 } as const;

/** HPACK without a table: literal fields, never indexed names. Enough for a request. */
export function hpack(fields: Record<string, string>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(fields)) {
    parts.push(Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value));
  }
  return Buffer.concat(parts);
}

export async function until(check: () => boolean | Promise<boolean>, what: string, limitMs = 10_000): Promise<void> {
  const begun = performance.now();
  while (!(await check())) {
    if (performance.now() - begun > limitMs) throw new Error(`did not happen within ${limitMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
