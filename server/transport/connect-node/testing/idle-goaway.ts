import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { messageOf, startListener, type TestListener } from '../../testing/listener.ts';
import { createConnectNodeTransport } from '../index.ts';
import { unaryMethod, wrap } from '../raw-method.ts';

/**
 * A program of its own, as an uncaught error ends a process: calls once, gets GOAWAY on the idle session, and begins
 * another call in the moment it arrives (connect-es 1768). `ours` or `theirs` (connect-node's own session manager), N times.
 */
const [, , whose = 'ours', count = '30'] = process.argv;
const times = Number(count);
const path = '/a.B/C';
let uncaught = 0;
process.on('uncaughtException', () => {
  uncaught++;
});

for (let n = 0; n < times; n++) {
  const server = await startListener('a');
  await (whose === 'ours' ? ours(server) : theirs(server));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await server.crash();
}
console.log(`uncaught ${uncaught} of ${times}`);
process.exit(0);

function ours(server: TestListener): Promise<void> {
  return new Promise((resolve) => {
    const call = () => connection.unary({ path, message: messageOf('x'), timeoutMs: 1000 });
    const connection = createConnectNodeTransport().connect(
      { host: server.host, port: server.port },
      { authority: 'a', connectTimeoutMs: 5000, pingIntervalMs: 10_000, pingTimeoutMs: 3000 },
      {
        onConnected: () => void call().then(() => server.goaway()),
        onGoaway: () => void call(),
        onClosed: () => resolve(),
      },
    );
  });
}

async function theirs(server: TestListener): Promise<void> {
  const url = `http://${server.host}:${server.port}`;
  const manager = new Http2SessionManager(url);
  const method = unaryMethod(path);
  if (method === undefined) throw new Error(path);
  const call = () => transport.unary(method, undefined, 1000, {}, wrap(messageOf('x')));
  const transport = createGrpcTransport({
    baseUrl: url,
    sessionManager: {
      authority: manager.authority,
      notifyResponseByteRead: (stream) => manager.notifyResponseByteRead(stream),
      request: async (...request) => {
        const stream = await manager.request(...request);
        stream.session?.once('goaway', () => void call().catch(() => {}));
        return stream;
      },
    },
  });
  await call();
  server.goaway();
  await new Promise((resolve) => setTimeout(resolve, 10));
  manager.abort();
}
