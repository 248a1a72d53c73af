/**
 * What a frame of the page costs its main thread: the real dashboard and its relay, a feed of four lanes and thirty pods,
 * headless Chromium without a GPU. A frame is everything that the main thread runs between two animation frames:
 * stream, fold, React, drawing, style, layout, paint. Thread time, so that a busy machine does not count.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from '@playwright/test';
import { withPage } from './lib/page.ts';
import { type Goal, writeSection } from './lib/report.ts';

const traceMs = Number(process.env.LBSCOPE_BENCH_MS ?? 15_000);
/** One frame of a screen that shows sixty a second. */
const goalMs = 16;
const viewport = { width: 1920, height: 1080 };

type TraceEvent = {
  name: string;
  cat: string;
  ph: string;
  ts: number;
  dur?: number;
  tdur?: number;
  tid: number;
  pid: number;
};

async function trace(browser: Browser, url: string): Promise<TraceEvent[]> {
  const page = await browser.newPage({ viewport, colorScheme: 'dark' });
  await page.goto(url);
  await page.locator('[data-testid="live"][data-state="live"]').waitFor();
  await page.bringToFront();
  await sleep(4_000);
  const cdp = await browser.newBrowserCDPSession();
  const events: TraceEvent[] = [];
  cdp.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const over = new Promise<void>((done) => cdp.once('Tracing.tracingComplete', () => done()));
  await cdp.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', '__metadata'] },
  });
  await sleep(traceMs);
  await cdp.send('Tracing.end');
  await over;
  await cdp.detach();
  await page.close();
  return events;
}

/** Thread time of the main thread per animation frame, ms. */
function frames(events: readonly TraceEvent[]): { busyMs: number[]; seconds: number } {
  const fired = events.filter((event) => event.name === 'FireAnimationFrame');
  const threads = new Map<string, number>();
  for (const { pid, tid } of fired) threads.set(`${pid} ${tid}`, (threads.get(`${pid} ${tid}`) ?? 0) + 1);
  const [main] = [...threads].sort((a, b) => b[1] - a[1])[0] ?? [''];
  const own = events.filter((event) => `${event.pid} ${event.tid}` === main);
  const starts = own
    .filter((event) => event.name === 'FireAnimationFrame')
    .map((event) => event.ts)
    .sort((a, b) => a - b)
    // Several callbacks of one frame.
    .filter((ts, i, all) => i === 0 || ts - (all[i - 1] as number) > 4_000);
  const tasks = own
    .filter((event) => event.ph === 'X' && /RunTask$/.test(event.name))
    .sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  const busyMs = new Array<number>(Math.max(0, starts.length - 1)).fill(0);
  let frame = 0;
  let covered = 0;
  for (const task of tasks) {
    // Tasks within tasks are counted with the outer one.
    if (task.ts < covered) continue;
    covered = task.ts + (task.dur ?? 0);
    // The callback runs within its task: the task belongs to the frame that begins in it.
    while (frame < busyMs.length && (starts[frame + 1] as number) <= covered) frame += 1;
    if (frame >= busyMs.length) break;
    if (covered < (starts[0] as number)) continue;
    busyMs[frame] = (busyMs[frame] as number) + (task.tdur ?? task.dur ?? 0) / 1_000;
  }
  const span = ((starts[starts.length - 1] ?? 0) - (starts[0] ?? 0)) / 1e6;
  return { busyMs, seconds: span };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

await withPage('thirty', async (browser, url) => {
  const lines = [
    '| view | frames/s | p50, ms | p95, ms | p99, ms | of one core |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  const goals: Goal[] = [];
  for (const view of ['stage', 'timeline']) {
    const { busyMs, seconds } = frames(await trace(browser, `${url}/?view=${view}&theme=dark`));
    const total = busyMs.reduce((sum, each) => sum + each, 0);
    const p95 = quantile(busyMs, 0.95);
    const figures = [0.5, 0.95, 0.99].map((q) => quantile(busyMs, q).toFixed(1));
    const share = `${((total / seconds / 1_000) * 100).toFixed(0)} %`;
    lines.push(`| ${view} | ${(busyMs.length / seconds).toFixed(0)} | ${figures.join(' | ')} | ${share} |`);
    goals.push({
      what: `main thread per frame, ${view}, p95`,
      goal: `at most ${goalMs} ms`,
      figure: `${p95.toFixed(1)} ms`,
      met: p95 <= goalMs,
    });
  }
  const body = `Four lanes, 100 calls/s each, 30 pods, ${viewport.width}x${viewport.height}, ${traceMs / 1_000} s a view, Chromium ${browser.version()}
without a GPU. Thread time between two animation frames: stream, fold, React, drawing, style, layout and paint.

${lines.join('\n')}`;
  console.log(body);
  writeSection('screen', 'The screen', goals, body);
});
