'use client';

import { type CSSProperties, useEffect, useMemo, useRef, useState } from 'react';
import { toMs } from '../../model/time.ts';
import { chainOfEvent, chainOfLine } from '../../model/view/chain.ts';
import { scorecards } from '../../model/view/scorecard.ts';
import { lanesInOrder } from '../../model/view/shown-lanes.ts';
import { statementOf } from '../../model/view/statement.ts';
import { goLive } from '../controls/freeze.ts';
import { Header } from '../controls/header.tsx';
import { Notice } from '../controls/notice.tsx';
import { isCovered } from '../lane/open.ts';
import { AllMeasures } from '../ledger/all-measures.tsx';
import { headlineOf, presentedHeadline } from '../live/headline.ts';
import { useLive, useLiveStore } from '../live/provider.tsx';
import { reportAgeMs } from '../live/report-age.ts';
import { trailMs } from '../live/store.ts';
import { onResized } from '../paint/surface.ts';
import { Ticker } from '../paint/ticker.ts';
import { TickerContext } from '../paint/ticker-context.tsx';
import { Turns, TurnsContext } from '../paint/turns.ts';
import { PresenterMarks } from '../present/marks.tsx';
import { usePresenting } from '../present/presenting.ts';
import { isStill } from '../ui/still.ts';
import { spaced } from '../ui/text.ts';
import { useUrlParameter } from '../ui/url.ts';
import { Cluster } from './cluster.tsx';
import { EventLines } from './events-overlay.tsx';
import { Foot } from './foot.tsx';
import { Lane } from './lane.tsx';
import { useLayout } from './layout.ts';
import { LoadTop } from './load-top.ts';
import { type Pointed, PointingContext } from './pointed.ts';
import { Ruler } from './ruler.tsx';
import { Shell } from './shell.tsx';
import { StationView } from './station-view.tsx';
import { useAxisKeys } from './use-axis-keys.ts';
import { useDerived } from './use-derived.ts';
import { usePast } from './use-past.ts';
import { useWindow } from './use-window.ts';
import type { Limits } from './window.ts';

