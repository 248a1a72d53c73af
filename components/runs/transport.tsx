'use client';

import { type CSSProperties, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { clockText, duration, toMs, toMsOrUndefined } from '../../model/time.ts';
import { eventWords } from '../../model/view/event-words.ts';
import { momentsOf } from '../../model/view/moments.ts';
import type { OpenedRun } from '../live/open-run.ts';
import { speeds } from '../live/replay.ts';
import { stamp } from '../ui/instant.ts';
import { spaced } from '../ui/text.ts';
import { setUrlParameter } from '../ui/theme.ts';
import { useUrlParameter } from '../ui/url.ts';
import { offsetMinutes } from '../ui/zone.ts';

/** The scrubber's instants are whole milliseconds, events' are not. */
const sameMs = 1;

/** Play, scrub, speed and step. Everything here is the viewer's own; the agent is only asked for what is shown. */
export function Transport({ opened }: { opened: OpenedRun }) {
  const { store, info, changes, events, losses } = opened;
  const view = useSyncExternalStore(store.subscribe, store.getView, store.getServerView);
  const { atMs, playing, speed } = store.transport;
  const [copied, setCopied] = useState(false);
  const scenarioShown = useUrlParameter('scenario') === 'run';
  const { startMs, endMs } = store;
  const place = (ms: number) => `${(((ms - startMs) / (endMs - startMs)) * 100).toFixed(3)}%`;
  const moments = useMemo(() => momentsOf(events), [events]);
  const last = moments.findLast((each) => each.atMs <= atMs + sameMs);

  const step = (direction: 1 | -1) => {
    const to =
      direction > 0
        ? moments.find((each) => each.atMs > atMs + sameMs)
        : moments.findLast((each) => each.atMs < atMs - sameMs);
    store.pause();
    store.seek(to?.atMs ?? (direction > 0 ? endMs : startMs));
  };
  const toggle = () => (store.transport.playing ? store.pause() : store.play());

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : undefined;
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (target?.closest('input:not([type="range"]), textarea, select, [contenteditable], [role="menu"], dialog'))
        return;
      const onButton = target?.closest('button, a, [role="radio"]') != null;
      if (event.key === ' ' && !onButton) toggle();
      else if (event.key === '.') step(1);
      else if (event.key === ',') step(-1);
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  });

  const clock = clockText(atMs, offsetMinutes(atMs));
  return (
    <section
      className="transport"
      data-testid="transport"
      data-at={stamp(atMs)}
      data-playing={playing}
      aria-label="Replay"
    >
      <div className="transport-keys">
        <button type="button" className="start-stop" data-testid="replay-play" onClick={toggle}>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            {playing ? <path d="M1 1h3v8H1zM6 1h3v8H6z" /> : <path d="M2 .5 9.5 5 2 9.5z" />}
          </svg>
          {playing ? 'Pause' : 'Play'}
        </button>
        <button
          type="button"
          className="step"
          data-testid="replay-back"
          aria-label="Back to the event before"
          title="The event before (,)"
          onClick={() => step(-1)}
        >
          ‹
        </button>
        <button
          type="button"
          className="step"
          data-testid="replay-forth"
          aria-label="On to the next event"
          title="The next event (.)"
          onClick={() => step(1)}
        >
          ›
        </button>
      </div>
      <div className="scrub" style={{ '--at': place(atMs) } as CSSProperties}>
        <svg className="scrub-marks" aria-hidden="true">
          {losses.map(({ fromMs, toMs, lost }) => (
            <rect
              key={fromMs}
              className="scrub-loss"
              x={place(fromMs)}
              y="60%"
              width={width(toMs - fromMs, endMs - startMs)}
              height="40%"
            >
              <title>{`${lost} calls lost`}</title>
            </rect>
          ))}
          {info.gaps.map(({ from, to }) => {
            const [begin, end] = [toMs(from), toMs(to)];
            return (
              <rect
                key={begin}
                className="scrub-gap"
                x={place(begin)}
                y="0"
                width={width(end - begin, endMs - startMs)}
                height="100%"
              />
            );
          })}
          {changes.map((change) => {
            const at = change.askedAt ?? change.at;
            const ms = toMsOrUndefined(at);
            return ms === undefined ? null : (
              <line key={change.sequence} className="scrub-change" x1={place(ms)} x2={place(ms)} y1="0" y2="100%" />
            );
          })}
        </svg>
        <input
          type="range"
          className="scrub-input"
          data-testid="scrub"
          aria-label="Moment of the run"
          aria-valuetext={`${clock}, ${duration(atMs - startMs)} of ${duration(endMs - startMs)}`}
          min={startMs}
          max={endMs}
          step="any"
          value={atMs}
          onChange={(event) => store.seek(Number(event.target.value))}
          onKeyDown={(event) => {
            const by = arrowMs(event.key, event.shiftKey);
            if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
            // The browser's own step is that of a drag: too fine to get anywhere by key.
            event.preventDefault();
            store.seek(Math.min(endMs, Math.max(startMs, store.transport.atMs + by)));
          }}
        />
        <p className="scrub-words">
          <span className="number">{spaced(duration(atMs - startMs))}</span>
          <span className="scrub-last" data-testid="replay-event">
            {last === undefined ? '' : spaced(eventWords(last.event))}
          </span>
          <span className="number">{spaced(duration(endMs - startMs))}</span>
        </p>
      </div>
      <div className="speeds" role="radiogroup" aria-label="Speed">
        {speeds.map((each) => (
          // biome-ignore lint/a11y/useSemanticElements: a row of words, not of circles
          <button
            key={each}
            type="button"
            role="radio"
            aria-checked={each === speed}
            className="zoom-word"
            data-testid={`speed-${each}`}
            onClick={() => store.setSpeed(each)}
          >
            {each}×
          </button>
        ))}
      </div>
      <div className="transport-links">
        {info.scenario !== '' && (
          <button
            type="button"
            className="word replay-scenario"
            data-testid="replay-scenario"
            disabled={view.snapshot?.scenario === undefined}
            onClick={() => setUrlParameter('scenario', scenarioShown ? undefined : 'run')}
          >
            {info.outcome === '' ? 'Scenario' : `Scenario: ${info.outcome.replaceAll('_', ' ')}`}
          </button>
        )}
        <button
          type="button"
          className="word"
          data-testid="replay-link"
          disabled={view.snapshot === undefined}
          onClick={() => {
            const url = new URL(window.location.href);
            url.searchParams.set('at', stamp(atMs));
            void navigator.clipboard.writeText(url.href).then(() => setCopied(true));
          }}
        >
          {copied ? 'Copied' : 'Copy link'}
        </button>
        <a className="word" href="/runs">
          All runs
        </a>
        <a className="word" href="/">
          Live
        </a>
      </div>
    </section>
  );
}

/** An arrow moves by a second, with Shift by ten. */
function arrowMs(key: string, large: boolean): number | undefined {
  const direction = key === 'ArrowRight' || key === 'ArrowUp' ? 1 : key === 'ArrowLeft' || key === 'ArrowDown' ? -1 : 0;
  return direction === 0 ? undefined : direction * (large ? 10_000 : 1_000);
}

/** At least two points wide, or a single loss in an hour could not be seen. */
function width(ms: number, ofMs: number): string {
  return `max(2px, ${((ms / ofMs) * 100).toFixed(3)}%)`;
}
