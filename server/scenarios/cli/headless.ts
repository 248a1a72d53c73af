import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../../supervisor/child.ts';
import { freePort } from '../../supervisor/ports.ts';

export interface Headless {
  readonly agentUrl: string;
  stop(): Promise<void>;
}

export interface HeadlessOptions {
  /** Where the bundles are. */
  readonly dist: string;
  readonly root: string;
  readonly kubeconfig: string | undefined;
  readonly namespace: string | undefined;
  readonly dns: string | undefined;
  readonly dataDir: string | undefined;
}

/** A process that dies this often at its start will not live. */
const mostDeaths = 3;

/** A lab (or none, with a kubeconfig) and an agent, on free ports and with a state folder of their own; no dashboard. */
export async function startHeadless(options: HeadlessOptions): Promise<Headless> {
  const stateDir = mkdtempSync(join(tmpdir(), 'lbscope-scenario-'));
  const children: Child[] = [];
  const stop = async () => {
    for (const child of children.toReversed()) await child.end();
    rmSync(stateDir, { recursive: true, force: true });
  };

  const start = async (name: 'lab' | 'agent', args: readonly string[]): Promise<Record<string, string>> => {
    mkdirSync(join(stateDir, 'log'), { recursive: true });
    return new Promise((resolve, reject) => {
      let deaths = 0;
      const child = new Child(
        {
          name,
          command: process.execPath,
          args: () => [join(options.dist, `${name}.mjs`), ...args],
          env: () => ({}),
          cwd: options.root,
          logFile: join(stateDir, 'log', `${name}.log`),
          readyLine: (line) => readyMessage(name, line),
          endWithinMs: 8_000,
        },
        {
          onReady: (message) => resolve(message as Record<string, string>),
          onEnded: (how, _, lastLines) => {
            deaths += 1;
            if (deaths >= mostDeaths) reject(new Error(`the ${name} ${how}:\n${lastLines}`));
          },
        },
      );
      children.push(child);
      child.start();
    });
  };

  try {
    const host = '127.0.0.1';
    const base = [
      '--agent-port',
      String((await freePort(3_101, host)) ?? 3_101),
      '--state-dir',
      join(stateDir, 'agent'),
    ];
    const more = ['--scenarios-dir', join(options.root, 'scenarios'), '--log-level', 'warn'];
    const kept = options.dataDir === undefined ? [] : ['--data-dir', options.dataDir];
    const named = options.namespace === undefined ? [] : ['--namespace', options.namespace];
    let cluster = [
      '--kubeconfig',
      options.kubeconfig ?? '',
      ...(options.dns === undefined ? [] : ['--dns', options.dns]),
    ];
    if (options.kubeconfig === undefined) {
      const { api = '', dns = '' } = await start('lab', [
        '--api-port',
        '0',
        '--dns-port',
        '0',
        '--state-dir',
        join(stateDir, 'lab'),
      ]);
      cluster = [
        '--kube-server',
        api,
        '--dns',
        dns,
        '--objects',
        'apply',
        '--lab-url',
        api,
        '--lane-token',
        'lab:lanes',
      ];
    }
    const { url = '' } = await start('agent', [...base, ...more, ...kept, ...named, ...cluster]);
    return { agentUrl: url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readyMessage(name: string, line: string): unknown {
  if (!line.startsWith('{')) return undefined;
  try {
    const message = JSON.parse(line) as Record<string, unknown>;
    return message[name] === 'ready' ? message : undefined;
  } catch {
    return undefined;
  }
}
