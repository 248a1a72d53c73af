'use client';

import { useEffect, useMemo, useRef, useState } from 'react';
import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { bindNumbers, toMs } from '../../model/time.ts';
import { type SeriesPoint, series } from '../../model/view/series.ts';
import { bandWords } from '../../model/view/words.ts';
import { useLive, useLiveStore } from '../live/provider.tsx';
import { trailMs } from '../live/store.ts';
import { onResized } from '../paint/surface.ts';
import { Ticker } from '../paint/ticker.ts';
import { TickerContext } from '../paint/ticker-context.tsx';
import { Foot } from '../timeline/foot.tsx';
import { LaneCanvas } from '../timeline/lane-canvas.tsx';
import { LoadTop } from '../timeline/load-top.ts';
import { Rail } from '../timeline/rail.tsx';
import { Ruler } from '../timeline/ruler.tsx';
import { Tears } from '../timeline/tears.tsx';
import { type Derived, useDerived, useLaneData } from '../timeline/use-derived.ts';
import { usePast } from '../timeline/use-past.ts';
import { useWindow } from '../timeline/use-window.ts';
import { type Limits, usual } from '../timeline/window.ts';
import { isStill } from '../ui/still.ts';
import { spaced } from '../ui/text.ts';
import { Charts } from './charts.tsx';
import { Clients } from './clients.tsx';
import { Connections } from './connections.tsx';
import { Errors } from './errors.tsx';
import { Lookups } from './lookups.tsx';
import { OutOfReach } from './out-of-reach.tsx';
import { WhyPanel } from './why.tsx';

/** Charts cost tens of milliseconds: they are drawn once a second, and what they show needs no more. */
const redrawEveryMs = 1_000;

