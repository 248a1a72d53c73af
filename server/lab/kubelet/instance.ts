import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Clock, Environment } from '../clock.ts';
import { LogRing } from './log-ring.ts';
import { type ProcessRegister, signal, signalGroup } from './register.ts';

/** How one run of a container ended. */
export interface Exit {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string;
  /** Wall clock, milliseconds since 1970. */
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly containerID: string;
}

/** One run of a container: a real process, from its start to its end. */
export interface Instance {
  readonly pid: number;
  readonly containerID: string;
  readonly startedAt: number;
  readonly startedMono: number;
  readonly log: LogRing;
  readonly exited: Promise<Exit>;
  /** Set at the moment of the exit; the kubelet acts on it only when it looks (PLEG). */
  exit(): Exit | undefined;
  terminate(): void;
  /** SIGKILL, to everything the process started as well. */
  end(): void;
}

export interface SpawnRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  /** namespace/pod/container, for the register. */
  readonly what: string;
  readonly clock: Clock;
  readonly register: ProcessRegister;
}

export type SpawnOutcome =
  | { readonly kind: 'started'; readonly instance: Instance }
  | { readonly kind: 'fault'; readonly message: string };

export function spawnInstance(request: SpawnRequest): Promise<SpawnOutcome> {
  const { clock, register } = request;
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      child = spawn(request.command, [...request.args], {
        // The process ends when its stdin closes, so it never outlives the lab (LBSCOPE_SUPERVISED).
        stdio: ['pipe', 'pipe', 'pipe'],
        env: request.env as NodeJS.ProcessEnv,
        cwd: request.cwd,
        // A group of its own: ctrl-C in the terminal reaches the lab, which then ends its pods in good order.
        detached: true,
      });
    } catch (error) {
      resolve({ kind: 'fault', message: (error as Error).message });
      return;
    }
    const log = new LogRing(() => clock.now());
    for (const stream of [child.stdout, child.stderr]) {
      const writer = log.writer();
      stream?.setEncoding('utf8');
      stream?.on('data', (chunk: string) => writer.write(chunk));
      stream?.on('end', () => writer.end());
      stream?.on('error', () => {});
    }
    child.stdin?.on('error', () => {});
    child.once('error', (error) => resolve({ kind: 'fault', message: error.message }));
    child.once('spawn', () => {
      const pid = child.pid!;
      register.add(pid, request.what);
      const startedAt = clock.now();
      const containerID = `process://${pid}`;
      let exit: Exit | undefined;
      const exited = new Promise<Exit>((ended) => {
        child.once('exit', (code, name) => {
          register.remove(pid);
          const exitCode = code ?? 128 + (name === null ? 0 : constants.signals[name]);
          exit = {
            exitCode,
            reason: exitCode === 0 ? 'Completed' : 'Error',
            startedAt,
            finishedAt: clock.now(),
            containerID,
          };
          // Output may still be in the pipes: 'close' comes when they are read out, or never if a grandchild holds them.
          child.once('close', () => log.end());
          clock.after(1_000, () => log.end());
          ended(exit);
        });
      });
      resolve({
        kind: 'started',
        instance: {
          pid,
          containerID,
          startedAt,
          startedMono: clock.monotonic(),
          log,
          exited,
          exit: () => exit,
          terminate: () => {
            if (exit === undefined) signal(pid, 'SIGTERM');
          },
          end: () => {
            if (exit === undefined) signalGroup(pid, 'SIGKILL');
          },
        },
      });
    });
  });
}
