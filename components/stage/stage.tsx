'use client';

import { type CSSProperties, type PointerEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { mostFigures } from '../../model/view/stage/colours.ts';
import { mostLanes } from '../../model/view/stage/sides.ts';
import { pictureWords, truthWords } from '../../model/view/stage/words.ts';
import { Header } from '../controls/header.tsx';
import { Notice } from '../controls/notice.tsx';
import { WayOut } from '../controls/way-out.tsx';
import { headlineOf, presentedHeadline } from '../live/headline.ts';
import { useLive, useLiveStore } from '../live/provider.tsx';
import { reportAgeMs } from '../live/report-age.ts';
import { onResized } from '../paint/surface.ts';
import { Ticker } from '../paint/ticker.ts';
import { TickerContext } from '../paint/ticker-context.tsx';
import { PresenterMarks } from '../present/marks.tsx';
import { isStill } from '../ui/still.ts';
import { spaced } from '../ui/text.ts';
import { useUrlParameter } from '../ui/url.ts';
import { Book } from './book/book.tsx';
import { Captions } from './captions.tsx';
import { Bands, derive } from './derive.ts';
import { Figure } from './figures.tsx';
import { LanePicker } from './lane-picker.tsx';
import { LaneText } from './lane-text.tsx';
import { useStageLayout } from './layout.ts';
import { startLoop } from './loop.ts';
import { StagePainter } from './paint/painter.ts';
import { type Lit, placed } from './place.ts';
import { Shell } from './shell.tsx';
import { Unlit } from './unlit.tsx';

const none: ReadonlyMap<string, never> = new Map<string, never>();

/** The view that explains: the pods once in the middle, every path's calls running into the same ones. */
export function Stage() {
  const view = useLive();
  const store = useLiveStore();
  const presenting = useUrlParameter('present') === '1';
  const picked = useUrlParameter('lanes');
  const [lit, setLit] = useState<Lit>({});
  const root = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLDivElement>(null);
  const ground = useRef<HTMLCanvasElement>(null);
  const bars = useRef<HTMLCanvasElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<StagePainter>(undefined);
  const still = useStill();
  const [kept] = useState(() => new Bands());
  const [open, setOpen] = useState<string>();
  const { snapshot, nowMs, frozen } = view;
  const derived = useMemo(
    () => (snapshot === undefined ? undefined : derive(snapshot, nowMs, picked?.split(',') ?? [], lit.uid, kept, open)),
    [snapshot, nowMs, picked, lit.uid, kept, open],
  );
  const rows = (derived?.whole.pods.filter((pod) => pod.state !== 'gone').length ?? 0) > mostFigures;
  const layout = useStageLayout(picture, rows, presenting);
  const stale = reportAgeMs(view) > 0;
  const axisWidth = useRef(0);

  const [ticker] = useState(
    () =>
      new Ticker({
        edgeMs: () => store.edgeMs(),
        windowMs: () => 90_000,
        width: () => axisWidth.current,
        still: isStill,
      }),
  );
  useEffect(() => {
    if (ground.current === null || bars.current === null || canvas.current === null) return;
    const layers = { still: ground.current, bars: bars.current, moving: canvas.current };
    const made = new StagePainter(layers, { edgeMs: () => store.edgeMs() });
    painter.current = made;
    const touch = () => {
      made.touch();
      ticker.touch();
    };
    let reported = store.getView().snapshot;
    const stop = startLoop((timeMs) => {
      made.frame(timeMs);
      ticker.step();
      // A frame in which a report came has enough to do.
      const newest = store.getView().snapshot;
      if (newest !== undefined && newest === reported) kept.renew(newest);
      reported = newest;
    });
    window.addEventListener('lbscope:theme', touch);
    const ignore = onResized(touch);
    // Canvases write with the page's fonts: once more when these have come.
    void document.fonts?.ready.then(touch);
    return () => {
      stop();
      window.removeEventListener('lbscope:theme', touch);
      ignore();
    };
  }, [store, ticker, kept]);

  const shown = useMemo(() => {
    if (derived === undefined || snapshot === undefined || layout.width === 0) return undefined;
    return placed({
      derived,
      snapshot,
      layout,
      rows,
      presenting,
      stale,
      nowMs,
      moving: !frozen && !stale && !still,
      lit,
      open,
    });
  }, [derived, snapshot, layout, rows, presenting, stale, nowMs, frozen, still, lit, open]);
  useEffect(() => {
    if (shown !== undefined) painter.current?.show(shown.picture);
  }, [shown]);
  // The bands' width is measured where they are: the axis is as wide as they.
  const begun = snapshot !== undefined;
  useEffect(() => {
    if (!begun) return;
    const band = document.querySelector('.book-top');
    if (band === null) return;
    const observer = new ResizeObserver(() => {
      axisWidth.current = band.clientWidth;
      ticker.touch();
    });
    observer.observe(band);
    return () => observer.disconnect();
  }, [ticker, begun]);

  const point = (event: PointerEvent) => {
    if (event.pointerType === 'touch') return;
    setLit((old) => {
      const next = litBy(event, picture.current, painter.current);
      return old.laneId === next.laneId && old.uid === next.uid ? old : next;
    });
  };
  // What does not belong to the lane that is pointed at steps back: text, controls and the ledger's rows alike.
  useLayoutEffect(() => {
    for (const element of root.current?.querySelectorAll<HTMLElement>('[data-lane]') ?? []) {
      element.toggleAttribute('data-off', lit.laneId !== undefined && element.dataset.lane !== lit.laneId);
    }
  });
  // What was last heard may be wrong by now, when the Kubernetes API or the agent is silent.
  const cluster = snapshot?.cluster?.state ?? '';
  const known = !stale && (cluster === '' || cluster === 'synced');
  const truth = derived === undefined ? undefined : truthWords(derived.whole, known);
  return (
    <TickerContext value={ticker}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: pointing only lights up what belongs together; nothing is hidden from keys */}
      <div
        className="stage"
        ref={root}
        data-testid="stage"
        data-size={layout.size}
        data-turned={layout.turned}
        data-rows={rows}
        data-many={(derived?.lanes.length ?? 0) > 4}
        data-presenting={presenting}
        data-stale={stale}
        data-lit={lit.laneId}
        style={
          {
            '--lanes': derived?.lanes.length ?? 4,
            '--per-side': shown?.perSide ?? 2,
            '--pods': derived?.scene.pods.length ?? 3,
          } as CSSProperties
        }
        onPointerMove={point}
        onPointerLeave={() => setLit({})}
        onFocus={(event) => {
          const laneId = event.target.closest<HTMLElement>('[data-lane]')?.dataset.lane;
          const uid = event.target.closest<HTMLElement>('[data-uid]')?.dataset.uid;
          if (event.target.matches(':focus-visible'))
            setLit(laneId === undefined && uid === undefined ? {} : lit_(laneId, uid));
        }}
        onBlur={() => setLit({})}
      >
        {presenting ? null : <Header />}
        <section className="stage-head" aria-label="In one sentence">
          <h1 className="stage-headline" data-testid="headline">
            {spaced(presenting ? presentedHeadline(view) : headlineOf(view))}
          </h1>
          {snapshot !== undefined && derived !== undefined && snapshot.lanes.length > mostLanes && (
            <LanePicker lanes={snapshot.lanes} shown={derived.lanes.map((lane) => lane.id)} />
          )}
          {presenting && <PresenterMarks />}
        </section>
        <main className="stage-main">
          <section className="scene" aria-label="Stage: which path reaches which pod">
            <div className="scene-side scene-near">
              {shown?.near.map((lane) => <LaneText key={lane.id} {...lane} />) ?? <Shell side="near" />}
            </div>
            <div className="scene-picture" ref={picture}>
              <canvas ref={ground} className="scene-canvas" />
              <canvas ref={bars} className="scene-canvas" />
              <canvas
                ref={canvas}
                className="scene-canvas"
                role="img"
                aria-label={derived === undefined ? 'Nothing is known yet' : pictureWords(derived.whole, known)}
              />
              {snapshot === undefined && (
                <Unlit>
                  <WayOut />
                </Unlit>
              )}
              {truth !== undefined && shown !== undefined && (
                <p className="scene-truth" style={shown.truthAt}>
                  {truth.lead} <b data-testid="truth">{truth.strong}</b>
                  {shown.marks !== '' && <span className="scene-marks">{shown.marks}</span>}
                </p>
              )}
              {shown !== undefined && (
                <>
                  <ul className="figures" aria-label="Pods, oldest first">
                    {shown.figures.map((figure) => (
                      <Figure key={figure.uid} {...figure} open={setOpen} />
                    ))}
                  </ul>
                  {shown.heads.map((head) => (
                    <span
                      key={head.laneId}
                      className="cell-head"
                      data-lane={head.laneId}
                      data-side={head.side}
                      data-tiered={head.tiered}
                      style={head.style}
                      title={head.text}
                    >
                      {head.text}
                    </span>
                  ))}
                  {shown.captions.map((caption) => (
                    <Captions key={caption.laneId} {...caption} />
                  ))}
                </>
              )}
            </div>
            <div className="scene-side scene-far">
              {shown?.far.map((lane) => <LaneText key={lane.id} {...lane} />) ?? <Shell side="far" />}
            </div>
          </section>
          {snapshot !== undefined && (
            <Book
              snapshot={snapshot}
              lanes={derived?.lanes ?? []}
              bands={derived?.bands ?? none}
              handles={derived?.handles ?? none}
              lines={derived?.lines ?? []}
              slots={derived?.slots ?? none}
              size={layout.size}
              presenting={presenting}
              stale={stale}
              frozen={frozen}
              reportedMs={derived?.reportedMs ?? 0}
              lit={lit.laneId}
            />
          )}
        </main>
        <Notice />
      </div>
    </TickerContext>
  );
}

