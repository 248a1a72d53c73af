import { readFileSync } from 'node:fs';

/**
 * Microseconds in which something waited for a processor, since the machine started (Linux, pressure stall information);
 * undefined where the system does not tell.
 */
export function waitedForProcessorUs(): number | undefined {
  try {
    const total = /^some .*total=(\d+)/m.exec(readFileSync('/proc/pressure/cpu', 'utf8'))?.[1];
    return total === undefined ? undefined : Number(total);
  } catch {
    return undefined;
  }
}
