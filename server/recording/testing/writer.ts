/**
 * For tests: a process that records until it is ended, one frame every few milliseconds, and prints the sequence of what
 * the disk has acknowledged. Run with the folder as its argument.
 */
import { fourLanes } from '../../../model/testkit.ts';
import { nodeTimers } from '../../events/clock.ts';
import { Store } from '../store.ts';
import { Recorded } from './recorded.ts';

const store = new Store({ folder: process.argv[2] as string, limits: { bytes: 1e9, days: 30_000 }, now: Date.now });
const recorded = new Recorded({
  write: async (items) => {
    const wrote = store.write(items);
    if (wrote.fault !== undefined) throw new Error(wrote.fault.message);
    return wrote;
  },
});
const { script, pods } = fourLanes();
recorded.tellAll(script.updates);
let told = script.updates.length;
for (;;) {
  script.traffic(1, { headless: pods.map(({ uid }) => ({ uid, answered: 7 })) });
  recorded.tellAll(script.updates.slice(told));
  told = script.updates.length;
  await recorded.beats();
  process.stdout.write(`${recorded.hub.sequence}\n`);
  await new Promise((resolve) => nodeTimers.setTimeout(() => resolve(undefined), 2));
}
