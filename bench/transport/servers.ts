import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { spawnPod } from '../../server/pod/testing.ts';

export interface BenchServer {
  readonly name: 'minimal' | 'pod';
  readonly port: number;
  /** CPU of its process so far, microseconds; undefined where /proc does not tell. */
  cpuUs(): number | undefined;
  close(): void;
}

/** fast-server.ts in a process of its own. */
export async function minimalServer(): Promise<BenchServer> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fast-server.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  return { name: 'minimal', port: Number(value), cpuUs: () => cpuOf(child), close: () => child.stdin.end() };
}

/** The pod's program, as the kubelet starts it. */
export async function podServer(): Promise<BenchServer> {
  const { child, port } = await spawnPod({});
  return { name: 'pod', port, cpuUs: () => cpuOf(child), close: () => child.kill() };
}

/** All threads; the first number of schedstat is time on a CPU, in nanoseconds. */
function cpuOf(child: ChildProcess): number | undefined {
  try {
    const tasks = `/proc/${child.pid}/task`;
    let ns = 0;
    for (const task of readdirSync(tasks))
      ns += Number(readFileSync(join(tasks, task, 'schedstat'), 'utf8').split(' ')[0]);
    return ns / 1000;
  } catch {
    return undefined;
  }
}
