import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';

/** docs/performance.md: each benchmark that has figures to keep writes its own section and leaves the others alone. */
const file = join(import.meta.dirname, '../../docs/performance.md');
/** The order of the sections in the file; a benchmark that writes one has its name here. */
const order = ['transport', 'screen', 'memory'] as const;

export type SectionName = (typeof order)[number];

const introduction = `# Performance

Written by \`npm run bench\`: each benchmark writes its own section, with the machine it ran on. Ratios hold where figures move with
the machine, so those are what the goals speak of; all that is compared ran in one run, in turn, and medians are given with the least
and the most. Where a goal is missed, the figure stands here all the same. The driver (pacing, recording, the highest rate) has a
page of its own: [performance-driver.md](performance-driver.md).
`;

export interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly figure: string;
  /** Undefined: not measured. 'told': there is no limit, the figure is what was asked for. */
  readonly met: boolean | 'told' | undefined;
}

export function writeSection(name: SectionName, title: string, goals: readonly Goal[], body: string): void {
  const sections = new Map(Object.entries(known()));
  const table = goals.length === 0 ? '' : `\n${goalTable(goals)}`;
  sections.set(name, `## ${title}\n\n${machine()}\n${table}\n${body.trim()}\n`);
  const texts = order.flatMap((each) => {
    const text = sections.get(each);
    return text === undefined ? [] : [`${begin(each)}\n${text}${end(each)}\n`];
  });
  writeFileSync(file, `${introduction}\n${texts.join('\n')}`);
}

/** Each goal beside its figure. */
export function goalTable(goals: readonly Goal[]): string {
  return `| goal | | figure | |\n| --- | --- | --- | --- |\n${goals.map(rowOf).join('\n')}\n`;
}

function rowOf({ what, goal, figure, met }: Goal): string {
  const said = met === undefined ? 'not measured' : met === 'told' ? '' : met ? 'met' : '**missed**';
  return `| ${what} | ${goal} | ${figure} | ${said} |`;
}

const begin = (name: string) => `<!-- ${name} -->`;
const end = (name: string) => `<!-- end of ${name} -->`;

function known(): Record<string, string> {
  if (!existsSync(file)) return {};
  const text = readFileSync(file, 'utf8');
  const found: Record<string, string> = {};
  for (const name of order) {
    const from = text.indexOf(begin(name));
    const to = text.indexOf(end(name));
    if (from >= 0 && to > from) found[name] = text.slice(from + begin(name).length + 1, to);
  }
  return found;
}

/** Of the start of the benchmark, which is load itself. */
const [load = 0] = loadavg();

export function machine(): string {
  const cores = availableParallelism();
  const busy = load > cores ? `; **the machine was busy** (load ${load.toFixed(1)}): only ratios mean something` : '';
  return (
    `${new Date().toISOString().slice(0, 10)}, ${cores} cores (${cpus()[0]?.model.trim()}), ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.versions.node}${busy}.`
  );
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
