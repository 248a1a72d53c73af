import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LoadClient, Slice } from './load.ts';
import { sayHello } from './load.ts';
import { callers } from './node-clients.ts';

const root = join(import.meta.dirname, '../..');

export function nodeClients(): LoadClient[] {
  return Object.keys(callers).map((name) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'client-process.ts'), name], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      name,
      async run(load, ms) {
        child.stdin.write(`${JSON.stringify({ load, ms })}\n`);
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`${name}: the client has ended`);
        return JSON.parse(value) as Slice;
      },
      close: () => child.stdin.end(),
    } satisfies LoadClient;
  });
}

export interface Foreign {
  readonly client: LoadClient | undefined;
  readonly name: string;
  /** How to get it, where it is not there. */
  readonly install: string;
}

/** Programs of others, where this machine has them. */
export function foreignClients(): Foreign[] {
  const made: [string, string, (path: string) => LoadClient][] = [
    ['h2load', "Debian's nghttp2-client", h2load],
    ['ghz', 'go install github.com/bojand/ghz/cmd/ghz@v0.120.0', ghz],
    ['fortio', 'go install fortio.org/fortio@latest', fortio],
  ];
  return made.map(([name, install, make]) => {
    const path = find(name);
    return { name, install, client: path === undefined ? undefined : make(path) };
  });
}

/** On PATH, or where GOBIN=.cache/bench has put it. */
function find(name: string): string | undefined {
  const folders = [join(root, '.cache', 'bench'), ...(process.env.PATH ?? '').split(delimiter)];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

interface Ran {
  readonly said: string;
  readonly cpuUs: number | undefined;
}

/** A program from its start to its end; bash knows what it cost. */
async function ran(program: string, args: readonly string[]): Promise<Ran> {
  const child = spawn('bash', ['-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', 'bash', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  let said = '';
  let errors = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${errors.slice(-500)}`);
  const cpu = /cpu ([\d.]+) ([\d.]+)\s*$/.exec(errors);
  return { said, cpuUs: cpu === null ? undefined : (Number(cpu[1]) + Number(cpu[2])) * 1e6 };
}

function h2load(path: string): LoadClient {
  const folder = mkdtempSync(join(tmpdir(), 'lbscope-bench-'));
  const body = join(folder, 'request');
  writeFileSync(body, Buffer.from([0, 0, 0, 0, 7, 0x0a, 5, ...Buffer.from('bench')]));
  return {
    name: 'h2load',
    async run({ port, concurrency, connections }, ms) {
      const { said, cpuUs } = await ran(path, [
        ...['-D', `${ms}ms`, '-c', String(connections), '-m', String(concurrency / connections), '-d', body],
        ...['-H', 'content-type: application/grpc+proto', '-H', 'te: trailers', `http://127.0.0.1:${port}${sayHello}`],
      ]);
      const calls = Number(/ (\d+) succeeded/.exec(said)?.[1]);
      return { calls, ms, cpuUs };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function ghz(path: string): LoadClient {
  return {
    name: 'ghz',
    async run({ port, concurrency, connections }, ms) {
      const { said, cpuUs } = await ran(path, [
        ...['--insecure', '--proto', join(root, 'proto/lbscope/greeter/v1/greeter.proto'), '-i', join(root, 'proto')],
        ...['--call', 'lbscope.greeter.v1.Greeter/SayHello', '-d', '{"name":"bench"}', '-z', `${ms}ms`],
        ...['-c', String(concurrency), '--connections', String(connections), '-O', 'json', `127.0.0.1:${port}`],
      ]);
      const { statusCodeDistribution, total } = JSON.parse(said);
      return { calls: statusCodeDistribution.OK ?? 0, ms: total / 1e6, cpuUs };
    },
    close: () => {},
  };
}

/** It calls the health service: what it can without being given a proto. */
function fortio(path: string): LoadClient {
  return {
    name: 'fortio (Health/Check)',
    refuses: (server) => (server === 'minimal' ? 'the minimal server has no health service' : undefined),
    async run({ port, concurrency, connections }, ms) {
      const { said, cpuUs } = await ran(path, [
        ...['load', '-quiet', '-grpc', '-qps', '0', '-t', `${ms}ms`, '-c', String(connections)],
        ...['-s', String(concurrency / connections), '-json', '-', `127.0.0.1:${port}`],
      ]);
      const { RetCodes, ActualDuration } = JSON.parse(said);
      return { calls: RetCodes.SERVING ?? 0, ms: ActualDuration / 1e6, cpuUs };
    },
    close: () => {},
  };
}
