import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startDnsForwarder } from '../server/clients/grpc-js/dns-forwarder.ts';
import { type Line, readLine } from './lines.ts';
import type { Question } from './lookups.ts';

export type Policy = 'round_robin' | 'pick_first';
export const families = ['grpc-js', 'grpc-go', 'grpc-java'] as const;
export type Family = (typeof families)[number];

export interface ClientPlan {
  readonly family: Family;
  readonly side: 'real' | 'profile';
  readonly policy: Policy;
}

/** Where a foreign client's program is, or why there is none here; scripts/lib/peers.mjs says it. */
export interface Peers {
  readonly go?: string;
  /** The class path. */
  readonly java?: string;
  readonly absent: Readonly<Partial<Record<Family, string>>>;
}

export interface Client {
  readonly plan: ClientPlan;
  readonly lines: readonly Line[];
  readonly questions: readonly Question[];
  /** Undefined while it runs. */
  readonly ended: string | undefined;
  /** Settles when the program stands and waits, or has ended. */
  readonly ready: Promise<void>;
  /** From here on it calls. */
  begin(): void;
  stop(): Promise<void>;
}

export interface ClientOptions {
  readonly peers: Peers;
  /** The lab's. */
  readonly dnsPort: number;
  readonly target: string;
  readonly rate: number;
}

/** Starts one client in a process of its own, behind a DNS forwarder of its own that counts. */
export async function startClient(plan: ClientPlan, options: ClientOptions): Promise<Client> {
  const lines: Line[] = [];
  const questions: Question[] = [];
  const host = options.target.slice(0, options.target.lastIndexOf(':'));
  const java = plan.family === 'grpc-java' && plan.side === 'real';
  const forwarder = await startDnsForwarder(
    { host: '127.0.0.1', port: options.dnsPort },
    {
      onQuery(type, name) {
        // TXT questions are for a service config, _grpc_config.NAME; other names are search domains of this machine's resolver.
        const asked = name.toLowerCase();
        if (asked === host || asked === `_grpc_config.${host}`) questions.push({ at: Date.now(), type, name });
      },
      onAnswer() {},
    },
    // resolv.conf knows no ports: an address of its own on the usual one.
    java ? { host: javaNameServer(plan.policy), port: 53 } : undefined,
  );
  const dir = mkdtempSync(join(tmpdir(), 'lbscope-client-'));
  const [program, args] = commandOf(plan, options, `127.0.0.1:${forwarder.port}`, dir);
  // grpc-js honours a name server in its target only so.
  const env = { ...process.env, GRPC_NODE_USE_ALTERNATIVE_RESOLVER: 'true' };
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
  let ended: string | undefined;
  const exited = endOf(child).then((how) => {
    ended = how;
  });
  const ready = new Promise<void>((done) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = readLine(text);
      if (line === undefined) return;
      lines.push(line);
      if (line.t === 'client') done();
    });
    void exited.then(done);
  });
  child.stdin.on('error', () => {});
  return {
    plan,
    lines,
    questions,
    ready,
    begin: () => void child.stdin.write('\n'),
    get ended() {
      return ended;
    },
    async stop() {
      child.stdin.end();
      await exited;
      forwarder.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const javaNameServer = (policy: Policy): string => (policy === 'round_robin' ? '127.53.53.1' : '127.53.53.2');

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((done) => {
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, signal) => done(`ended with ${code ?? signal}`));
  });
}

function commandOf(plan: ClientPlan, options: ClientOptions, dns: string, dir: string): [string, string[]] {
  const { target, rate, peers } = options;
  const common = ['--dns', dns, '--target', target, '--policy', plan.policy, '--rate', String(rate)];
  if (plan.side === 'profile') return node([...common, '--client', `profile ${plan.family}`]);
  switch (plan.family) {
    case 'grpc-js':
      return node([...common, '--client', 'grpc-js']);
    case 'grpc-go':
      return [peers.go ?? '', common];
    case 'grpc-java': {
      // grpc-java asks the JVM, the JVM asks getaddrinfo, and that reads resolv.conf: in a mount namespace it reads ours.
      const resolv = join(dir, 'resolv.conf');
      const hosts = join(dir, 'nsswitch.conf');
      writeFileSync(resolv, `nameserver ${javaNameServer(plan.policy)}\noptions ndots:1\n`);
      writeFileSync(hosts, 'hosts: files dns\n');
      const script =
        'mount --bind "$1" /etc/resolv.conf && { [ ! -e /etc/nsswitch.conf ] || mount --bind "$2" /etc/nsswitch.conf; } && shift 2 && exec "$@"';
      const java = [
        'java',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-Xmx128m',
        '-cp',
        peers.java ?? '',
        'peer.Main',
      ];
      return ['unshare', ['-m', 'sh', '-c', script, 'sh', resolv, hosts, ...java, ...common]];
    }
  }
}

function node(args: string[]): [string, string[]] {
  return [process.execPath, [join(import.meta.dirname, 'node-client.ts'), ...args]];
}