/** One lane, full screen: its band, and under it on the same axis latency, rate and connections; beside them the facts. */
export function OpenedLane({ id, close }: { id: string; close(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const view = useLive();
  const { snapshot } = view;
  const lane = snapshot?.lanes.find((each) => each.id === id);
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="opened"
      data-testid="opened-lane"
      data-lane-open={id}
      aria-labelledby="opened-title"
      onClose={close}
    >
      {snapshot === undefined || lane === undefined ? (
        <p className="opened-loading">
          There is no lane {id}.{' '}
          <button type="button" className="word" onClick={close}>
            Close
          </button>
        </p>
      ) : (
        <Contents snapshot={snapshot} lane={lane} nowMs={view.nowMs} close={() => dialog.current?.close()} />
      )}
    </dialog>
  );
}

function Contents({
  snapshot,
  lane,
  nowMs,
  close,
}: {
  snapshot: GetSnapshotResponse;
  lane: Lane;
  nowMs: number;
  close(): void;
}) {
  const { frozen } = useLive();
  const store = useLiveStore();
  const root = useRef<HTMLDivElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const width = useWidth(root);
  const limits: Limits = { startMs: toMs(snapshot.runStartedAt), nowMs: Math.max(0, nowMs - trailMs) };
  const control = useWindow(root, limits);
  const drawn = useRef({ control, width });
  drawn.current = { control, width };
  const [ticker] = useState(
    () =>
      new Ticker({
        edgeMs: () => drawn.current.control.now().edgeMs ?? store.edgeMs(),
        windowMs: () => drawn.current.control.now().spanMs,
        width: () => drawn.current.width,
        still: isStill,
      }),
  );
  useEffect(() => {
    const stop = ticker.start();
    window.addEventListener('lbscope:theme', ticker.touch);
    const ignore = onResized(ticker.touch);
    return () => {
      stop();
      ignore();
      window.removeEventListener('lbscope:theme', ticker.touch);
    };
  }, [ticker]);

  const { spanMs } = control.shown;
  const edgeMs = control.view.edgeMs ?? limits.nowMs;
  const seen = { fromMs: edgeMs - spanMs, toMs: edgeMs, pixelMs: width > 0 ? spanMs / width : usual.spanMs / 600 };
  const past = usePast(snapshot, seen.fromMs, seen.pixelMs);
  const derived = useDerived(snapshot, past.kind === 'held' ? past.past : undefined, nowMs, seen);
  const data = useLaneData(derived, lane.id);
  const [loadTop] = useState(() => new LoadTop());
  useEffect(() => {
    if (data === undefined) return;
    loadTop.set(lane.id, data.load);
    ticker.touch();
  }, [loadTop, lane.id, data, ticker]);
  const points = useSeries(derived, lane.id, seen, frozen);
  const wide = derived?.wide ?? snapshot;
  return (
    <TickerContext value={ticker}>
      <header className="opened-head">
        <div>
          {/* The sheet begins to be read here, and no button looks chosen. */}
          <h2 id="opened-title" tabIndex={-1} ref={title}>
            {lane.label}
          </h2>
          <p className="opened-mechanism">{lane.spec?.mechanism}</p>
        </div>
        <p className="opened-verdict" data-testid="opened-verdict">
          {spaced(bindNumbers(lane.verdict))}
        </p>
        <button type="button" className="word" data-testid="opened-close" onClick={close}>
          Close <kbd>Esc</kbd>
        </button>
      </header>
      <div className="opened-body">
        <div className="opened-time" ref={root}>
          <div className="opened-axis">
            <Ruler spanMs={spanMs} edgeMs={control.view.edgeMs} frozen={frozen} width={width} />
            {data !== undefined && (
              <div className="opened-band">
                <LaneCanvas
                  laneId={lane.id}
                  events={wide.events}
                  data={data}
                  loadTop={loadTop}
                  font={13}
                  unavailable={lane.state === 'unavailable'}
                  stale={false}
                  label={bandWords(lane, data)}
                />
                <Rail laneId={`opened-${lane.id}`} brackets={data.brackets.slice(-12)} narrow />
                <Tears tears={data.tears} />
              </div>
            )}
            <div className="axis" aria-hidden />
          </div>
          <Charts
            lane={lane}
            points={points}
            fromMs={seen.fromMs}
            toMs={seen.toMs}
            changes={derived?.lines.map((line) => line.atMs) ?? []}
          />
          <Foot control={control} limits={limits} past={past} seen={seen} follow={control.follow} />
        </div>
        <div className="opened-facts">
          <OutOfReach lane={lane} nowMs={nowMs} />
          <Clients snapshot={snapshot} lane={lane} />
          <WhyPanel snapshot={snapshot} lane={lane} />
          <Connections snapshot={snapshot} lane={lane} nowMs={nowMs} />
          <Lookups snapshot={wide} lane={lane} nowMs={nowMs} />
          <Errors snapshot={wide} lane={lane} nowMs={nowMs} />
        </div>
      </div>
    </TickerContext>
  );
}

/** At most once a second, and at once when the window changes. */
function useSeries(
  derived: Derived | undefined,
  laneId: string,
  seen: { fromMs: number; toMs: number },
  frozen: boolean,
): SeriesPoint[] {
  const kept = useRef<{ key: string; at: number; points: SeriesPoint[] }>(undefined);
  return useMemo(() => {
    if (derived === undefined) return [];
    const span = Math.round(seen.toMs - seen.fromMs);
    const key = `${laneId} ${span} ${frozen} ${derived.wide.bins.length > 500}`;
    const old = kept.current;
    const moved = old === undefined ? Number.POSITIVE_INFINITY : Math.abs(seen.toMs - old.at);
    if (old !== undefined && old.key === key && moved < redrawEveryMs) return old.points;
    const points = series(derived.wide, laneId, seen.fromMs, seen.toMs);
    kept.current = { key, at: seen.toMs, points };
    return points;
  }, [derived, laneId, seen.fromMs, seen.toMs, frozen]);
}

function useWidth(root: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const axis = root.current?.querySelector('.opened-axis');
    if (axis == null) return;
    const measure = () => setWidth(axis.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(axis);
    return () => observer.disconnect();
  }, [root]);
  return width;
}
