import type { ScenarioRun } from '../../../gen/lbscope/events/v1/scenarios_pb.js';
import type { Result } from './follow.ts';
import { outcomeText } from './outcome.ts';

export interface Output {
  readonly isTerminal: boolean;
  write(text: string): void;
}

const marks: Record<string, string> = { pass: '✓', fail: '✗', inconclusive: '?', could_not_run: '!', aborted: '!' };
const colours: Record<string, number> = { pass: 32, fail: 31, inconclusive: 33, could_not_run: 31, aborted: 33 };

/** Plain lines; on a terminal also colours, and the step under way on one line that is written over. */
export class Progress {
  readonly #output: Output;
  #printed = new Set<string>();
  #live = false;

  constructor(output: Output) {
    this.#output = output;
  }

  begin(): void {
    this.#printed = new Set();
  }

  change(run: ScenarioRun): void {
    const scenario = run.scenario;
    if (scenario === undefined) return;
    this.#once('title', `\n${this.#bold(scenario.title)}`);
    for (const sentence of scenario.shortened) this.#once(`shortened ${sentence}`, `  shortened: ${sentence}`);
    for (const [index, step] of scenario.steps.entries()) {
      if (step.state === 'pending' || step.state === 'running') continue;
      if (step.kind === 'ask')
        this.#once(`ask ${index}`, `  ? ${scenario.questions.find((q) => q.step === index)?.text ?? step.text}`);
      else if (step.kind === 'say') this.#once(`say ${index}`, `  “${step.text}”`);
      else this.#once(`step ${index}`, `  · ${step.text}${step.note === '' ? '' : ` (${step.note})`}`);
    }
    for (const [index, expectation] of scenario.expectations.entries()) {
      if (expectation.state === 'pending') continue;
      this.#once(
        `expectation ${index}`,
        `  ${this.#mark(expectation.state)} ${expectation.text}\n      ${expectation.finding}`,
      );
    }
    for (const [index, question] of scenario.questions.entries()) {
      if (!question.answered) continue;
      const right = question.right.map((choice) => question.choices[choice] ?? '').join(' / ') || 'none of the choices';
      this.#once(`answer ${index}`, `  → ${question.text} ${this.#bold(right)} (${question.finding})`);
    }
    const step = scenario.steps[run.step];
    if (this.#output.isTerminal && run.state !== 'ended' && step?.state === 'running') {
      this.#output.write(`\r\u001b[2K  … ${step.text.slice(0, 70)}`);
      this.#live = true;
    }
  }

  end(result: Result): void {
    const { run, tookMs } = result;
    this.#once('title', `\n${this.#bold(run.scenario?.title || result.name)}`);
    for (const sentence of run.restored.filter((each) => each.startsWith('not restored'))) this.#line(`  ${sentence}`);
    const reason = run.reason === '' ? '' : `: ${run.reason}`;
    this.#line(
      `  ${this.#mark(run.outcome)} ${outcomeText(run.outcome)}${reason}${tookMs > 0 ? `  (${(tookMs / 1000).toFixed(1)} s)` : ''}`,
    );
  }

  summary(results: readonly Result[]): void {
    if (results.length < 2) return;
    const count = (outcome: string) => results.filter(({ run }) => run.outcome === outcome).length;
    const parts = ['pass', 'fail', 'inconclusive', 'could_not_run', 'aborted']
      .filter((outcome) => count(outcome) > 0)
      .map((outcome) => `${count(outcome)} ${outcomeText(outcome)}`);
    const seconds = results.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1000;
    this.#line(`\n${results.length} scenarios in ${seconds.toFixed(0)} s: ${parts.join(', ')}`);
  }

  #once(key: string, line: string): void {
    if (this.#printed.has(key)) return;
    this.#printed.add(key);
    this.#line(line);
  }

  #line(line: string): void {
    if (this.#live) this.#output.write('\r\u001b[2K');
    this.#live = false;
    this.#output.write(`${line}\n`);
  }

  #mark(state: string): string {
    const mark = marks[state] ?? '·';
    return this.#output.isTerminal ? `\u001b[${colours[state] ?? 0}m${mark}\u001b[0m` : mark;
  }

  #bold(text: string): string {
    return this.#output.isTerminal ? `\u001b[1m${text}\u001b[0m` : text;
  }
}
