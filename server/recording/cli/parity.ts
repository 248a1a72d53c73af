/**
 * `npm run parity -- RUN_A RUN_B [--data-dir FOLDER]`: two runs side by side, as Markdown on standard output. Each is the id of a
 * recorded run (or the start of one), or a file that was exported as JSON lines.
 * Exit status: 0 compared, 2 could not.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareRuns } from '../../../model/compare/compare.ts';
import { toMarkdown } from '../../../model/compare/markdown.ts';
import { scenarioSpan, spanKinds } from '../../../model/compare/span.ts';
import { type RunSummary, summarise, wholeBlockMs } from '../../../model/compare/summary.ts';
import { importRun } from '../exchange/import.ts';
import { faultOf } from '../fault.ts';
import { allChanges } from '../replay.ts';
import { RunFile } from '../run-file.ts';

const usage = 'npm run parity -- RUN_A RUN_B [--data-dir FOLDER]';

class NotFound extends Error {}

/** A run, and how to sum it up: whole, or within its scenario; the latter undefined if it had none. */
interface Opened {
  whole(): RunSummary;
  readonly within: (() => RunSummary) | undefined;
  close(): void;
}

async function open(run: string, folder: string, scratch: string): Promise<Opened> {
  let path: string;
  if (/\.jsonl(\.gz)?$/.test(run) && existsSync(run)) {
    path = join(scratch, `${readdirSync(scratch).length}.run`);
    const outcome = await importRun(
      run,
      path,
      basename(run)
        .replace(/[^\w-]/g, '-')
        .slice(0, 64),
      Date.now(),
    );
    if (!outcome.ok) throw new NotFound(`${run} is not a run that lbscope exported: ${outcome.message}`);
  } else {
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^[\w-]+\.run$/.test(name)) : [];
    const found = names.filter((name) => name.startsWith(run));
    if (run === '' || found.length !== 1) {
      throw new NotFound(
        `${found.length === 0 ? 'no run' : 'more than one run'} in ${folder} has an id that begins with "${run}", and it is no exported file`,
      );
    }
    path = join(folder, found[0] as string);
  }
  const file = RunFile.open(path);
  try {
    const info = file.row()?.info;
    if (info === undefined) throw new NotFound(`${run} holds no run`);
    const framesOf = (from: number, to: number, widthMs: number) =>
      file.frames(from, to, widthMs, Number.MAX_SAFE_INTEGER).frames;
    const { events } = file.events(0, Number.MAX_VALUE, spanKinds, most);
    const span = scenarioSpan(events);
    return {
      whole: () => summarise(info, framesOf(0, Number.MAX_VALUE, wholeBlockMs), allChanges(file)),
      within: span && (() => summarise(info, framesOf(span.fromMs, span.toMs, fineMs), allChanges(file), span)),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** As fine as runs are kept. */
const fineMs = 200;
/** A run with more of them is no run of one scenario. */
const most = 10_000;

const scratch = mkdtempSync(join(tmpdir(), 'lbscope-parity-'));
try {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { 'data-dir': { type: 'string' }, help: { type: 'boolean' } },
  });
  const [first, second, ...more] = positionals;
  if (values.help === true || first === undefined || second === undefined || more.length > 0) {
    throw new NotFound(`two runs are needed: ${usage}`);
  }
  const folder = values['data-dir'] ?? process.env.LBSCOPE_DATA_DIR ?? '.run/recordings';
  const runs = [await open(first, folder, scratch), await open(second, folder, scratch)] as const;
  // Two runs of a scenario are compared within it: what is before and after is not what was asked about.
  const [a, b] = runs.every((run) => run.within !== undefined)
    ? (runs.map((run) => run.within?.()) as [RunSummary, RunSummary])
    : [runs[0].whole(), runs[1].whole()];
  for (const run of runs) run.close();
  process.stdout.write(toMarkdown(a, b, compareRuns(a, b)));
} catch (error) {
  const own = error instanceof NotFound || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`${own && error instanceof Error ? error.message : faultOf(error).message}\n`);
  process.exitCode = 2;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
