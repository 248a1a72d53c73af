/**
 * What a page that stays open keeps: the heap of both views after a forced collection, each minute, while calls go on and
 * pods come and go.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { withPage } from './lib/page.ts';
import { median, writeSection } from './lib/report.ts';

const minutes = Number(process.env.LBSCOPE_BENCH_MINUTES ?? 30);
/** Growth from the first five minutes, when the window of 90 s has filled, to the last five. */
const goalPercent = 5;
const settling = 2;
const views = ['stage', 'timeline'] as const;

await withPage('thirty', async (browser, url) => {
  const pages = await Promise.all(
    views.map(async (view) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, colorScheme: 'dark' });
      const page = await context.newPage();
      await page.goto(`${url}/?view=${view}&theme=dark`);
      await page.locator('[data-testid="live"][data-state="live"]').waitFor();
      const cdp = await context.newCDPSession(page);
      await cdp.send('HeapProfiler.enable');
      await cdp.send('Performance.enable');
      return { view, cdp, heapMb: [] as number[], nodes: [] as number[], listeners: [] as number[] };
    }),
  );
  const began = performance.now();
  for (let minute = 0; minute <= minutes; minute += 1) {
    await sleep(Math.max(0, began + minute * 60_000 - performance.now()));
    for (const each of pages) {
      // What the first one lets go is found by the second.
      await each.cdp.send('HeapProfiler.collectGarbage');
      await each.cdp.send('HeapProfiler.collectGarbage');
      each.heapMb.push((await each.cdp.send('Runtime.getHeapUsage')).usedSize / 1e6);
      const { metrics } = await each.cdp.send('Performance.getMetrics');
      each.nodes.push(metrics.find(({ name }) => name === 'Nodes')?.value ?? 0);
      each.listeners.push(metrics.find(({ name }) => name === 'JSEventListeners')?.value ?? 0);
    }
    console.log(
      `${minute} min: ${pages.map(({ view, heapMb }) => `${view} ${heapMb.at(-1)?.toFixed(1)} MB`).join(', ')}`,
    );
    if (minute % 3 === 1) {
      await fetch(`${url}/rpc/lbscope.agent.v1.AgentService/ScaleDeployment`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ replicas: minute % 2 === 0 ? 30 : 28 }),
      });
    }
  }
  const ends = (values: readonly number[]) => {
    const kept = values.slice(settling);
    return { first: median(kept.slice(0, 5)), last: median(kept.slice(-5)), most: Math.max(...kept) };
  };
  const rows = pages.map(({ view, heapMb, nodes, listeners }) => {
    const [heap, node, listener] = [ends(heapMb), ends(nodes), ends(listeners)];
    return { view, heap, node, listener, grown: (heap.last / heap.first - 1) * 100 };
  });
  const body = `Heap of the page after a forced garbage collection, each minute for ${minutes} minutes, both views in one browser, four
lanes, 30 pods; two pods go or come every three minutes. The first two minutes, in which the window of 90 s fills, are left out.

| view | first five, MB | last five, MB | most, MB | DOM nodes | listeners |
| --- | --- | --- | --- | --- | --- |
${rows
  .map(
    ({ view, heap, node, listener }) =>
      `| ${view} | ${heap.first.toFixed(1)} | ${heap.last.toFixed(1)} | ${heap.most.toFixed(1)} | ${node.first}, then ${node.last} | ${listener.first}, then ${listener.last} |`,
  )
  .join('\n')}`;
  console.log(body);
  writeSection(
    'memory',
    'Memory of an open page',
    rows.map(({ view, grown }) => ({
      what: `heap after ${minutes} minutes, ${view}`,
      goal: `at most ${goalPercent} % more than at first`,
      figure: `${grown >= 0 ? '+' : ''}${grown.toFixed(1)} %`,
      met: grown <= goalPercent,
    })),
    body,
  );
});
