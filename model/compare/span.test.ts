import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ChangeSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { RunInfoSchema } from '../../gen/lbscope/agent/v1/runs_pb.js';
import { type Event, EventSchema, FrameSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { fromMs } from '../time.ts';
import { scenarioSpan } from './span.ts';
import { summarise } from './summary.ts';

const at = (ms: number, kind: Event['kind']): Event => create(EventSchema, { at: fromMs(ms), kind });
const started = (ms: number) =>
  at(
    ms,
    create(EventSchema, { kind: { case: 'scenarioStarted', value: { run: { scenario: { lanes: ['x'] } } } } }).kind,
  );
const stepEnded = (ms: number, index: number) =>
  at(ms, create(EventSchema, { kind: { case: 'stepEnded', value: { index, state: 'done' } } }).kind);
const state = (ms: number, name: string) =>
  at(ms, create(EventSchema, { kind: { case: 'scenarioStateChanged', value: { state: name } } }).kind);
const ended = (ms: number) =>
  at(ms, create(EventSchema, { kind: { case: 'scenarioEnded', value: { outcome: 'pass' } } }).kind);

describe('the part of a run that its scenario is about', () => {
  it('is from the end of its preparation to where it puts things back', () => {
    const events = [started(0), stepEnded(2_000, 0), stepEnded(5_000, 1), state(9_000, 'restoring'), ended(12_000)];
    expect(scenarioSpan(events)).toEqual({ fromMs: 2_000, toMs: 9_000, lanes: ['x'] });
  });
  it('a question that waited does not end it', () => {
    const events = [started(0), stepEnded(2_000, 0), state(3_000, 'waiting'), state(4_000, 'running'), ended(9_000)];
    expect(scenarioSpan(events)).toMatchObject({ fromMs: 2_000, toMs: 9_000 });
  });
  it.each([
    ['no scenario', []],
    ['two', [started(0), stepEnded(1_000, 0), ended(2_000), started(3_000), stepEnded(4_000, 0), ended(5_000)]],
    ['it never began', [started(0), ended(1_000)]],
    ['it is not over', [started(0), stepEnded(1_000, 0)]],
  ])('there is none: %s', (_, events) => {
    expect(scenarioSpan(events)).toBeUndefined();
  });
});

describe('a summary of that part', () => {
  const frames = Array.from({ length: 50 }, (_, i) =>
    create(FrameSchema, {
      from: fromMs(i * 200),
      to: fromMs((i + 1) * 200),
      lanes: ['x', 'restored'].map((laneId) => ({
        laneId,
        issued: 20,
        answered: 20,
        // Every second the other of two pods.
        pods: [{ podUid: Math.floor(i / 5) % 2 === 0 ? 'a' : 'b', answered: 20 }],
      })),
    }),
  );
  const change = (ms: number) =>
    create(ChangeSchema, {
      at: fromMs(ms),
      stories: [{ laneId: 'x', direction: 'added', state: 'answered', reactionMs: ms }],
    });
  const info = create(RunInfoSchema, { lanes: [{ id: 'x', label: 'X' }] });
  const span = { fromMs: 2_000, toMs: 8_000, lanes: ['x'] };

  it('has its lanes, its calls and its changes, in blocks of a second', () => {
    const { lanes } = summarise(info, frames, [change(500), change(3_000), change(9_000)], span);
    expect(lanes.map(({ id }) => id)).toEqual(['x']);
    expect(lanes[0]).toMatchObject({ label: 'X', issued: 600, answered: 600, reactions: [3_000], blockMs: 1_000 });
    expect(lanes[0]?.blocks).toHaveLength(6);
    expect(lanes[0]?.blocks.map(({ answered, ranked }) => [answered, ranked])).toEqual(
      Array.from({ length: 6 }, () => [100, [100]]),
    );
  });
  it('without a span it has everything, in blocks of ten seconds', () => {
    const { lanes } = summarise(info, frames, [change(500)]);
    expect(lanes.map(({ id }) => id)).toEqual(['x', 'restored']);
    expect(lanes[0]).toMatchObject({ answered: 1_000, blockMs: 10_000 });
    expect(lanes[0]?.blocks.map(({ ranked }) => ranked)).toEqual([[500, 500]]);
  });
});
