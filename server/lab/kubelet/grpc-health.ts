import { connect } from 'node:http2';
import type { ProbeOutcome } from './probe-outcome.ts';

/**
 * `grpc.health.v1.Health/Check` over a connection of its own, as a kubelet's gRPC probe does it (plaintext, one dial a probe).
 * Written by hand on node:http2: the two messages have one field each, and a probe must cost little.
 */
export function checkGrpcHealth(host: string, port: number, service: string, timeoutMs: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const session = connect(`http://${host}:${port}`);
    let status: string | undefined;
    let message = '';
    const chunks: Buffer[] = [];
    let done = false;
    const finish = (outcome: ProbeOutcome) => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      session.destroy();
      resolve(outcome);
    };
    const fail = (why: string) => finish({ kind: 'failure', message: why });
    const timer = setTimeout(() => fail(`timeout: health rpc did not complete within ${timeoutMs / 1000}s`), timeoutMs);
    session.on('error', (error) => fail(`timeout: failed to connect service "${host}:${port}": ${error.message}`));
    session.on('goaway', () => fail('the server sent GOAWAY'));
    session.on('close', () => fail('the connection was closed before an answer'));

    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': `${Math.max(1, Math.round(timeoutMs))}m`,
      'user-agent': 'kube-probe/lab',
    });
    const readStatus = (headers: Record<string, unknown>) => {
      if (headers['grpc-status'] !== undefined) status = String(headers['grpc-status']);
      if (headers['grpc-message'] !== undefined) message = decodeMessage(String(headers['grpc-message']));
    };
    stream.on('error', (error) => fail(error.message));
    stream.on('response', readStatus);
    stream.on('trailers', readStatus);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      if (status === '12')
        return fail('this server does not implement the grpc health protocol (grpc.health.v1.Health)');
      if (status !== '0')
        return fail(`health rpc failed: status ${status ?? 'missing'}${message ? ` ${message}` : ''}`);
      const serving = servingStatus(Buffer.concat(chunks));
      if (serving === 1) return finish({ kind: 'success' });
      fail(`service unhealthy (responded with "${servingNames[serving] ?? serving}")`);
    });
    stream.end(requestFrame(service));
  });
}

const servingNames = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** HealthCheckRequest { string service = 1; } in a gRPC frame. */
export function requestFrame(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  const length = name.length === 0 ? [] : [0x0a, ...varint(name.length)];
  const body = Buffer.concat([Buffer.from(length), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** HealthCheckResponse { ServingStatus status = 1; } from a gRPC frame; -1 when it can't be read. */
export function servingStatus(frame: Buffer): number {
  if (frame.length < 5 || frame[0] !== 0) return -1;
  const body = frame.subarray(5, 5 + frame.readUInt32BE(1));
  // An absent field is the enum's zero value.
  if (body.length === 0) return 0;
  return body[0] === 0x08 && body.length >= 2 ? body[1]! : -1;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

/** grpc-message is percent-encoded; a malformed one is shown as it came. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