/** The view that measures: all paths on one time axis that ends at a hard now edge. */
export function Timeline() {
  const view = useLive();
  const store = useLiveStore();
  const root = useRef<HTMLDivElement>(null);
  const grid = useRef<HTMLElement>(null);
  const presenting = usePresenting();
  const layout = useLayout(root, presenting);
  const { snapshot, nowMs, frozen } = view;
  const limits: Limits = {
    startMs: snapshot === undefined ? 0 : toMs(snapshot.runStartedAt),
    nowMs: Math.max(0, nowMs - trailMs),
  };
  const control = useWindow(grid, limits);
  const drawn = useRef({ control, width: layout.timeWidth });
  drawn.current = { control, width: layout.timeWidth };

  const [ticker] = useState(
    () =>
      new Ticker({
        edgeMs: () => drawn.current.control.now().edgeMs ?? store.edgeMs(),
        windowMs: () => drawn.current.control.now().spanMs,
        // Behind an opened lane nothing is seen.
        width: () => (isCovered() ? 0 : drawn.current.width),
        still: isStill,
      }),
  );
  useEffect(() => {
    const stop = ticker.start();
    window.addEventListener('lbscope:theme', ticker.touch);
    const ignore = onResized(ticker.touch);
    // Canvases write with the page's fonts: once more when these have come.
    void document.fonts?.ready.then(ticker.touch);
    return () => {
      stop();
      window.removeEventListener('lbscope:theme', ticker.touch);
      ignore();
    };
  }, [ticker]);

  const [turns] = useState(() => new Turns((run) => requestAnimationFrame(run)));
  const [loadTop] = useState(() => new LoadTop());
  const { spanMs } = control.shown;
  const edgeMs = control.view.edgeMs ?? limits.nowMs;
  const pixelMs = layout.timeWidth > 0 ? spanMs / layout.timeWidth : 0;
  const seen = { fromMs: edgeMs - spanMs, toMs: edgeMs, pixelMs };
  const past = usePast(snapshot, seen.fromMs, pixelMs);
  const derived = useDerived(snapshot, past.kind === 'held' ? past.past : undefined, nowMs, seen);
  const entries = useMemo(
    () => (snapshot === undefined || derived === undefined ? undefined : scorecards(snapshot.lanes, derived.latest)),
    [snapshot, derived],
  );

  const [pointed, point] = useState<Pointed>();
  const [unfolded, unfold] = useState<string>();
  const chain = useMemo(() => {
    if (pointed === undefined || derived === undefined) return undefined;
    if ('line' in pointed) {
      const line = derived.lines.find((each) => each.key === pointed.line);
      return line === undefined ? undefined : chainOfLine(derived.wide, line);
    }
    const event = derived.wide.events.find((each) => each.sequence === pointed.sequence);
    return event === undefined ? undefined : chainOfEvent(derived.wide, event, derived.lines);
  }, [pointed, derived]);
  const pointing = useMemo(() => ({ chain, point, unfold, unfolded }), [chain, unfolded]);
  const unfoldedLine = derived?.lines.find((line) => line.key === unfolded);

  // Unfolding pushes the lanes down; they keep the height they had.
  const laneHeight = useRef(layout.laneHeight);
  if (unfoldedLine === undefined) laneHeight.current = layout.laneHeight;

  const follow = () => {
    control.follow();
    if (frozen) goLive(store);
  };
  useAxisKeys(control, limits, follow, () => unfold(undefined));

  const [open, setOpen] = useState<string>();
  const ageMs = reportAgeMs(view);
  const stale = ageMs > 0;
  const inPast = control.view.edgeMs !== undefined;
  const headline = spaced(presenting ? presentedHeadline(view) : headlineOf(view));
  const picked = useUrlParameter('lanes');
  const shownLanes = useMemo(() => shownOf(snapshot?.lanes ?? [], picked), [snapshot, picked]);
  const lanes = snapshot === undefined ? 4 : shownLanes.length;
  const shift = unfoldedLine === undefined ? 0 : 1;
  return (
    <TickerContext value={ticker}>
      <PointingContext value={pointing}>
        <div
          className="timeline"
          ref={root}
          data-unfolded={unfoldedLine !== undefined}
          data-pointing={chain !== undefined}
          data-presenting={presenting}
          style={{ '--lanes': lanes, '--lane-now': `${laneHeight.current}px` } as CSSProperties}
        >
          {presenting ? null : <Header />}
          <section className="headline-place" aria-label="In one sentence">
            <h1 className="headline" data-testid="headline">
              <span key={statementOf(headline)} className="statement">
                {headline}
              </span>
            </h1>
            {presenting && <PresenterMarks />}
          </section>
          <main className="grid" ref={grid}>
            <div className="legend" aria-hidden>
              <span>
                <i className="legend-hatch" /> list out of date
              </span>
              <span>
                <i className="legend-tick" /> lookup
              </span>
            </div>
            <Ruler spanMs={spanMs} edgeMs={control.view.edgeMs} frozen={frozen} width={layout.timeWidth} />
            <div className="heads" aria-hidden>
              <span className="head-path">path now</span>
              <span className="head-pod">pod</span>
              <span className="head-share">share</span>
              <span className="head-rate">calls/s</span>
              <span className="head-lost">lost</span>
            </div>
            {snapshot === undefined || derived === undefined ? (
              <>
                <Shell />
                <Axis rows={6} edge="now" />
              </>
            ) : (
              <>
                <Cluster
                  snapshot={snapshot}
                  lines={derived.lines}
                  lifelines={derived.lifelines}
                  nowMs={nowMs}
                  reported={derived.reported}
                  stale={stale}
                />
                {unfoldedLine !== undefined && (
                  <StationView
                    snapshot={derived.wide}
                    line={unfoldedLine}
                    nowMs={nowMs}
                    fold={() => unfold(undefined)}
                  />
                )}
                <TurnsContext value={turns}>
                  {shownLanes.map((lane, place) => (
                    <Lane
                      key={lane.id}
                      lane={lane}
                      snapshot={snapshot}
                      derived={derived}
                      loadTop={loadTop}
                      entries={entries?.get(lane.id) ?? []}
                      layout={layout}
                      nowMs={nowMs}
                      silentMs={ageMs}
                      stale={stale}
                      frozen={frozen}
                      place={place + shift}
                      open={open === lane.id}
                      toggle={() => setOpen(open === lane.id ? undefined : lane.id)}
                    />
                  ))}
                </TurnsContext>
                <Axis rows={lanes + 2 + shift} edge={inPast ? 'past' : frozen ? 'frozen' : 'now'}>
                  <EventLines lines={derived.lines} />
                </Axis>
              </>
            )}
          </main>
          <Foot control={control} limits={limits} past={past} seen={seen} follow={follow}>
            <AllMeasures snapshot={snapshot} latest={derived?.latest ?? new Map()} />
          </Foot>
          <Notice />
        </div>
      </PointingContext>
    </TickerContext>
  );
}

/** The lanes that the URL names, in its order; without any, all. */
function shownOf<T extends { id: string }>(lanes: readonly T[], picked: string | undefined): T[] {
  const { shown } = lanesInOrder(
    lanes.map(({ id }) => id),
    picked?.split(','),
  );
  return shown.flatMap((id) => lanes.find((lane) => lane.id === id) ?? []);
}

/** Lies over the middle column of all tracks: event lines and the now edge. */
function Axis({ rows, edge, children }: { rows: number; edge: 'now' | 'frozen' | 'past'; children?: React.ReactNode }) {
  return (
    <div className="axis" data-edge={edge} style={{ '--rows': rows } as CSSProperties}>
      {children}
      <div className="now-edge" />
    </div>
  );
}
