import { expect, it } from 'vitest';
import { type Situation, scenarioCommandOf } from './keys.ts';

const nothing = { goOn: false, skip: false, pause: false, abort: false, reveal: undefined };
const asking: Situation = {
  place: { kind: 'run' },
  offered: { ...nothing, goOn: true, abort: true, reveal: 0 },
  control: true,
  reveal: 0,
  ballot: { question: 0, choices: 3 },
  onButton: false,
};
const reading: Situation = {
  ...asking,
  place: { kind: 'read', id: 'x' },
  offered: undefined,
  reveal: undefined,
  ballot: undefined,
};

it.each([
  ['Enter', asking, { kind: 'goOn' }],
  ['r', asking, { kind: 'reveal', question: 0 }],
  ['2', asking, { kind: 'vote', question: 0, choice: 1 }],
  ['4', asking, undefined],
  ['Escape', asking, { kind: 'askAbort' }],
  // A viewer looks and votes; Escape only closes what is in the way.
  ['Enter', { ...asking, control: false }, undefined],
  ['r', { ...asking, control: false }, undefined],
  ['1', { ...asking, control: false }, { kind: 'vote', question: 0, choice: 0 }],
  ['Escape', { ...asking, control: false }, { kind: 'close' }],
  // The focused button is pressed, and nothing else happens.
  ['Enter', { ...asking, onButton: true }, undefined],
  // While a wait is under way, Enter cuts nothing short.
  ['Enter', { ...asking, offered: { ...nothing, skip: true, abort: true } }, undefined],
  // What was hidden may be shown after the end too.
  ['r', { ...reading, place: { kind: 'run' }, reveal: 0 }, { kind: 'reveal', question: 0 }],
  ['Enter', reading, { kind: 'begin' }],
  ['Enter', { ...reading, control: false }, undefined],
  ['Escape', reading, { kind: 'close' }],
  ['ArrowDown', { ...reading, place: { kind: 'list' } }, { kind: 'move', by: 1 }],
  ['Enter', { ...reading, place: { kind: 'run' } }, { kind: 'nextScenario' }],
  ['g', { ...reading, place: { kind: 'closed' } }, { kind: 'toggle' }],
  // The time axis keeps its keys when nothing is asked.
  ['1', { ...reading, place: { kind: 'closed' } }, undefined],
] as const)('%s: %#', (key, situation, command) => {
  expect(scenarioCommandOf(key, situation)).toEqual(command);
});
