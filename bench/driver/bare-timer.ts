/** What the machine allows: a thread that does nothing but set a timer of 1 ms, and counts how late each fires. */
import { parentPort } from 'node:worker_threads';
import { bucketCount, bucketOf, toSparse } from '../../model/histogram.ts';

const counts = new Uint32Array(bucketCount);
let maxUs = 0;

function arm(): void {
  const due = performance.now() + 1;
  setTimeout(() => {
    const us = Math.max(0, performance.now() - due) * 1_000;
    const bucket = bucketOf(us);
    counts[bucket] = (counts[bucket] as number) + 1;
    maxUs = Math.max(maxUs, us);
    arm();
  }, 1);
}

parentPort?.on('message', () => {
  parentPort?.postMessage(toSparse(counts, maxUs));
  counts.fill(0);
  maxUs = 0;
});
arm();
