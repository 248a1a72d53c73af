import { clockText, toMs } from '../time.ts';
import { type Comparison, margins } from './compare.ts';
import { type RunSummary, scenarioBlockMs, wholeBlockMs } from './summary.ts';

/** A comparison as Markdown, for a pull request or a page of docs. */
export function toMarkdown(a: RunSummary, b: RunSummary, { rows, onlyA, onlyB }: Comparison): string {
  const counts = (['same', 'different', 'unclear', 'too few'] as const)
    .map((verdict) => [verdict, rows.filter((row) => row.verdict === verdict).length] as const)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(', ');
  return `${[
    '# Parity of two runs',
    '',
    `- A: ${describe(a)}`,
    `- B: ${describe(b)}`,
    '',
    ...(a.span === undefined
      ? []
      : ['Of each run the part from where its scenario was prepared to where it began to put things back.', '']),
    `${counts}.`,
    ...(onlyA.length > 0 ? ['', `Only in A: ${onlyA.join(', ')}.`] : []),
    ...(onlyB.length > 0 ? ['', `Only in B: ${onlyB.join(', ')}.`] : []),
    '',
    '| lane | measure | A | B | B − A | 95 % interval | sample | verdict |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) =>
      [row.label, row.what, row.a, row.b, row.difference || '–', row.interval || '–', row.sample, row.verdict]
        .map(cell)
        .join(' | ')
        .replace(/^/, '| ')
        .concat(' |'),
    ),
    '',
    'Same: the whole interval lies within what counts as equal ' +
      `(shares ${margins.share * 100} points, pods ${margins.pods}, losses ${margins.loss * 1_000} in 1000, latency a tenth or ` +
      `${margins.latencyMs} ms, reaction a tenth or ${margins.reactionMs} ms). Different: it lies on one side of zero and not ` +
      'within that. Unclear: it allows both. Intervals of shares and latency are bootstraps over blocks of ' +
      `${(a.span === undefined ? wholeBlockMs : scenarioBlockMs) / 1_000} s (1000 and 300 ` +
      'resamples, seeded), of reactions over pods; of losses the wider of Newcombe’s and a bootstrap over blocks.',
  ].join('\n')}\n`;
}

function describe({ info }: RunSummary): string {
  const at = toMs(info.startedAt);
  const day = new Date(at).toISOString().slice(0, 10);
  const name = info.name || info.scenario || `run ${info.runId.slice(0, 8)}`;
  return `${cell(name)}, ${day} ${clockText(at).slice(0, 8)} UTC${info.clusterNamespace === '' ? '' : `, namespace ${cell(info.clusterNamespace)}`}`;
}

/** Names come from people and files: nothing of them may end a cell, a line, or open a tag. */
function cell(text: string): string {
  return text
    .replace(/[\u202f\u00a0]/g, ' ')
    .replace(/[\r\n]+/g, ' ')
    .replace(/[\\`*_{}[\]<>|]/g, (sign) => `\\${sign}`);
}
