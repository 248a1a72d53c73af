/** `node pod.ts NUMBER HOST PORT`: says its number on each connection, and once more for each line. Ends with its input. */
import { createServer } from 'node:net';

const [number = '', host = '', port = ''] = process.argv.slice(2);
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.write(`${number}\n`);
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    for (const line of text.split('\n').slice(1)) socket.write(`${number}${line}\n`);
  });
});
server.listen(Number(port), host, () => process.stdout.write('ready\n'));
process.stdin.resume().on('end', () => process.exit(0));