function lit_(laneId: string | undefined, uid: string | undefined): Lit {
  return { ...(laneId === undefined ? {} : { laneId }), ...(uid === undefined ? {} : { uid }) };
}

/** What is pointed at: anything of a lane, a pod, or a stream on the canvas. */
function litBy(event: PointerEvent, picture: HTMLElement | null, painter: StagePainter | undefined): Lit {
  const target = event.target instanceof Element ? event.target : undefined;
  const laneId = target?.closest<HTMLElement>('[data-lane]')?.dataset.lane;
  if (laneId !== undefined) return { laneId };
  const uid = target?.closest<HTMLElement>('[data-uid]')?.dataset.uid;
  if (uid !== undefined) return { uid };
  if (picture === null || target === undefined || !picture.contains(target)) return {};
  const box = picture.getBoundingClientRect();
  const found = painter?.hit({ x: event.clientX - box.left, y: event.clientY - box.top });
  return found === undefined ? {} : { laneId: found.laneId };
}

function useStill(): boolean {
  const [still, setStill] = useState(false);
  useEffect(() => {
    const query = matchMedia('(prefers-reduced-motion: reduce)');
    const read = () => setStill(query.matches);
    read();
    query.addEventListener('change', read);
    return () => query.removeEventListener('change', read);
  }, []);
  return still;
}
