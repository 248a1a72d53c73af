/** `npm run conformance`: the story, all clients side by side, and docs/conformance.md. Composition root, read top to bottom. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Client, type ClientPlan, families, type Peers, startClient } from './clients.ts';
import { Cluster } from './cluster.ts';
import { differencesOf, documentOf, type RunResult } from './document.ts';
import { measure, type Span } from './measure.ts';
import { waitedForProcessorUs } from './pressure.ts';
import { story } from './story.ts';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs', 'conformance.md');
const kept = join(root, '.cache', 'conformance', 'last.json');
const target = 'greeter-headless.lbscope.svc.cluster.local:50051';
const rate = 50;

const { values } = parseArgs({
  options: {
    /** Only these families, by commas; nothing is written to docs/ then. */
    only: { type: 'string' },
    /** Only these steps of the story, by commas; nothing is written to docs/ then. */
    steps: { type: 'string' },
    /** Writes the page anew from the last run's figures. */
    render: { type: 'boolean', default: false },
    /** Keeps docs/conformance.md as it is. */
    'no-page': { type: 'boolean', default: false },
  },
});
const asked = values.only?.split(',') ?? [...families];
const unknown = asked.filter((name) => !(families as readonly string[]).includes(name));
if (unknown.length > 0) {
  process.stderr.write(`--only is "${values.only}": allowed are ${families.join(', ')}, by commas\n`);
  process.exit(2);
}
const steps = story.filter(({ id }) => values.steps === undefined || values.steps.split(',').includes(id));
if (steps.length === 0) {
  process.stderr.write(
    `--steps is "${values.steps}": allowed are ${story.map(({ id }) => id).join(', ')}, by commas\n`,
  );
  process.exit(2);
}
const whole = values.only === undefined && steps.length === story.length;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function run(): Promise<RunResult> {
  const peers: Peers = JSON.parse(process.env.LBSCOPE_PEERS ?? '{"absent":{}}');
  const plans = families
    .filter((family) => asked.includes(family))
    .flatMap((family) =>
      (['round_robin', 'pick_first'] as const).flatMap((policy) =>
        (['real', 'profile'] as const).map((side): ClientPlan => ({ family, policy, side })),
      ),
    )
    .filter(({ family, side }) => side === 'profile' || peers.absent[family] === undefined);
  for (const [family, why] of Object.entries(peers.absent)) say(`not run: ${family} itself: ${why}`);

  const cluster = await Cluster.start();
  const clients: Client[] = [];
  try {
    for (const plan of plans) clients.push(await startClient(plan, { peers, dnsPort: cluster.dnsPort, target, rate }));
    await Promise.all(clients.map(({ ready }) => ready));
    for (const client of clients) client.begin();
    const spans: Span[] = [];
    const shares: (number | undefined)[] = [];
    for (const step of steps) {
      const from = Date.now();
      const waited = waitedForProcessorUs();
      say(`· ${step.title} (${step.seconds} s)`);
      await step.act(cluster);
      await sleep(step.seconds * 1_000);
      const span = { id: step.id, from, to: Date.now() };
      spans.push(span);
      const after = waitedForProcessorUs();
      shares.push(
        waited === undefined || after === undefined ? undefined : (after - waited) / 1_000 / (span.to - span.from),
      );
    }
    return {
      date: new Date().toISOString().slice(0, 10),
      machine: `${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, ${process.platform}, Node ${process.versions.node}`,
      rate,
      steps: steps.map(({ act: _, ...step }, index) => {
        const [span, busy] = [spans[index], shares[index]];
        return {
          ...step,
          ...(span === undefined ? {} : { tookS: (span.to - span.from) / 1_000 }),
          ...(busy === undefined ? {} : { busy }),
        };
      }),
      clients: clients.map(({ plan, lines, questions, ended }) => ({
        plan,
        version: lines.flatMap((line) => (line.t === 'client' ? [line.version] : []))[0] ?? '',
        ...(ended === undefined ? {} : { ended }),
        measured: spans.map((span) => measure(span, lines, questions)),
      })),
      notRun: peers.absent,
    };
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
    await cluster.stop();
  }
}

const result: RunResult = values.render ? JSON.parse(readFileSync(kept, 'utf8')) : await run();
if (!values.render) {
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, JSON.stringify(result));
}
if (whole && !values['no-page']) writeFileSync(page, documentOf(result));
else say(documentOf(result));
const found = differencesOf(result);
const unexplained = found.filter(({ why }) => why === undefined);
for (const { family, policy, step, aspect, why } of found) {
  say(`different: ${family} ${policy}, ${step}: ${aspect} (${why ?? 'not explained'})`);
}
const silent = result.clients.filter(({ measured }) => !measured.some(({ answered }) => answered > 0));
for (const { plan } of silent) say(`failed: ${plan.family} (${plan.side}, ${plan.policy}) never got an answer`);
say(`${found.length} differences, ${unexplained.length} of them not explained`);
process.exitCode = unexplained.length > 0 || silent.length > 0 ? 1 : 0;
