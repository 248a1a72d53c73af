import { createSocket } from 'node:dgram';
import { decode, encode, type Packet } from 'dns-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createNodeLookup } from './node-lookup.ts';

/** A name server on a free port that answers with this response code and these addresses. */
async function nameServer(rcode: number, addresses: readonly string[]): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (data, peer) => {
    const query = decode(data);
    const answers = addresses.map((address) => ({ type: 'A' as const, name: 'x.test', ttl: 5, data: address }));
    const reply: Packet = {
      type: 'response',
      id: query.id ?? 0,
      flags: rcode,
      questions: query.questions ?? [],
      answers,
    };
    socket.send(encode(reply), peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

describe('lookup through node:dns', () => {
  it('gives the addresses in the order of the answer', async () => {
    const server = await nameServer(0, ['10.0.0.3', '10.0.0.1', '10.0.0.2']);
    const outcome = await createNodeLookup({ server }).lookup('x.test');
    expect(outcome).toEqual({ ok: true, addresses: ['10.0.0.3', '10.0.0.1', '10.0.0.2'] });
  });

  it.each([
    [3, 'NXDOMAIN'],
    [2, 'SERVFAIL'],
    [5, 'REFUSED'],
    [0, 'EMPTY'],
  ] as const)('response code %i is %s', async (rcode, code) => {
    const server = await nameServer(rcode, []);
    expect(await createNodeLookup({ server, timeoutMs: 500 }).lookup('x.test')).toMatchObject({ ok: false, code });
  });

  it('a server that does not answer is a value, too', async () => {
    const silent = createSocket('udp4');
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const server = `127.0.0.1:${silent.address().port}`;
    expect(await createNodeLookup({ server, timeoutMs: 50 }).lookup('x.test')).toMatchObject({
      ok: false,
      code: 'TIMEOUT',
    });
  });

  it('asks the system where no server is given', async () => {
    expect(await createNodeLookup().lookup('localhost')).toEqual({ ok: true, addresses: ['127.0.0.1'] });
  });
});
