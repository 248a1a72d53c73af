/** Runs one of the Node clients: a line of JSON in (a load and a time), a line of JSON out (what it did). Ends with its input. */
import { createInterface } from 'node:readline';
import type { Load, Slice } from './load.ts';
import { type Caller, callers } from './node-clients.ts';

const make = callers[process.argv[2] ?? ''];
if (make === undefined) throw new Error(`there is no client "${process.argv[2]}"`);

const open = new Map<string, Caller>();

async function connected({ port, connections }: Load): Promise<Caller[]> {
  const all: Caller[] = [];
  for (let n = 0; n < connections; n++) {
    const key = `${port} ${n}`;
    const caller = open.get(key) ?? (await make?.(port));
    if (caller === undefined) continue;
    open.set(key, caller);
    all.push(caller);
  }
  return all;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { load, ms }: { load: Load; ms: number } = JSON.parse(line);
  const all = await connected(load);
  const begun = performance.now();
  const cpu = process.cpuUsage();
  let over = false;
  const timer = setTimeout(() => {
    over = true;
  }, ms);
  const counts = await Promise.all(all.map((caller) => caller.loop(load.concurrency / all.length, () => over)));
  clearTimeout(timer);
  const { user, system } = process.cpuUsage(cpu);
  const slice: Slice = {
    calls: counts.reduce((sum, count) => sum + count, 0),
    ms: performance.now() - begun,
    cpuUs: user + system,
  };
  console.log(JSON.stringify(slice));
}
for (const caller of open.values()) caller.close();
process.exit(0);
