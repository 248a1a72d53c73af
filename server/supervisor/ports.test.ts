import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { freePort, isFree } from './ports.ts';

const open: Server[] = [];

function occupy(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    open.push(server);
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

test('a taken port is moved aside to the next free one', async () => {
  const taken = await occupy(0);
  expect(await isFree(taken, '127.0.0.1')).toBe(false);
  const moved = await freePort(taken, '127.0.0.1');
  expect(moved).toBeGreaterThan(taken);
  expect(await isFree(moved ?? 0, '127.0.0.1')).toBe(true);
});

test('ports promised to another program are passed over', async () => {
  const taken = await occupy(0);
  const first = (await freePort(taken, '127.0.0.1')) ?? 0;
  expect(await freePort(taken, '127.0.0.1', new Set([first]))).toBeGreaterThan(first);
});
