import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { GetSnapshotResponseSchema, WatchResponseSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { LiveStore } from './store.ts';

const said = (sequence: number) =>
  create(WatchResponseSchema, {
    item: { case: 'snapshot', value: create(GetSnapshotResponseSchema, { runId: 'run', sequence }) },
  });

function made() {
  const frames: (() => void)[] = [];
  let nowMs = 1_000;
  const store = new LiveStore({ now: () => nowMs, beforePaint: (run) => frames.push(run) });
  const paint = () => {
    nowMs += 16;
    for (const run of frames.splice(0)) run();
  };
  return { store, paint, pass: (ms: number) => (nowMs += ms) };
}

describe('live store', () => {
  it('puts a report together in one frame and shows it in the next, as both are more than one holds', () => {
    const { store, paint } = made();
    let told = 0;
    store.subscribe(() => (told += 1));
    store.receive(said(7));
    paint();
    expect([told, store.getView().snapshot]).toEqual([0, undefined]);
    paint();
    expect([told, store.getView().snapshot?.sequence]).toEqual([1, 7]);
  });

  it('shows a report that comes every 200 ms each time', () => {
    const { store, paint, pass } = made();
    let told = 0;
    store.subscribe(() => (told += 1));
    for (let i = 1; i <= 10; i += 1) {
      store.receive(said(i));
      paint();
      paint();
      pass(200 - 32 + 7);
    }
    expect([told, store.getView().snapshot?.sequence]).toEqual([10, 10]);
  });

  it('shows the frozen moment, also when it was frozen between the two', () => {
    const { store, paint } = made();
    store.receive(said(3));
    paint();
    store.show(create(GetSnapshotResponseSchema, { runId: 'run', sequence: 1 }), 500);
    paint();
    expect([store.getView().frozen, store.getView().snapshot?.sequence, store.getView().nowMs]).toEqual([true, 1, 500]);
    store.goLive();
    paint();
    paint();
    expect([store.getView().frozen, store.getView().snapshot?.sequence]).toEqual([false, 3]);
  });
});
