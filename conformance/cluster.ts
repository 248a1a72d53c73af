import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { controlPod } from '../server/kube/pod-control.ts';

const root = join(import.meta.dirname, '..');
const namespace = '/api/v1/namespaces/lbscope';
const deployment = '/apis/apps/v1/namespaces/lbscope/deployments/greeter';
const controlPort = 50_052;

interface Pod {
  readonly metadata: { readonly name: string; readonly creationTimestamp: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** The embedded cluster as a process of its own, and what the story does to it: through its API and the pods' own control port. */
export class Cluster {
  readonly dnsPort: number;
  readonly #api: string;
  readonly #child: ChildProcess;
  readonly #dir: string;

  private constructor(child: ChildProcess, dir: string, ready: { api: string; dns: string }) {
    this.#child = child;
    this.#dir = dir;
    this.#api = ready.api;
    this.dnsPort = Number(ready.dns.slice(ready.dns.lastIndexOf(':') + 1));
  }

  static async start(): Promise<Cluster> {
    const dir = mkdtempSync(join(tmpdir(), 'lbscope-conformance-'));
    const args = ['--api-port', '0', '--dns-port', '0', '--state-dir', join(dir, 'state'), '--pods', '3'];
    const child = spawn(process.execPath, [join(root, 'dist', 'lab.mjs'), ...args], {
      cwd: root,
      // Ends when its input closes: also when this process is gone.
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, LBSCOPE_SUPERVISED: '1' },
    });
    const ready = await new Promise<{ api: string; dns: string }>((done, failed) => {
      child.once('exit', (code) => failed(new Error(`the lab ended with ${code}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('{')) done(JSON.parse(line));
      });
    });
    const cluster = new Cluster(child, dir, ready);
    await cluster.settled(3);
    return cluster;
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.#child.once('exit', done));
    this.#child.stdin?.end();
    await ended;
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Until so many pods are Ready and no other one is left. */
  async settled(count: number): Promise<void> {
    while (!((await this.#ready()).length === count && (await this.#pods()).length === count)) await sleep(100);
  }

  async scale(replicas: number): Promise<void> {
    await this.#ask('PATCH', `${deployment}/scale`, { spec: { replicas } });
  }

  /** The processes of the oldest pods, at once; the same pods come back. */
  async crash(count: number): Promise<void> {
    const pods = (await this.#ready()).slice(0, count);
    await Promise.all(pods.map(({ status }) => controlPod(status.podIP ?? '', controlPort, { crash: true })));
  }

  async delete(gracePeriodSeconds: number): Promise<void> {
    const [pod] = await this.#ready();
    if (pod === undefined) throw new Error('there is no pod to delete');
    await this.#ask('DELETE', `${namespace}/pods/${pod.metadata.name}`, { gracePeriodSeconds });
  }

  async rollout(): Promise<void> {
    const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
    await this.#ask('PATCH', deployment, { spec: { template: { metadata: { annotations } } } });
  }

  /** gRFC A9; -1: none. */
  async connectionAge(maxConnectionAgeMs: number): Promise<void> {
    for (const { status } of await this.#ready()) {
      await controlPod(status.podIP ?? '', controlPort, { maxConnectionAgeMs });
    }
  }

  async dns(mode: 'normal' | 'nxdomain' | 'servfail'): Promise<void> {
    await this.#ask('PUT', '/lab/v1/dns', { mode });
  }

  async crashUnder(mode: 'nxdomain' | 'servfail'): Promise<void> {
    await this.dns(mode);
    await this.crash(3);
  }

  async #pods(): Promise<readonly Pod[]> {
    const { items } = (await this.#ask('GET', `${namespace}/pods?labelSelector=app.kubernetes.io/name%3Dgreeter`)) as {
      items: Pod[];
    };
    return items;
  }

  /** The oldest first: one that every client knows. */
  async #ready(): Promise<readonly Pod[]> {
    const ready = (await this.#pods()).filter(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined &&
        status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
    );
    const age = ({ metadata }: Pod): string => `${metadata.creationTimestamp} ${metadata.name}`;
    return ready.sort((a, b) => age(a).localeCompare(age(b)));
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.#api}${path}`, {
      method,
      headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }
}
