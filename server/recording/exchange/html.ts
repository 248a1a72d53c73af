import type { Change } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import type { RunInfo } from '../../../gen/lbscope/agent/v1/runs_pb.js';
import type { Frame } from '../../../gen/lbscope/events/v1/events_pb.js';
import { median } from '../../../model/compare/resample.ts';
import { type LaneSummary, summarise } from '../../../model/compare/summary.ts';
import { jain } from '../../../model/measures.ts';
import { clockText, duration, toMs, toMsOrUndefined } from '../../../model/time.ts';
import { chart, type PodLook } from './chart.ts';
import { escaped } from './escape.ts';
import { style } from './page-style.ts';

/**
 * One run as one page that opens from a disk without a network: text, tables and charts drawn as SVG, no script at all.
 * Whatever came from outside is escaped, and the page forbids itself to load or run anything.
 */
export function runPage(
  info: RunInfo,
  frames: readonly Frame[],
  changes: readonly Change[],
  pods: ReadonlyMap<string, PodLook>,
): string {
  const summary = summarise(info, frames, changes);
  const [from, to] = [toMs(info.startedAt), toMs(info.lastAt)];
  const name = info.name || info.scenario || `Run ${info.runId.slice(0, 8)}`;
  const day = new Date(from).toISOString().slice(0, 10);
  const facts = [
    `${day} ${clockText(from).slice(0, 8)} UTC`,
    `lasted ${duration(to - from)}`,
    info.clusterNamespace && `namespace ${info.clusterNamespace}`,
    info.scenario && `scenario ${info.scenario}${info.outcome && `: ${info.outcome}`}`,
    info.tags.length > 0 && info.tags.join(', '),
    `run ${info.runId}`,
  ].filter((fact) => fact !== '' && fact !== false);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(name)}: lbscope</title>
<style>${style}</style>
<main>
<p class="brand">lbscope</p>
<h1>${escaped(name)}</h1>
<p class="facts">${facts.map((fact) => escaped(String(fact))).join(' · ')}</p>
${info.notes === '' ? '' : `<p class="notes">${escaped(info.notes)}</p>`}
${info.gaps.map((gap) => `<p class="notes">Nothing is kept from ${instant(gap.from)} to ${instant(gap.to)}: ${escaped(gap.reason)}.</p>`).join('\n')}
<div class="scroll">${table(summary.lanes)}</div>
${summary.lanes.map((lane) => `<section><h2>${escaped(lane.label)}</h2>${chart(lane.id, frames, changes, pods, from, to)}</section>`).join('\n')}
<h2>Changes to the cluster</h2>
${changes.length === 0 ? '<p>None.</p>' : `<div class="scroll">${changeTable(changes, summary.lanes)}</div>`}
<footer>Exported by lbscope ${escaped(info.agentVersion)}. Share: who answered, in parts of all answers. A red bar is lost calls.</footer>
</main>
</html>
`;
}

function table(lanes: readonly LaneSummary[]): string {
  const rows = lanes.map((lane) => {
    const ms = (q: number) => (lane.latency.count === 0 ? '–' : duration(lane.latency.quantile(q) / 1_000));
    const classes = [...lane.lostByClass].map(([name, count]) => `${name} ${count}`).join(', ');
    const answered = [...lane.pods].filter(([uid]) => uid !== '').map(([, pod]) => pod.answered);
    return [
      lane.label,
      lane.answered,
      lane.lost === 0 ? '0' : `× ${lane.lost} (${classes})`,
      jain(answered).toFixed(2),
      answered.filter((calls) => calls > 0).length,
      lane.reactions.length === 0 ? '–' : duration(median(lane.reactions)),
      ms(0.5),
      ms(0.99),
    ];
  });
  const head = ['lane', 'answered', 'lost', 'Jain, whole run', 'pods', 'reaction, median', 'p50', 'p99'];
  return tableOf(head, rows);
}

function changeTable(changes: readonly Change[], lanes: readonly LaneSummary[]): string {
  const rows = changes.map((change) => [
    instant(change.askedAt ?? change.at),
    change.title,
    ...lanes.map(({ id }) => {
      const stories = change.stories.filter((story) => story.laneId === id);
      const slowest = Math.max(...stories.flatMap(({ reactionMs }) => reactionMs ?? []));
      const lost = stories.reduce((sum, story) => sum + story.lost, 0);
      const never = stories.some(({ direction, state }) => direction === 'added' && state !== 'answered');
      const words = [
        never ? 'never called' : Number.isFinite(slowest) ? duration(slowest) : '',
        lost > 0 ? `× ${lost}` : '',
      ];
      return words.filter(Boolean).join(', ') || '–';
    }),
  ]);
  return tableOf(['at', 'what', ...lanes.map(({ label }) => label)], rows);
}

function tableOf(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = (tag: string, list: readonly (string | number)[]) =>
    `<tr>${list.map((cell) => `<${tag}>${escaped(String(cell))}</${tag}>`).join('')}</tr>`;
  return `<table>${cells('th', head)}${rows.map((each) => cells('td', each)).join('')}</table>`;
}

function instant(at: Parameters<typeof toMsOrUndefined>[0]): string {
  const ms = toMsOrUndefined(at);
  return ms === undefined ? '–' : clockText(ms);
}
