import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  /** Read anew at each start: a restarted program keeps the ports that the first one got. */
  readonly args: () => readonly string[];
  readonly env: () => Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
  /** Recognises the line of standard output that says the program is ready. */
  readonly readyLine: (line: string) => unknown;
  /** How long a graceful end may take before it is forced, in milliseconds. */
  readonly endWithinMs: number;
}

export interface ChildEvents {
  onReady(message: unknown): void;
  /** It ended without being asked; `againInMs` is when it is started again. `lastLines` is the end of its log. */
  onEnded(how: string, againInMs: number, lastLines: string): void;
}

const firstBackoffMs = 250;
const longestBackoffMs = 10_000;
/** After running this long a program counts as well again, and the backoff starts anew. */
const wellAfterMs = 30_000;

/** One supervised program. */
export class Child {
  readonly #spec: ChildSpec;
  readonly #events: ChildEvents;
  #process: ChildProcess | undefined;
  #backoffMs = firstBackoffMs;
  #restart: NodeJS.Timeout | undefined;
  #ending = false;

  constructor(spec: ChildSpec, events: ChildEvents) {
    this.#spec = spec;
    this.#events = events;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  start(): void {
    if (this.#ending) return;
    const { command, args, env, cwd, logFile } = this.#spec;
    const begun = Date.now();
    const log = openSync(logFile, 'a');
    const child = spawn(command, [...args()], {
      cwd,
      env: { ...process.env, ...env(), LBSCOPE_SUPERVISED: '1' },
      // Standard input is the lifeline: it closes with this process, however that ends.
      stdio: ['pipe', 'pipe', log],
      detached: true,
    });
    this.#process = child;
    child.stdin?.on('error', () => {});
    let ready = false;
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        try {
          writeSync(log, `${line}\n`);
        } catch {
          // A full disk must not take the supervisor down; the log is the least of it.
        }
        if (ready) return;
        const message = this.#spec.readyLine(line);
        if (message === undefined) return;
        ready = true;
        this.#events.onReady(message);
      });
    }
    let over = false;
    const ended = (how: string): void => {
      if (over) return;
      over = true;
      this.#process = undefined;
      try {
        closeSync(log);
      } catch {
        // Already closed with the process.
      }
      if (this.#ending) return;
      if (Date.now() - begun > wellAfterMs) this.#backoffMs = firstBackoffMs;
      const againInMs = this.#backoffMs;
      this.#backoffMs = Math.min(this.#backoffMs * 2, longestBackoffMs);
      this.#events.onEnded(how, againInMs, lastLines(logFile));
      this.#restart = setTimeout(() => this.start(), againInMs);
    };
    child.once('error', (error) => ended(`could not be run (${error.message})`));
    child.once('close', (code, signal) => ended(signal ? `was ended by ${signal}` : `ended with status ${code}`));
  }

  /** Ends it: asks, waits, forces. Resolves when the process is gone. */
  end(): Promise<void> {
    this.#ending = true;
    clearTimeout(this.#restart);
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const force = setTimeout(() => child.kill('SIGKILL'), this.#spec.endWithinMs);
      child.once('exit', () => {
        clearTimeout(force);
        resolve();
      });
      child.kill('SIGTERM');
      child.stdin?.end();
    });
  }
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(-4_000).trimEnd().split('\n').slice(-8).join('\n');
  } catch {
    return '';
  }
}
