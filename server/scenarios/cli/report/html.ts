import type {
  ScenarioExpectation,
  ScenarioQuestion,
  ScenarioRun,
} from '../../../../gen/lbscope/events/v1/scenarios_pb.js';
import { plainDuration, toMs } from '../../../../model/time.ts';
import type { Result } from '../follow.ts';
import { outcomeText } from '../outcome.ts';
import { type Axis, axisChart, escaped, shareChart } from './chart.ts';
import { style } from './style.ts';

/** One self-contained page: nothing is fetched, no script runs. */
export function toHtml(results: readonly Result[], at: Date): string {
  const title = results.length === 1 ? (results[0]?.run.scenario?.title ?? 'Scenario') : `${results.length} scenarios`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escaped(title)} · lbscope</title><style>${style}</style></head>
<body><main><h1>lbscope: which pod answered</h1>
${results.length > 1 ? summary(results) : ''}
${results.map(section).join('\n')}
<footer>Written by npm run scenario, ${escaped(at.toISOString().slice(0, 16).replace('T', ' '))} UTC.</footer>
</main></body></html>
`;
}

function summary(results: readonly Result[]): string {
  const rows = results.map(
    ({ run, name, tookMs }, index) =>
      `<span class="outcome ${run.outcome}">${outcomeText(run.outcome)}</span><a href="#s${index}">${escaped(run.scenario?.title || name)}</a><span class="took">${tookMs > 0 ? plainDuration(tookMs) : ''}</span>`,
  );
  return `<nav class="summary">${rows.join('')}</nav>`;
}

function section(result: Result, index: number): string {
  const { run, name } = result;
  const { scenario } = run;
  const notes = [
    ...(scenario?.shortened ?? []).map((sentence) => `Shortened: ${sentence}`),
    ...(run.reason === '' ? [] : [run.reason]),
    ...run.restored.filter((sentence) => sentence.startsWith('not restored')),
  ];
  return `<section id="s${index}"><div class="head"><h2>${escaped(scenario?.title || name)}</h2><span class="outcome ${run.outcome}">${outcomeText(run.outcome)}</span></div>
${scenario?.story ? `<p class="story">${escaped(scenario.story)}</p>` : ''}
${notes.map((note) => `<p class="note">${escaped(note)}</p>`).join('')}
${charts(result)}
${questions(scenario?.questions ?? [])}
${expectations(scenario?.expectations ?? [])}
${steps(run)}
</section>`;
}

function charts(result: Result): string {
  const { run, frames, lanes } = result;
  const first = run.scenario?.steps.find(({ kind, startedAt }) => kind !== 'prepare' && startedAt !== undefined);
  const last = run.scenario?.steps.findLast(({ endedAt }) => endedAt !== undefined);
  const axis: Axis = { from: toMs(first?.startedAt), to: toMs(last?.endedAt) };
  if (first === undefined || axis.to <= axis.from || lanes.length === 0) return '';
  const within = frames.filter(({ from, to }) => toMs(to) > axis.from && toMs(from) < axis.to);
  const answering = new Set(
    within.flatMap((frame) => frame.lanes.flatMap((lane) => lane.pods.map(({ podUid }) => podUid))),
  );
  const pods = result.pods.filter(({ uid }) => answering.has(uid));
  const steps = run.scenario?.steps ?? [];
  const rows = lanes.map(
    ({ id, label, mechanism }) =>
      `<div class="lane"><div><b>${escaped(label)}</b><small>${escaped(mechanism)}</small></div>${shareChart(within, id, pods, axis, steps)}</div>`,
  );
  const legend = pods.map(
    ({ handle, name, slot }) => `<span><i style="background:var(--pod-${slot})"></i>${escaped(handle || name)}</span>`,
  );
  const lost = within.some((frame) => frame.lanes.some(({ failed }) => failed.length > 0));
  return `<h3>Who answered: each lane's calls by pod</h3>${rows.join('')}
<div class="lane"><div></div>${axisChart(axis, steps)}</div>
<div class="legend">${legend.join('')}${lost ? '<span><i style="background:var(--error)"></i>lost</span>' : ''}</div>`;
}

function questions(all: readonly ScenarioQuestion[]): string {
  if (all.length === 0) return '';
  const rows = all.map(({ text, choices, right, answered, finding }) => {
    const said = answered
      ? right.map((choice) => choices[choice] ?? '').join(' / ') || 'none of the choices'
      : 'not answered';
    return `<p class="question">${escaped(text)} <b>${escaped(said)}</b> <span class="figure">${escaped(finding)}</span></p>`;
  });
  return `<h3>The prediction, and what the run answered</h3>${rows.join('')}`;
}

function expectations(all: readonly ScenarioExpectation[]): string {
  if (all.length === 0) return '';
  const rows = all.map(
    ({ state, text, finding, because }) =>
      `<tr><td class="${state}">${outcomeText(state)}</td><td>${escaped(text)}<small>${escaped(because)}</small></td><td class="figure">${escaped(finding)}</td></tr>`,
  );
  return `<h3>What must be true</h3><table>${rows.join('')}</table>`;
}

function steps(run: ScenarioRun): string {
  const done = (run.scenario?.steps ?? []).filter(({ startedAt }) => startedAt !== undefined);
  if (done.length === 0) return '';
  const from = toMs(run.startedAt);
  const rows = done.map(({ text, note, startedAt, kind, state }) => {
    const said =
      kind === 'say'
        ? `“${text}”`
        : kind === 'ask'
          ? (run.scenario?.questions.find((q) => run.scenario?.steps[q.step]?.startedAt === startedAt)?.text ?? text)
          : text;
    const tail = [state === 'failed' ? 'failed' : '', note].filter((each) => each !== '').join(': ');
    return `<li><time>${plainDuration(toMs(startedAt) - from)}</time><span>${escaped(said)}${tail === '' ? '' : ` (${escaped(tail)})`}</span></li>`;
  });
  return `<details><summary>Every step</summary><ol>${rows.join('')}</ol></details>`;
}
