import { readFileSync } from 'node:fs';
import { App, type SnapshotView } from '../../e2e/lib/app.ts';
import { pause } from './side.ts';

/** Each lane's rate, until one can't be held. */
const steps = [500, 1_000, 2_000, 3_000, 4_000, 6_000, 8_000];
const settleMs = 3_000;
/** Longer than the window of the snapshot's rates. */
const measureMs = 11_000;
const clockTicks = 100;

export interface Step {
  readonly rate: number;
  readonly achieved: readonly number[];
  readonly held: boolean;
  readonly scheduleErrorP99Ms: number;
  /** Cores used, by part. */
  readonly cores: Readonly<Record<string, number>>;
}

/** The embedded cluster with its four lanes: the highest total, and where the CPU goes. */
export async function fourLanes(print: (step: Step) => void): Promise<void> {
  const app = await App.start();
  try {
    await app.settled(3, 100);
    for (const rate of steps) {
      await app.call('SetTraffic', { ratePerSecond: rate });
      await pause(settleMs);
      const [before, from] = [cpu(app), performance.now()];
      await pause(measureMs);
      const snapshot = await app.snapshot();
      const seconds = (performance.now() - from) / 1_000;
      const after = cpu(app);
      const achieved = snapshot.lanes.map((lane) => lane.rate.achieved);
      const held = achieved.every((each) => each >= rate * 0.99);
      print({
        rate,
        achieved,
        held,
        scheduleErrorP99Ms: Math.max(...snapshot.lanes.map(errorOf)),
        cores: Object.fromEntries([...after].map(([part, used]) => [part, (used - (before.get(part) ?? 0)) / seconds])),
      });
      if (!held) return;
    }
  } finally {
    await app.stop();
  }
}

function errorOf(lane: SnapshotView['lanes'][number]): number {
  return lane.rate.scheduleErrorP99Ms ?? 0;
}

/** CPU seconds by part of lbscope, from /proc; the agent's threads by name. Empty where there is no /proc. */
function cpu(app: App): Map<string, number> {
  const used = new Map<string, number>();
  const add = (part: string, seconds: number): void => void used.set(part, (used.get(part) ?? 0) + seconds);
  for (const { pid, args } of app.processes()) {
    const part = partOf(args);
    try {
      add(part, ticks(`/proc/${pid}/stat`) / clockTicks);
    } catch {
      // Gone meanwhile, or no /proc.
    }
  }
  return used;
}

function partOf(args: string): string {
  for (const name of ['agent', 'lab', 'pod', 'supervisor']) if (args.includes(`${name}.mjs`)) return name;
  if (args.includes('envoy')) return 'envoy';
  return 'dashboard and others';
}

function ticks(file: string): number {
  const text = readFileSync(file, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
