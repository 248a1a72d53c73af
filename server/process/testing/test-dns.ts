/** A DNS server for tests that answers at will, on UDP and TCP; used by tests of the lab and of the agent. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { decode, encode, type Packet, streamEncode } from 'dns-packet';

/** What every A question gets. */
export type TestAnswer = { readonly addresses: readonly string[] } | { readonly rcode: 'NXDOMAIN' | 'SERVFAIL' };

const rcodes = { NXDOMAIN: 3, SERVFAIL: 2 };

export interface TestDns {
  readonly port: number;
  answer: TestAnswer;
  /** A questions so far. */
  readonly asked: number;
  close(): Promise<void>;
}

export async function startTestDns(answer: TestAnswer): Promise<TestDns> {
  let asked = 0;
  const reply = (query: Packet): Packet => {
    const question = query.questions?.[0];
    const common = { id: query.id, type: 'response' as const, questions: query.questions };
    if (question?.type === 'A') asked++;
    if ('rcode' in dns.answer) return { ...common, flags: (1 << 10) | rcodes[dns.answer.rcode] };
    const name = question?.name ?? '';
    const addresses = question?.type === 'A' ? dns.answer.addresses : [];
    return {
      ...common,
      flags: 1 << 10,
      answers: addresses.map((data) => ({ type: 'A' as const, name, ttl: 5, data })),
    };
  };

  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let buffered = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      buffered = Buffer.concat([buffered, chunk as Buffer]);
      while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
        const length = 2 + buffered.readUInt16BE(0);
        const query = decode(buffered.subarray(2, length));
        buffered = buffered.subarray(length);
        socket.write(streamEncode(reply(query)));
      }
    });
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  udp.on('message', (message, from) => udp.send(encode(reply(decode(message))), from.port, from.address));
  udp.on('error', () => {});
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');

  const dns = {
    port,
    answer,
    get asked() {
      return asked;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      udp.close();
      await new Promise((done) => tcp.close(done));
    },
  };
  return dns;
}
