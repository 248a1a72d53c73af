import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** MaxConnectionAge of all pods (gRFC A9); -1: none. */
interface SavedAge {
  readonly ageMs: number;
  readonly graceMs: number;
}

/** Undefined when nothing was saved, or when it cannot be read: then pods keep what they were started with. */
export function loadAge(stateDir: string): SavedAge | undefined {
  try {
    const { ageMs, graceMs } = JSON.parse(readFileSync(file(stateDir), 'utf8'));
    return typeof ageMs === 'number' && typeof graceMs === 'number' ? { ageMs, graceMs } : undefined;
  } catch {
    return undefined;
  }
}

/** Written beside and moved over, as saved.ts does. Throws what the disk says. */
export function saveAge(stateDir: string, age: SavedAge): void {
  writeFileSync(`${file(stateDir)}.new`, `${JSON.stringify(age)}\n`);
  renameSync(`${file(stateDir)}.new`, file(stateDir));
}

function file(stateDir: string): string {
  return join(stateDir, 'connection-age.json');
}
