import * as http2 from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import * as tls from 'node:tls';
import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SayHelloRequestSchema } from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import { createConnectNodeTransport } from './connect-node/index.ts';
import { createHttp2Transport } from './http2/index.ts';
import { dial } from './http2/testing/dial.ts';
import { selfSigned } from './testing/certificate.ts';

const name = 'greeter.lbscope.svc.cluster.local';
const { key, cert } = selfSigned(name);
const authority = `${name}:443`;

describe.each([createHttp2Transport(), createConnectNodeTransport()])('TLS by $name', (transport) => {
  it('carries calls over ALPN h2, with the name as SNI and the scheme https', async () => {
    const seen = new Set<string>();
    const server = echo(seen);
    const { connection, connected } = dial(transport, await portOf(server), { authority, tls: { ca: cert } });
    await connected;
    const payload = Buffer.alloc(2_000_000, 'tls');
    const message = toBinary(SayHelloRequestSchema, create(SayHelloRequestSchema, { payload }));
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => connection.unary({ path: '/a.B/C', message, timeoutMs: 15_000 })),
    );
    for (const outcome of outcomes) expect(outcome.ok && Buffer.compare(outcome.message, message)).toBe(0);
    expect([...seen]).toEqual([`https ${name}`]);
  });

  it('checks the name it was given, and not the one it dialled', async () => {
    const port = await portOf(echo());
    const good = dial(transport, port, { authority: 'other', tls: { ca: cert, serverName: name } });
    await good.connected;
    const wrong = dial(transport, port, { authority, tls: { ca: cert, serverName: 'other.example' } });
    expect(await wrong.ended).toMatchObject({ errorClass: 'unavailable', reason: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const address = dial(transport, port, { authority: '127.0.0.1:1', tls: { ca: cert } });
    expect(await address.ended).toMatchObject({ errorClass: 'unavailable', reason: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  it('knows a certificate for an address', async () => {
    const local = selfSigned('127.0.0.1');
    const port = await portOf(echo(new Set(), local));
    const { connected } = dial(transport, port, { authority: '127.0.0.1:443', tls: { ca: local.cert } });
    await connected;
  });

  it('does not trust a stranger', async () => {
    const { ended } = dial(transport, await portOf(echo()), { authority, tls: {} });
    expect(await ended).toMatchObject({ errorClass: 'unavailable', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });

  it('ends where the peer speaks no HTTP/2', async () => {
    const server = tls.createServer({ key, cert }, (socket) => socket.on('error', () => {}));
    const { ended } = dial(transport, await portOf(server), { authority, tls: { ca: cert } });
    expect(await ended).toMatchObject({ errorClass: 'protocol' });
  });

  it('ends where the peer speaks no TLS', async () => {
    const { ended } = dial(transport, await portOf(http2.createServer()), { authority, tls: { ca: cert } });
    expect((await ended).errorClass).toMatch(/^(unavailable|reset|protocol)$/);
  });
});

function echo(seen = new Set<string>(), identity = { key, cert }): http2.Http2SecureServer {
  const server = http2.createSecureServer(identity);
  const names = new Map<number | undefined, unknown>();
  server.on('secureConnection', (socket: tls.TLSSocket) => {
    names.set(socket.remotePort, Reflect.get(socket, 'servername'));
  });
  server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    seen.add(`${headers[':scheme']} ${names.get(stream.session?.socket?.remotePort)}`);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.pipe(stream);
  });
  return server;
}

async function portOf(server: Server): Promise<number> {
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
