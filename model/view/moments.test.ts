import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { type Event, EventSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { momentsOf } from './moments.ts';

let sequence = 0;
const at = (atMs: number, kind: Event['kind']) => ({
  atMs,
  event: create(EventSchema, { sequence: ++sequence, kind }),
});
const scaled = (): Event['kind'] =>
  create(EventSchema, { kind: { case: 'scaleAsked', value: { from: 3, to: 4 } } }).kind;
const ready = (): Event['kind'] => create(EventSchema, { kind: { case: 'podReady', value: {} } }).kind;
const added = (): Event['kind'] => create(EventSchema, { kind: { case: 'podAdded', value: {} } }).kind;

const told = (events: Parameters<typeof momentsOf>[0]) =>
  momentsOf(events).map(({ atMs, event }) => [atMs, event.kind.case]);

test('an act names its moment, though the cluster answers at once', () => {
  expect(told([at(1_000, scaled()), at(1_020, added()), at(1_055, ready()), at(2_000, ready())])).toEqual([
    [1_055, 'scaleAsked'],
    [2_000, 'podReady'],
  ]);
});

test('where nobody acted, the last event names it; an act that comes late in a moment takes the name', () => {
  expect(told([at(0, added()), at(10, ready())])).toEqual([[10, 'podReady']]);
  expect(told([at(0, ready()), at(10, scaled()), at(20, added())])).toEqual([[20, 'scaleAsked']]);
});

test('a stream of near events does not become one moment without end', () => {
  const many = Array.from({ length: 10 }, (_, i) => at(i * 50, ready()));
  expect(momentsOf(many).map(({ atMs }) => atMs)).toEqual([50, 150, 250, 350, 450]);
});

test('nothing happened: no moments', () => expect(momentsOf([])).toEqual([]));
