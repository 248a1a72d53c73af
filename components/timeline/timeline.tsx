'use client';

import { type CSSProperties, useEffect, useMemo, useRef, useState } from 'react';
import { bindNumbers, wholeSeconds } from '../../model/time.ts';
import { eventLines } from '../../model/view/events.ts';
import { laneData, reportedMs } from '../../model/view/lane.ts';
import { scorecards } from '../../model/view/scorecard.ts';
import { Header } from '../controls/header.tsx';
import { Notice } from '../controls/notice.tsx';
import { useLive, useLiveStore } from '../live/provider.tsx';
import { reportAgeMs } from '../live/report-age.ts';
import type { LiveView } from '../live/store.ts';
import { Ticker } from '../paint/ticker.ts';
import { TickerContext } from '../paint/ticker-context.tsx';
import { spaced } from '../ui/text.ts';
import { setUrlParameter } from '../ui/theme.ts';
import { Cluster } from './cluster.tsx';
import { EventLines } from './events-overlay.tsx';
import { Foot } from './foot.tsx';
import { Lane } from './lane.tsx';
import { type Layout, useLayout } from './layout.ts';
import { Ruler } from './ruler.tsx';
import { Shell } from './shell.tsx';

/** The view that measures: all paths on one time axis that ends at a hard now edge. */
export function Timeline() {
  const view = useLive();
  const store = useLiveStore();
  const root = useRef<HTMLDivElement>(null);
  const layout = useLayout(root);
  const [windowMs, setWindowMs] = useState(90_000);
  const scale = useRef({ width: 0, windowMs });
  scale.current = { width: layout.timeWidth, windowMs };

  const [ticker] = useState(
    () =>
      new Ticker({
        edgeMs: () => store.edgeMs(),
        windowMs: () => scale.current.windowMs,
        width: () => scale.current.width,
        still: () => matchMedia('(prefers-reduced-motion: reduce)').matches,
      }),
  );
  useEffect(() => {
    const stop = ticker.start();
    window.addEventListener('lbscope:theme', ticker.touch);
    window.addEventListener('resize', ticker.touch);
    // Canvases write with the page's fonts: once more when these have come.
    void document.fonts?.ready.then(ticker.touch);
    setUrlParameter('view', 'timeline');
    return () => {
      stop();
      window.removeEventListener('lbscope:theme', ticker.touch);
      window.removeEventListener('resize', ticker.touch);
    };
  }, [ticker]);

  return (
    <TickerContext value={ticker}>
      <div className="timeline" ref={root} style={{ '--lanes': view.snapshot?.lanes.length ?? 4 } as CSSProperties}>
        <Header />
        <h1 className="headline" data-testid="headline">
          {spaced(headlineOf(view))}
        </h1>
        <main className="grid">
          <div className="legend" aria-hidden>
            <span>
              <i className="legend-hatch" /> list out of date
            </span>
            <span>
              <i className="legend-tick" /> lookup
            </span>
          </div>
          <Ruler windowMs={windowMs} frozen={view.frozen} />
          <div className="heads" aria-hidden>
            <span className="head-path">path now</span>
            <span className="head-pod">pod</span>
            <span className="head-share">share</span>
            <span className="head-rate">calls/s</span>
            <span className="head-lost">lost</span>
          </div>
          <Tracks view={view} layout={layout} windowMs={windowMs} />
        </main>
        <Foot windowMs={windowMs} zoom={setWindowMs} />
        <Notice />
      </div>
    </TickerContext>
  );
}

function Tracks({ view, layout, windowMs }: { view: LiveView; layout: Layout; windowMs: number }) {
  const { snapshot, nowMs, frozen } = view;
  const [open, setOpen] = useState<string>();
  const derived = useMemo(() => {
    if (snapshot === undefined) return undefined;
    // Brackets outlive the window while they are open, and the scorecard keeps the last reaction.
    const all = eventLines(snapshot, 0);
    const lines = all.filter((line) => line.atMs >= nowMs - windowMs);
    const lanes = new Map(snapshot.lanes.map((lane) => [lane.id, laneData(snapshot, lane, all, nowMs)]));
    const latest = new Map([...lanes].map(([id, data]) => [id, data.brackets[data.brackets.length - 1]]));
    return { lines, lanes, entries: scorecards(snapshot.lanes, latest), reported: reportedMs(snapshot) };
  }, [snapshot, nowMs, windowMs]);
  const ageMs = reportAgeMs(view);
  const stale = ageMs > 0;
  if (snapshot === undefined || derived === undefined) {
    return (
      <>
        <Shell reason={view.phase.kind === 'lost' ? 'Nothing is known yet.' : 'Waiting for the first report.'} />
        <Axis rows={6} frozen={false} />
      </>
    );
  }
  return (
    <>
      <Cluster snapshot={snapshot} lines={derived.lines} nowMs={nowMs} reported={derived.reported} stale={stale} />
      {snapshot.lanes.map((lane, place) => {
        const data = derived.lanes.get(lane.id);
        return data === undefined ? null : (
          <Lane
            key={lane.id}
            lane={lane}
            snapshot={snapshot}
            data={data}
            entries={derived.entries.get(lane.id) ?? []}
            layout={layout}
            nowMs={nowMs}
            silentMs={ageMs}
            stale={stale}
            frozen={frozen}
            place={place}
            open={open === lane.id}
            toggle={() => setOpen(open === lane.id ? undefined : lane.id)}
          />
        );
      })}
      <Axis rows={snapshot.lanes.length + 2} frozen={frozen}>
        <EventLines lines={derived.lines} />
      </Axis>
    </>
  );
}

/** Lies over the middle column of all tracks: event lines and the now edge. */
function Axis({ rows, frozen, children }: { rows: number; frozen: boolean; children?: React.ReactNode }) {
  return (
    <div className="axis" data-frozen={frozen} style={{ '--rows': rows } as CSSProperties}>
      {children}
      <div className="now-edge" />
    </div>
  );
}

function headlineOf(view: LiveView): string {
  const { snapshot, phase } = view;
  const ageMs = reportAgeMs(view);
  if (snapshot === undefined) {
    return phase.kind === 'lost' ? `The agent cannot be reached: ${phase.reason}.` : 'Asking the agent what exists…';
  }
  if (ageMs > 0) {
    return `No report from the agent for ${wholeSeconds(ageMs)}. What is shown is old; calls may still be flowing.`;
  }
  return bindNumbers(snapshot.headline);
}
