import { createServer } from 'node:net';

/** Whether nothing listens on that port of the host. */
export function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The wanted port, or the next free one within 100 of it that is not in `taken`. Undefined when there is none. */
export async function freePort(
  wanted: number,
  host: string,
  taken: ReadonlySet<number> = new Set(),
): Promise<number | undefined> {
  for (let port = wanted; port < Math.min(wanted + 100, 65_536); port += 1) {
    if (!taken.has(port) && (await isFree(port, host))) return port;
  }
  return undefined;
}
