import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Incarnation = { readonly value: number; readonly problem?: string };

/**
 * How often this container was started anew within its pod: 0, 1, 2 ... The downward API can't tell, but an emptyDir
 * lives as long as the pod and not only as long as the container, so each start counts itself there.
 * Where that fails the pod serves all the same, as incarnation 0, and says so.
 */
export function countIncarnation(stateDir: string | undefined, podUid: string): Incarnation {
  if (stateDir === undefined) return { value: 0 };
  const file = join(stateDir, 'incarnation.json');
  const value = nextOf(file, podUid);
  try {
    mkdirSync(stateDir, { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify({ podUid, incarnation: value }));
    renameSync(`${file}.new`, file);
    return { value };
  } catch (error) {
    return {
      value,
      problem: `STATE_DIR ${stateDir} can't be written (${(error as Error).message}): restarts are not counted`,
    };
  }
}

function nextOf(file: string, podUid: string): number {
  try {
    const last = JSON.parse(readFileSync(file, 'utf8'));
    // Another pod's folder, used again, counts for nothing.
    return last.podUid === podUid && Number.isSafeInteger(last.incarnation) && last.incarnation >= 0
      ? last.incarnation + 1
      : 0;
  } catch {
    return 0;
  }
}
