/**
 * Fuzzes the HTTP/2 session, guided by coverage: inputs that reach new code are kept and changed further. Each input runs
 * twice, whole and cut into pieces, and both must end alike. Prints what it does; ends with status 1 at the first find.
 */
import { parseArgs } from 'node:util';
import { Coverage } from './coverage.ts';
import { type Input, Inputs, random } from './input.ts';
import { run } from './run.ts';

interface Try {
  readonly input: Input;
  readonly pieceBytes: number;
}

const batch = 2048;
const tellMs = 10_000;

const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes ?? 1);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('Usage: npm run fuzz -- [--minutes N] [--seed WHOLE NUMBER]');
  process.exit(2);
}

const next = random(seed);
const inputs = new Inputs(next);
const corpus: Input[] = [];
const coverage = new Coverage();
await coverage.start();

let runs = 0;
const begun = performance.now();
let told = begun;

async function attempt(input: Input, pieceBytes: number): Promise<void> {
  runs += 2;
  try {
    const whole = await run(input, Number.POSITIVE_INFINITY);
    const cut = await run(input, pieceBytes);
    if (whole.fault !== cut.fault || whole.ends !== cut.ends) {
      throw new Error(`whole: ${JSON.stringify(whole)}\ncut into ${pieceBytes}: ${JSON.stringify(cut)}`);
    }
  } catch (error) {
    console.error(`A find after ${runs} runs (seed ${seed}):`, error);
    const show = input.map((step) => (step.t === 'bytes' ? Buffer.from(step.bytes).toString('hex') : step.t));
    console.error(JSON.stringify(show));
    process.exit(1);
  }
}

console.log(`${minutes} minutes, seed ${seed}`);
while (performance.now() - begun < minutes * 60_000) {
  const tries: Try[] = [];
  for (let n = 0; n < batch; n++) {
    const pick = () => corpus[inputs.whole(corpus.length)] ?? inputs.fresh();
    const input = corpus.length === 0 || inputs.whole(8) === 0 ? inputs.fresh() : inputs.mutate(pick(), pick());
    tries.push({ input, pieceBytes: 1 + inputs.whole(64) });
  }
  for (const { input, pieceBytes } of tries) await attempt(input, pieceBytes);
  if (await coverage.hasNews()) await keepWhatIsNew(tries);
  if (performance.now() - told > tellMs) {
    told = performance.now();
    tell();
  }
}
tell();
coverage.stop();
console.log(`${runs} runs, 0 finds`);

/** Which of them reached something new? By halves, as a look at the coverage costs as much as many runs. */
async function keepWhatIsNew(tries: readonly Try[]): Promise<void> {
  for (const { input, pieceBytes } of tries) await attempt(input, pieceBytes);
  if (tries.length === 1) {
    if (await coverage.learn()) corpus.push((tries[0] as Try).input);
    return;
  }
  if (!(await coverage.hasNews())) return;
  await keepWhatIsNew(tries.slice(0, tries.length >> 1));
  await keepWhatIsNew(tries.slice(tries.length >> 1));
}

function tell(): void {
  const seconds = (performance.now() - begun) / 1000;
  const rate = Math.round(runs / seconds);
  console.log(
    `${seconds.toFixed(0)} s: ${runs} runs, ${rate}/s, ${corpus.length} inputs kept, ${coverage.size} blocks reached`,
  );
}
