import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';

/** A process is its pid *and* when it started: pids are used again. */
export interface ProcessId {
  readonly pid: number;
  readonly startedAt: string;
}

export interface RegisteredProcess extends ProcessId {
  /** What it is, for people who read the file: namespace/pod/container. */
  readonly what: string;
}

interface RegisterFile {
  readonly lab: ProcessId | undefined;
  readonly processes: readonly RegisteredProcess[];
}

/** When a process started, as a text that no other process with this pid has; undefined when there is none. */
export function processStart(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The second field is the program's name in parentheses, which may hold spaces and parentheses of its own.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z') return undefined;
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)}-${fields[19]}`;
    }
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}

export const isAlive = ({ pid, startedAt }: ProcessId): boolean => processStart(pid) === startedAt;

/** A disk that is full has room again some time; until then the file says what was true before. */
const againMs = 1_000;

/**
 * The list of this lab's processes on disk, so that the next lab can end what a `kill -9` left behind.
 * Written at once at every change: the file must be right at the moment of the crash. A disk that can't take it ends no lab.
 */
export class ProcessRegister {
  private readonly file: string;
  private readonly lab: ProcessId;
  private readonly clock: Clock;
  private readonly processes = new Map<number, RegisteredProcess>();
  /** Cancels the next try of a write that failed. */
  private again: (() => void) | undefined;

  private constructor(file: string, clock: Clock) {
    this.file = file;
    this.clock = clock;
    this.lab = { pid: process.pid, startedAt: processStart(process.pid) ?? '' };
  }

  /**
   * Opens the register. `taken` when the lab that wrote it still runs; otherwise the processes it left behind are told
   * to end (they are given a moment, then ended hard) before this resolves.
   */
  static async open(
    file: string,
    graceMs = 1_000,
    clock: Clock = systemClock,
  ): Promise<
    { kind: 'open'; register: ProcessRegister; reaped: RegisteredProcess[] } | { kind: 'taken'; pid: number }
  > {
    mkdirSync(dirname(file), { recursive: true });
    const before = readRegister(file);
    if (before.lab && before.lab.pid !== process.pid && isAlive(before.lab))
      return { kind: 'taken', pid: before.lab.pid };
    const left = before.processes.filter((entry) => entry.pid !== process.pid && isAlive(entry));
    for (const entry of left) signal(entry.pid, 'SIGTERM');
    const until = performance.now() + graceMs;
    while (left.some(isAlive) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 25));
    for (const entry of left) if (isAlive(entry)) signalGroup(entry.pid, 'SIGKILL');
    const register = new ProcessRegister(file, clock);
    register.write();
    return { kind: 'open', register, reaped: left };
  }

  add(pid: number, what: string): void {
    const startedAt = processStart(pid);
    if (startedAt === undefined) return;
    this.processes.set(pid, { pid, startedAt, what });
    this.write();
  }

  remove(pid: number): void {
    if (this.processes.delete(pid)) this.write();
  }

  list(): RegisteredProcess[] {
    return [...this.processes.values()];
  }

  /** The lab ends in good order: nothing is left to reap. */
  close(): void {
    this.processes.clear();
    this.again?.();
    this.again = undefined;
    try {
      writeRegister(this.file, { lab: undefined, processes: [] });
    } catch {
      // What it names is gone, and known by its pid and its start: the next lab finds nobody to end.
    }
  }

  private write(): void {
    try {
      writeRegister(this.file, { lab: this.lab, processes: this.list() });
      this.again?.();
      this.again = undefined;
    } catch (error) {
      if (this.again !== undefined) return;
      console.error(`lab: the list of its processes was not written, and is tried again: ${(error as Error).message}`);
      this.retry();
    }
  }

  private retry(): void {
    this.again = this.clock.after(againMs, () => {
      this.retry();
      this.write();
    });
  }
}

function readRegister(file: string): RegisterFile {
  try {
    const text = JSON.parse(readFileSync(file, 'utf8'));
    const isId = (entry: unknown): entry is RegisteredProcess =>
      typeof entry === 'object' &&
      entry !== null &&
      Number.isInteger((entry as ProcessId).pid) &&
      (entry as ProcessId).pid > 1 &&
      typeof (entry as ProcessId).startedAt === 'string';
    return {
      lab: isId(text.lab) ? text.lab : undefined,
      processes: Array.isArray(text.processes) ? text.processes.filter(isId) : [],
    };
  } catch {
    // No register, or one that was being written by a machine that lost power: nothing can be reaped by it.
    return { lab: undefined, processes: [] };
  }
}

function writeRegister(file: string, content: RegisterFile): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 1)}\n`);
  renameSync(`${file}.new`, file);
}

/** Sends a signal; a process that is gone already is no fault. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: it ended by itself.
  }
}

/** Containers run in process groups of their own, so that what a container started ends with it. */
export function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    signal(pid, name);
  }
}
