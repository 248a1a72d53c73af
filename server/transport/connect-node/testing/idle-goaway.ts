import { messageOf, startListener } from '../../testing/listener.ts';
import { createConnectNodeTransport } from '../index.ts';

/** A program of its own, as an uncaught error would end it: calls once, then gets GOAWAY on the idle session, N times. */
const times = Number(process.argv[2] ?? '30');
let survived = 0;
for (let n = 0; n < times; n++) {
  const server = await startListener('a');
  await new Promise<void>((resolve) => {
    const connection = createConnectNodeTransport().connect(
      { host: server.host, port: server.port },
      { authority: 'a', connectTimeoutMs: 5000, pingIntervalMs: 10_000, pingTimeoutMs: 3000 },
      {
        onConnected: async () => {
          await connection.unary({ path: '/a.B/C', message: messageOf('x'), timeoutMs: 1000 });
          server.goaway();
        },
        onGoaway: () => {},
        onClosed: () => resolve(),
      },
    );
  });
  await new Promise((resolve) => setImmediate(resolve));
  survived++;
  await server.crash();
}
console.log(`survived ${survived} of ${times}`);
