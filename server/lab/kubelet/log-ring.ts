/** One line of a container's output, as `kubectl logs` shows it. */
export interface LogLine {
  /** Wall clock, milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

/** Most bytes kept for one container instance: enough for a workshop, and 100 pods stay below 30 MB. */
export const logLimitBytes = 256 * 1024;

/** A line longer than this is cut into several, as a container runtime does. */
const longestLine = 16 * 1024;

/** The newest output of one container instance, bounded in bytes. */
export class LogRing {
  private readonly limitBytes: number;
  private readonly now: () => number;
  private readonly lines: LogLine[] = [];
  private readonly followers = new Set<(line: LogLine) => void>();
  private readonly onEnd = new Set<() => void>();
  private first = 0;
  private bytes = 0;
  private ended = false;

  constructor(now: () => number, limitBytes: number = logLimitBytes) {
    this.now = now;
    this.limitBytes = limitBytes;
  }

  /** Takes a stream's chunks; one such writer a stream, so that stdout and stderr never mix within a line. */
  writer(): { write(chunk: string): void; end(): void } {
    let rest = '';
    return {
      write: (chunk) => {
        const parts = (rest + chunk).split('\n');
        rest = parts.pop() ?? '';
        for (const part of parts) this.add(part);
        while (rest.length > longestLine) {
          this.add(rest.slice(0, longestLine));
          rest = rest.slice(longestLine);
        }
      },
      end: () => {
        if (rest !== '') this.add(rest);
        rest = '';
      },
    };
  }

  add(text: string): void {
    const line = { at: this.now(), text };
    this.lines.push(line);
    this.bytes += text.length + 1;
    while (this.bytes > this.limitBytes && this.first < this.lines.length - 1) {
      this.bytes -= this.lines[this.first]!.text.length + 1;
      this.first += 1;
    }
    if (this.first > 1_024 && this.first > this.lines.length / 2) {
      this.lines.splice(0, this.first);
      this.first = 0;
    }
    for (const follower of [...this.followers]) follower(line);
  }

  read(): LogLine[] {
    return this.lines.slice(this.first);
  }

  /** Calls `onLine` for every line from now on and `onEnd` once the instance has exited; returns the unsubscriber. */
  follow(onLine: (line: LogLine) => void, onEnd: () => void): () => void {
    if (this.ended) {
      queueMicrotask(onEnd);
      return () => {};
    }
    this.followers.add(onLine);
    this.onEnd.add(onEnd);
    return () => {
      this.followers.delete(onLine);
      this.onEnd.delete(onEnd);
    };
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    for (const end of [...this.onEnd]) end();
    this.followers.clear();
    this.onEnd.clear();
  }
}
