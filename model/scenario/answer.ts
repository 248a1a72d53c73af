import { figureText } from './figure-text.ts';
import { holds } from './judge.ts';
import { measureOf } from './measures.ts';
import type { Answer } from './types.ts';
import type { Window } from './window.ts';

export interface Answered {
  /** Numbers of the right choices; none: no choice says what happened. */
  readonly right: readonly number[];
  readonly finding: string;
}

/** Figures that differ by less than this are not told apart: 1 %, as a lane's own noise is larger. */
const tie = 0.01;

/** Which choices the run has made true. The window must be over. */
export function answer(rule: Answer, window: Window, labelOf: (lane: string) => string): Answered {
  const measure = measureOf(rule.measure);
  if (rule.kind === 'value') {
    const uid = rule.pod === undefined ? '' : (window.pods.get(rule.pod) ?? '');
    const { value, sample, why } = measure.of(window, rule.lane, uid);
    if (value === undefined) return { right: [], finding: `not answered: ${why ?? 'nothing to measure'}` };
    return {
      right: rule.bounds.flatMap((bound, index) => (holds(bound, value) ? [index] : [])),
      finding: `${labelOf(rule.lane)}: ${figureText(value, measure.unit)}${measure.sampleOf === 'nothing' ? '' : ` (${figureText(sample, measure.sampleOf)})`}`,
    };
  }
  const figures = rule.lanes.map((lane) => (lane === undefined ? undefined : measure.of(window, lane, '').value));
  const known = figures.filter((value) => value !== undefined);
  if (known.length === 0) return { right: [], finding: 'not answered: nothing to measure on any lane' };
  const best = rule.which === 'least' ? Math.min(...known) : Math.max(...known);
  const right = figures.flatMap((value, index) => (value !== undefined && near(value, best) ? [index] : []));
  const finding = rule.lanes
    .flatMap((lane, index) => {
      const value = figures[index];
      return lane === undefined
        ? []
        : [`${labelOf(lane)} ${value === undefined ? 'unknown' : figureText(value, measure.unit)}`];
    })
    .join(', ');
  // All alike: what a choice without a lane stands for, where there is one.
  const alike = rule.lanes.indexOf(undefined);
  if (alike >= 0 && right.length === known.length && known.length > 1) return { right: [alike], finding };
  return { right, finding };
}

function near(value: number, best: number): boolean {
  return value === best || Math.abs(value - best) <= tie * Math.abs(best);
}
