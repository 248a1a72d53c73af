// What set-up prints: one line a step, the time it took when it took long, and what to do when it fails.

const quiet = process.env.LBSCOPE_QUIET === '1';

export function say(line) {
  if (!quiet) process.stderr.write(`${line}\n`);
}

/** A failing step: what failed, why, and what to do about it. */
export class StepError extends Error {
  constructor(step, reason, advice) {
    super(`${step} failed: ${reason}`);
    this.step = step;
    this.advice = advice;
  }
}

/** Runs a step, says that it runs, and how long it took. */
export async function step(title, run) {
  const begun = Date.now();
  say(`· ${title}`);
  // A step that takes long says each 15 s that it still runs, so that nobody takes silence for a hang.
  const still = setInterval(
    () => say(`  still at it: ${title.toLowerCase()} (${Math.round((Date.now() - begun) / 1000)} s)`),
    15_000,
  );
  try {
    const result = await run();
    const took = Date.now() - begun;
    if (took > 2_000) say(`  done in ${(took / 1000).toFixed(1)} s`);
    return result;
  } finally {
    clearInterval(still);
  }
}

/** Prints a failure as a person wants to read it and ends the process. */
export function fail(error, status = 1) {
  if (error instanceof StepError) {
    process.stderr.write(`\n${error.message}\n`);
    if (error.advice) process.stderr.write(`What to do: ${error.advice}\n`);
  } else {
    process.stderr.write(`\n${error?.stack ?? error}\n`);
  }
  process.exit(status);
}
