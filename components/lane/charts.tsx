'use client';

import { memo, type ReactNode, useEffect, useRef, useState } from 'react';
import { Area, Bar, ComposedChart, Line, ReferenceLine, XAxis, YAxis } from 'recharts';
import type { Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { count, ms } from '../../model/view/scorecard.ts';
import { chartTop, type SeriesPoint } from '../../model/view/series.ts';

type Props = {
  lane: Lane;
  points: readonly SeriesPoint[];
  fromMs: number;
  toMs: number;
  /** Changes of the cluster, as lines through all charts. */
  changes: readonly number[];
};

/** Latency, rate and connections under the band, on its axis. Colour means which pod, so lines differ by weight and dash. */
export const Charts = memo(
  function Charts({ lane, points, fromMs, toMs, changes }: Props) {
    const last = points.at(-1);
    const latency = points.flatMap((point) => [point.p99, point.service99]);
    const rates = points.flatMap((point) => [point.asked, point.answered]);
    const connections = points.map((point) => point.connections);
    const axis = { points, fromMs, toMs, changes };
    return (
      <div className="charts" data-testid="charts">
        <Chart
          {...axis}
          title="Latency, ms"
          words={latencyWords(lane, last)}
          top={chartTop(latency, 1)}
          grow={2.2}
          keys={[
            ['p99', last?.p99, 'line-strong'],
            ['p90', last?.p90, 'line-middle'],
            ['p50', last?.p50, 'line-weak'],
            ['p99 of the call itself', last?.service99, 'line-strong line-dotted'],
            ['p50 of the call itself', last?.service50, 'line-weak line-dotted'],
          ].map(([label, value, className]) => ({
            label: label as string,
            value: value == null ? '–' : ms(value as number),
            className: className as string,
          }))}
        >
          {line('service50', 'line-weak line-dotted')}
          {line('service99', 'line-strong line-dotted')}
          {line('p50', 'line-weak')}
          {line('p90', 'line-middle')}
          {line('p99', 'line-strong')}
        </Chart>
        <Chart
          {...axis}
          title="Calls a second"
          words={rateWords(last)}
          top={chartTop(rates, 1)}
          grow={1}
          keys={[
            {
              label: 'asked',
              value: last?.asked == null ? 'none' : count(last.asked),
              className: 'line-weak line-dotted',
            },
            { label: 'answered', value: last?.answered == null ? '–' : count(last.answered), className: 'line-strong' },
            { label: 'lost', value: last?.failed == null ? '–' : count(last.failed), className: 'line-lost' },
          ]}
        >
          {line('asked', 'line-weak line-dotted', true)}
          {line('answered', 'line-strong')}
          <Bar dataKey="failed" className="bar-lost" barSize={3} isAnimationActive={false} />
        </Chart>
        <Chart
          {...axis}
          title="Connections"
          words={`${lane.label} has ${last?.connections ?? 0} connections open.`}
          top={chartTop(connections, 2)}
          grow={0.8}
          keys={[{ label: 'open', value: count(last?.connections ?? 0), className: 'line-strong' }]}
        >
          <Area
            dataKey="connections"
            type="stepAfter"
            className="line-strong chart-area"
            isAnimationActive={false}
            dot={false}
            activeDot={false}
          />
        </Chart>
      </div>
    );
  },
  (a, b) => a.points === b.points && a.lane.id === b.lane.id && a.changes.length === b.changes.length,
);

function line(dataKey: keyof SeriesPoint, className: string, step = false) {
  return (
    <Line
      dataKey={dataKey}
      type={step ? 'stepAfter' : 'linear'}
      className={className}
      dot={false}
      activeDot={false}
      isAnimationActive={false}
      connectNulls={false}
    />
  );
}

function Chart({
  title,
  words,
  points,
  fromMs,
  toMs,
  changes,
  top,
  grow,
  keys,
  children,
}: Omit<Props, 'lane'> & {
  title: string;
  words: string;
  top: number;
  grow: number;
  keys: readonly { label: string; value: string; className: string }[];
  children: ReactNode;
}) {
  const box = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(box);
  return (
    <figure className="chart" style={{ flexGrow: grow }}>
      <figcaption>
        <b className="chart-title">{title}</b>
        {keys.map((each) => (
          <span key={each.label} className="chart-key">
            <svg viewBox="0 0 18 6" className={each.className} aria-hidden="true">
              <path d="M0 3h18" />
            </svg>
            {each.label} <b>{each.value}</b>
          </span>
        ))}
      </figcaption>
      <div className="chart-box" ref={box} role="img" aria-label={words}>
        {width > 0 && height > 0 && (
          <ComposedChart
            width={width}
            height={height}
            data={points as SeriesPoint[]}
            margin={{ top: 4, right: 0, bottom: 1, left: 0 }}
            accessibilityLayer={false}
          >
            <XAxis dataKey="atMs" type="number" domain={[fromMs, toMs]} hide allowDataOverflow />
            <YAxis domain={[0, top]} ticks={[0, top / 2, top]} hide />
            {[0.5, 1].map((part) => (
              <ReferenceLine key={part} y={top * part} className="chart-rule" />
            ))}
            <ReferenceLine y={0} className="chart-base" />
            {changes.map((at) => (
              <ReferenceLine key={at} x={at} className="chart-change" />
            ))}
            {children}
          </ComposedChart>
        )}
        <span className="chart-top" aria-hidden>
          {count(top)}
        </span>
        <span className="chart-half" aria-hidden>
          {count(top / 2)}
        </span>
      </div>
    </figure>
  );
}

function useSize(box: React.RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return size;
}

function latencyWords(lane: Lane, last: SeriesPoint | undefined): string {
  if (last === undefined || last.p50 === null) return `${lane.label}: no call was measured in this time.`;
  return `${lane.label}, latency now: half of the calls within ${ms(last.p50)} ms, 99 % within ${ms(last.p99 ?? 0)} ms.`;
}

function rateWords(last: SeriesPoint | undefined): string {
  if (last === undefined) return 'No calls in this time.';
  const asked = last.asked === null ? '' : ` of ${count(last.asked)} asked for`;
  return `Now ${count(last.answered ?? 0)} calls answered a second${asked}, ${count(last.failed ?? 0)} lost.`;
}
