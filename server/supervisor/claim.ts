import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Claim =
  | { readonly kind: 'claimed'; readonly note: (url: string) => void; readonly release: () => void }
  | { readonly kind: 'taken'; readonly pid: number; readonly url: string };

/**
 * One supervisor per state folder: two would fight over the lab's objects.
 * A claim counts only while its process lives under the same start time, so a crash leaves nothing to clean up by hand.
 */
export function claim(stateDir: string): Claim {
  const file = join(stateDir, 'supervisor.json');
  mkdirSync(stateDir, { recursive: true });
  try {
    const held = JSON.parse(readFileSync(file, 'utf8')) as { pid: number; started: string; url?: string };
    if (held.pid !== process.pid && startTime(held.pid) === held.started)
      return { kind: 'taken', pid: held.pid, url: held.url ?? '' };
  } catch {
    // No claim, or one that cannot be read: nobody holds it.
  }
  const mine = { pid: process.pid, started: startTime(process.pid) };
  writeFileSync(file, JSON.stringify(mine));
  return {
    kind: 'claimed',
    note: (url) => writeFileSync(file, JSON.stringify({ ...mine, url })),
    release: () => rmSync(file, { force: true }),
  };
}

/** Something that differs between two processes that had the same pid; empty when the process does not exist. */
function startTime(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return '';
  }
  try {
    // Field 22 of /proc/PID/stat; the command in field 2 may hold spaces, so count from its closing bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return 'alive';
  }
}
