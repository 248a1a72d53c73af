import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export interface PodView {
  pod: string;
  uid: string;
  ip: string;
  calls: number;
  share: number;
  recentCalls: number;
  errors: number;
  ready: boolean;
  standing: string;
}

export interface LaneView {
  id: string;
  spec: unknown;
  state: string;
  reason: string;
  stateCode?: string;
  unreachableSince?: string;
  detour?: { command: string };
  pods: PodView[];
  belief?: { addresses?: string[]; missing?: string[]; ghosts?: string[]; nextTrigger: string };
  fairness: { jain: number; calls: number; podsReady: number; random: number };
  latency: { p50Ms: number; p99Ms: number; calls: number };
  rate: { asked: number; achieved: number; scheduleErrorP99Ms?: number };
  errors?: Record<string, number>;
  verdict: string;
  issued: number;
  answered: number;
  transparentRetries: number;
  toRemovedAnswered: number;
  toRemovedLost: number;
  lookups: number;
}

export interface StoryView {
  laneId: string;
  podUid: string;
  direction: string;
  state: string;
  reactionMs?: number;
  turnMs: number;
  lost: number;
  told?: string;
  slice?: string;
  inPicker?: string;
}

export interface ChangeView {
  sequence: number;
  kind: string;
  title: string;
  stories: StoryView[];
  addedUids?: string[];
  removedUids?: string[];
}

export interface SnapshotView {
  runId: string;
  sequence: number;
  running: boolean;
  traffic: { ratePerSecond: number; concurrency: number; connections: number };
  lanes: LaneView[];
  pods: {
    uid: string;
    name: string;
    ip: string;
    phase: string;
    ready: boolean;
    terminating: boolean;
    incarnation: number;
    handle: string;
  }[];
  deployment?: { replicas: number; readyReplicas: number };
  changes: ChangeView[];
  headline: string;
  cluster?: { state: string; reason: string };
}

