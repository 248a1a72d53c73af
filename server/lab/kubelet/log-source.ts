import type { LogOptions, LogSource } from '../apiserver/log-port.ts';
import type { Clock } from '../clock.ts';
import type { LogLine, LogRing } from './log-ring.ts';

/** What `kubectl logs` reads: the kubelet's rings, cut and followed as asked. */
export function createLogSource(
  ring: (uid: string, container: string | undefined, previous: boolean) => LogRing | undefined,
  clock: Clock,
): LogSource {
  return {
    read(uid, options) {
      const found = ring(uid, options.container, options.previous ?? false);
      if (found === undefined) return undefined;
      const format = formatter(options);
      const text = limit(selected(found.read(), options, clock.now()).map(format).join(''), options.limitBytes);
      return options.follow ? follow(found, text, format, options) : text;
    },
  };
}

function selected(lines: LogLine[], options: LogOptions, now: number): LogLine[] {
  const since =
    options.sinceTime ?? (options.sinceSeconds === undefined ? undefined : now - options.sinceSeconds * 1000);
  const recent = since === undefined ? lines : lines.filter(({ at }) => at >= since);
  if (options.tailLines === undefined) return recent;
  return options.tailLines <= 0 ? [] : recent.slice(-options.tailLines);
}

function formatter({ timestamps }: LogOptions): (line: LogLine) => string {
  return ({ at, text }) => (timestamps ? `${new Date(at).toISOString()} ${text}\n` : `${text}\n`);
}

function limit(text: string, bytes: number | undefined): string {
  if (bytes === undefined || Buffer.byteLength(text) <= bytes) return text;
  return Buffer.from(text).subarray(0, bytes).toString('utf8');
}

/** What is there already, then each line until the container ends, the reader leaves or the limit is reached. */
async function* follow(
  ring: LogRing,
  first: string,
  format: (line: LogLine) => string,
  { signal, limitBytes }: LogOptions,
): AsyncGenerator<string> {
  let left = (limitBytes ?? Number.POSITIVE_INFINITY) - Buffer.byteLength(first);
  const waiting: string[] = [];
  let ended = signal?.aborted ?? false;
  let wake = () => {};
  const end = () => {
    ended = true;
    wake();
  };
  const unfollow = ring.follow((line) => {
    waiting.push(format(line));
    // A reader that does not read must not make us keep everything.
    if (waiting.length > 10_000) waiting.shift();
    wake();
  }, end);
  signal?.addEventListener('abort', end);
  try {
    if (first !== '') yield first;
    while (left > 0) {
      if (waiting.length === 0) {
        if (ended) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const chunk = limit(waiting.splice(0).join(''), Number.isFinite(left) ? left : undefined);
      left -= Buffer.byteLength(chunk);
      yield chunk;
    }
  } finally {
    unfollow();
    signal?.removeEventListener('abort', end);
  }
}
