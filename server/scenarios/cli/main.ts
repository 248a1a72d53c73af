/** `npm run scenario`: runs scenarios by a headless agent, or by one that runs, and ends with what came of them. */
import { accessSync, constants, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentAt, couldNotRun, type Result } from './follow.ts';
import { type Headless, startHeadless } from './headless.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { exitStatus, statuses } from './outcome.ts';
import { Progress } from './progress.ts';
import { toHtml } from './report/html.ts';
import { toJson } from './report/json.ts';
import { toJunit } from './report/junit.ts';

const dist = dirname(fileURLToPath(import.meta.url));
const root = resolve(dist, '..');
const suffix = '.yaml';

interface Job {
  readonly name: string;
  readonly wanted: { id: string } | { text: string } | { unreadable: string };
}

async function run(options: Options): Promise<number> {
  // The results own standard output when they are JSON.
  const stream = options.json ? process.stderr : process.stdout;
  const progress = new Progress({ isTerminal: stream.isTTY === true, write: (text) => void stream.write(text) });
  let headless: Headless | undefined;
  const results: Result[] = [];
  let interrupted = false;
  for (const file of [options.report, options.junit]) if (file !== undefined) mustBeWritable(file);
  try {
    if (options.agent === undefined) {
      headless = await startHeadless({
        dist,
        root,
        kubeconfig: options.kubeconfig && resolve(options.kubeconfig),
        namespace: options.namespace,
        dns: options.dns,
        dataDir: options.dataDir && resolve(options.dataDir),
      });
    }
    const agent = agentAt(options.agent ?? headless?.agentUrl ?? '', process.env.LBSCOPE_TOKEN || undefined);
    const interrupt = () => {
      // Twice: at once, and what it changed is restored by the next start of the agent.
      if (interrupted) process.exit(130);
      interrupted = true;
      void agent.abort();
    };
    process.on('SIGINT', interrupt);
    process.on('SIGTERM', interrupt);
    for (const job of await jobs(options, agent)) {
      if (interrupted) break;
      progress.begin();
      const result =
        'unreadable' in job.wanted
          ? couldNotRun(job.name, job.wanted.unreadable)
          : await agent.run(job.name, job.wanted, (state) => progress.change(state));
      results.push(result);
      progress.change(result.run);
      progress.end(result);
    }
    progress.summary(results);
  } finally {
    await headless?.stop();
  }
  if (options.report !== undefined) writeFileSync(options.report, toHtml(results, new Date()));
  if (options.junit !== undefined) writeFileSync(options.junit, toJunit(results));
  if (options.json) process.stdout.write(`${JSON.stringify(toJson(results), null, 2)}\n`);
  return interrupted ? 130 : exitStatus(results);
}

/** Known before minutes are spent on what could not be kept. */
function mustBeWritable(file: string): void {
  const place = existsSync(file) ? file : dirname(resolve(file));
  try {
    accessSync(place, constants.W_OK);
    if (place === file && statSync(file).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
  } catch (error) {
    throw new Error(`${file} can't be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

async function jobs(options: Options, agent: ReturnType<typeof agentAt>): Promise<Job[]> {
  if (options.all) {
    const known = await agent.list();
    return known.filter(({ quick }) => quick || !options.quick).map(({ id }) => ({ name: id, wanted: { id } }));
  }
  return options.files.map((file) => {
    const name = basename(file, suffix);
    try {
      return { name, wanted: { text: readFileSync(file, 'utf8') } };
    } catch (error) {
      return {
        name,
        wanted: { unreadable: `${file} can't be read (${(error as NodeJS.ErrnoException).code ?? String(error)})` },
      };
    }
  });
}

const parsed = parseOptions(process.argv.slice(2), process.env);
if (parsed.kind === 'help') process.stdout.write(usage);
else if (parsed.kind === 'faults') {
  for (const fault of parsed.faults) process.stderr.write(`${fault}\n`);
  process.stderr.write('"npm run scenario -- --help" lists what there is.\n');
  process.exitCode = statuses.could_not_run;
} else {
  run(parsed.options).then(
    (status) => process.exit(status),
    (error: unknown) => {
      process.stderr.write(`the scenarios could not run: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(statuses.could_not_run);
    },
  );
}