export class ApiError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A port that nothing uses now. */
export async function anyPort(): Promise<number> {
  return new Promise((done, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly args: string;
}

/** One running lbscope, started the way `npm start` starts it. */
export class App {
  readonly url: string;
  readonly labUrl: string;
  readonly dnsPort: number;
  readonly pid: number;
  readonly stateDir: string;
  readonly #child: ChildProcess;
  readonly #output: string[];

  private constructor(child: ChildProcess, output: string[], url: string, ports: readonly number[], stateDir: string) {
    this.#child = child;
    this.#output = output;
    this.url = url;
    const [, , api = 0, dns = 0] = ports;
    this.labUrl = `http://127.0.0.1:${api}`;
    this.dnsPort = dns;
    this.pid = child.pid ?? 0;
    this.stateDir = stateDir;
  }

  static async start(options: { args?: string[]; env?: Record<string, string> } = {}): Promise<App> {
    const stateDir = mkdtempSync(join(tmpdir(), 'lbscope-e2e-'));
    const ports = await Promise.all([anyPort(), anyPort(), anyPort(), anyPort()]);
    const names = ['--port', '--agent-port', '--api-port', '--dns-port'];
    const output: string[] = [];
    const child = spawn(
      process.execPath,
      [
        join(root, 'dist', 'supervisor.mjs'),
        ...names.flatMap((name, i) => [name, String(ports[i])]),
        ...['--state-dir', stateDir],
        ...(options.args ?? []),
      ],
      {
        cwd: root,
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...process.env, ...options.env, LBSCOPE_SUPERVISED: '1' },
      },
    );
    child.stdout?.setEncoding('utf8').on('data', (text: string) => output.push(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => output.push(text));
    const deadline = Date.now() + 60_000;
    for (;;) {
      const url = /lbscope {2}(http:\/\/\S+)/.exec(output.join(''))?.[1];
      if (url) return new App(child, output, url, ports, stateDir);
      if (child.exitCode !== null || Date.now() > deadline) {
        child.kill('SIGKILL');
        throw new Error(`lbscope did not start:\n${output.join('')}\n${logsIn(stateDir)}`);
      }
      await sleep(50);
    }
  }

  get output(): string {
    return this.#output.join('');
  }

  get logs(): string {
    return logsIn(this.stateDir);
  }

  async call<T>(method: string, body: unknown = {}): Promise<T> {
    const response = await fetch(`${this.url}/rpc/lbscope.agent.v1.AgentService/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const answer = (await response.json()) as T & { code?: string; message?: string };
    if (!response.ok) throw new ApiError(answer.code ?? String(response.status), answer.message ?? '');
    return answer;
  }

  snapshot(): Promise<SnapshotView> {
    return this.call<SnapshotView>('GetSnapshot');
  }

  /** Asks for snapshots until one satisfies the condition; fails with what the last one lacked. */
  async until(what: string, condition: (snapshot: SnapshotView) => boolean, withinMs = 30_000): Promise<SnapshotView> {
    const deadline = Date.now() + withinMs;
    let last: SnapshotView | undefined;
    let fault = '';
    while (Date.now() < deadline) {
      try {
        last = await this.snapshot();
        if (condition(last)) return last;
      } catch (error) {
        fault = String(error);
      }
      await sleep(100);
    }
    const lanes = last?.lanes.map(
      (lane) =>
        `${lane.id} ${lane.state} ${lane.reason}: ${lane.pods.map((pod) => `${pod.pod}=${pod.calls} (${pod.standing})`).join(' ')}; belief ${lane.belief?.addresses?.join(',')}; ${JSON.stringify(lane.errors)}`,
    );
    throw new Error(`not within ${withinMs} ms: ${what}\n${fault}\n${lanes?.join('\n')}\n${this.output}`);
  }

  /** Waits for n ready pods, none terminating, and each lane having answered `calls` more calls from then on. */
  async settled(
    pods: number,
    calls: number,
    lanes: readonly string[] = ['clusterip', 'headless', 'kubewatch', 'envoy'],
  ): Promise<SnapshotView> {
    const start = await this.until(
      `${pods} pods ready`,
      (s) =>
        s.pods.filter((pod) => pod.ready).length === pods &&
        s.lanes.filter((lane) => lanes.includes(lane.id)).every((lane) => lane.state === 'running'),
    );
    const before = new Map(start.lanes.map((lane) => [lane.id, lane.answered]));
    return this.until(`${calls} calls on each lane`, (s) =>
      lanes.every((id) => (s.lanes.find((lane) => lane.id === id)?.answered ?? 0) - (before.get(id) ?? 0) >= calls),
    );
  }

  /** New clients on all lanes: new channels, connections and lookups, so that no test inherits what another left. */
  async freshClients(): Promise<void> {
    for (const { spec } of (await this.snapshot()).lanes) await this.call('PutLane', { lane: spec });
  }

  /** The pod that ClusterIP's one connection goes to now: the one whose calls grow. */
  async pinned(): Promise<PodView> {
    const calls = (snapshot: SnapshotView) =>
      new Map(lane(snapshot, 'clusterip').pods.map((pod) => [pod.uid, pod.calls]));
    const before = calls(await this.snapshot());
    let found: PodView | undefined;
    await this.until('ClusterIP answers', (s) => {
      found = lane(s, 'clusterip').pods.find((pod) => pod.calls > (before.get(pod.uid) ?? 0));
      return found !== undefined;
    });
    if (found === undefined) throw new Error('unreachable: until() has found it');
    return found;
  }

  /** All living processes of this lbscope, the supervisor first. */
  processes(): Process[] {
    const all = listProcesses();
    const mine: Process[] = all.filter((process) => process.pid === this.pid);
    for (let i = 0; i < mine.length; i += 1) mine.push(...all.filter((process) => process.parent === mine[i]?.pid));
    return mine;
  }

  /** The process of one part, recognised by its program. */
  process(program: string | RegExp): Process {
    const found = this.processes().find(({ args }) =>
      typeof program === 'string' ? args.includes(program) : program.test(args),
    );
    if (!found)
      throw new Error(
        `no process runs ${program}:\n${this.processes()
          .map(({ pid, args }) => `${pid} ${args}`)
          .join('\n')}`,
      );
    return found;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when the supervisor is gone. */
  async gone(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      await new Promise((done) => this.#child.once('exit', done));
  }

  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.gone();
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}

export function listProcesses(): Process[] {
  return execFileSync('ps', ['-eo', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null && !match[3]?.startsWith('Z'))
    .map((match) => ({ pid: Number(match?.[1]), parent: Number(match?.[2]), args: match?.[4] ?? '' }));
}

function logsIn(stateDir: string): string {
  return ['lab', 'agent', 'dashboard']
    .map((name) => {
      try {
        return `--- ${name}\n${readFileSync(join(stateDir, 'log', `${name}.log`), 'utf8').slice(-2_000)}`;
      } catch {
        return '';
      }
    })
    .join('\n');
}

/** A lane of a snapshot by its id. */
export function lane(snapshot: SnapshotView, id: string): LaneView {
  const found = snapshot.lanes.find((each) => each.id === id);
  if (!found) throw new Error(`no lane ${id} in the snapshot`);
  return found;
}

export function lost(view: LaneView): number {
  return Object.values(view.errors ?? {}).reduce((sum, count) => sum + count, 0);
}
