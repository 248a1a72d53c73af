import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import * as http2 from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttp2Transport } from './index.ts';
import { dial } from './testing/dial.ts';

const openssl = 'openssl';
const identity = selfSigned();

describe.skipIf(identity === undefined)('TLS (needs openssl to make a certificate)', () => {
  const { key, cert } = identity ?? {};

  it('carries calls over ALPN h2', async () => {
    const server = http2.createSecureServer({ key, cert });
    server.on('stream', (stream: http2.ServerHttp2Stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.pipe(stream);
    });
    const { connection, connected } = dial(createHttp2Transport({ tls: { ca: cert } }), await portOf(server));
    await connected;
    const message = Buffer.alloc(2_000_000, 'tls');
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => connection.unary({ path: '/a.B/C', message, timeoutMs: 15_000 })),
    );
    for (const outcome of outcomes) expect(outcome.ok && Buffer.compare(outcome.message, message)).toBe(0);
  });

  it('does not trust a stranger', async () => {
    const server = http2.createSecureServer({ key, cert });
    const { ended } = dial(createHttp2Transport({ tls: {} }), await portOf(server));
    expect(await ended).toMatchObject({ errorClass: 'unavailable', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });

  it('ends where the peer speaks no HTTP/2', async () => {
    const server = tls.createServer({ key, cert }, (socket) => socket.on('error', () => {}));
    const { ended } = dial(createHttp2Transport({ tls: { ca: cert } }), await portOf(server));
    expect(await ended).toMatchObject({ errorClass: 'protocol' });
  });
});

async function portOf(server: Server): Promise<number> {
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Made anew, so that no key lies in the repository. */
function selfSigned(): { key: string; cert: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'lbscope-tls-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const made = spawnSync(openssl, [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    ]);
    return made.status === 0 ? { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') } : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
