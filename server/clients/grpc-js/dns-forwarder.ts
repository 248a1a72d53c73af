import { createSocket, type Socket } from 'node:dgram';
import { connect, createServer, type Server } from 'node:net';
import { decode } from 'dns-packet';

export interface DnsServer {
  readonly host: string;
  readonly port: number;
}

/** What was asked and answered. Told for UDP: over TCP a resolver only repeats what was truncated. */
export interface DnsListener {
  onQuery(type: string, name: string): void;
  /** An answer to an A question: its addresses, or the server's refusal (NXDOMAIN, SERVFAIL, ...). */
  onAnswer(name: string, addresses: readonly string[], code: string, tookMs: number): void;
}

export interface DnsForwarder {
  readonly port: number;
  close(): void;
}

/** An answer that takes longer is nobody's any more: c-ares asks again after a few seconds. */
const givenUpMs = 10_000;

/**
 * Stands between a client's resolver and the name server, passes every byte on as it is, and counts. So lookups are seen that
 * the client makes inside itself.
 */
export async function startDnsForwarder(
  upstream: DnsServer,
  listener: DnsListener,
  /** Port 0: any free one. */
  listen: DnsServer = { host: '127.0.0.1', port: 0 },
): Promise<DnsForwarder> {
  const waiting = new Set<Socket>();
  const front = createSocket('udp4');
  front.on('error', () => {});
  front.on('message', (question, from) => {
    const asked = questionOf(question);
    if (asked !== undefined) listener.onQuery(asked.type, asked.name);
    const at = performance.now();
    // A socket for each question: the answer needs no table to find its way back.
    const back = createSocket('udp4');
    waiting.add(back);
    const timer = setTimeout(() => end(), givenUpMs);
    const end = (): void => {
      if (!waiting.delete(back)) return;
      clearTimeout(timer);
      back.close();
    };
    back.on('error', end);
    back.on('message', (answer) => {
      if (asked?.type === 'A') {
        const { addresses, code } = answersOf(answer);
        listener.onAnswer(asked.name, addresses, code, performance.now() - at);
      }
      front.send(answer, from.port, from.address, () => {});
      end();
    });
    back.send(question, upstream.port, upstream.host, (error) => {
      if (error) end();
    });
  });

  const bound = await bind(front, upstream, listen);
  return {
    port: bound.port,
    close() {
      front.close();
      bound.tcp.close();
      for (const socket of [...waiting]) socket.close();
      waiting.clear();
    },
  };
}

/** UDP and TCP on one port: a truncated answer is asked for again over TCP. */
async function bind(front: Socket, upstream: DnsServer, listen: DnsServer): Promise<{ port: number; tcp: Server }> {
  await new Promise<void>((done, failed) => {
    front.once('error', failed);
    front.bind(listen.port, listen.host, () => {
      front.off('error', failed);
      done();
    });
  });
  const { port } = front.address();
  const tcp = createServer((client) => {
    const server = connect(upstream.port, upstream.host);
    client.pipe(server).pipe(client);
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
  });
  tcp.on('error', () => {});
  await new Promise<void>((done) => {
    tcp.once('error', () => done());
    tcp.listen(port, listen.host, done);
  });
  return { port, tcp };
}

function questionOf(message: Buffer): { type: string; name: string } | undefined {
  try {
    const [question] = decode(message).questions ?? [];
    return question === undefined ? undefined : { type: question.type, name: question.name };
  } catch {
    return undefined;
  }
}

function answersOf(message: Buffer): { addresses: string[]; code: string } {
  try {
    const packet = decode(message) as ReturnType<typeof decode> & { rcode?: string };
    const addresses = (packet.answers ?? []).flatMap((answer) => (answer.type === 'A' ? [answer.data] : []));
    return { addresses, code: packet.rcode ?? 'NOERROR' };
  } catch {
    return { addresses: [], code: 'FORMERR' };
  }
}
