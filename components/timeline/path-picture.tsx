'use client';

import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { decider } from '../../model/view/decider.ts';
import type { Rows } from '../../model/view/rows.ts';
import { type Ring as RingOfLane, type Wheel as WheelOfLane, wheelOf } from '../../model/view/wheel.ts';

type Point = { x: number; y: number };

/**
 * From the client to its pods, read left to right. The wheel is the one symbol of a path: its wedges are the pods it
 * believes in, a lock or a turning arrow says picked once or per call, where it sits says who decides, and the ring
 * round it is the next lookup.
 */
export function PathPicture({
  lane,
  snapshot,
  rows,
  width,
  nowMs,
  moving,
}: {
  lane: Lane;
  snapshot: GetSnapshotResponse;
  rows: Rows;
  width: number;
  nowMs: number;
  moving: boolean;
}) {
  const who = decider(lane);
  const height = Math.max(64, rows.groups.length * rows.height);
  const middle = height / 2;
  const wide = width > 150;
  const radius = wide ? 17 : 13;
  const remote = who === 'kube-proxy' || who === 'envoy' || who === 'static';
  // The same place on all lanes, so that the lines to the pods are alike; before it is the client, or nothing.
  const wheel: Point = { x: wide ? 72 : 46, y: middle };
  const caption = { 'kube-proxy': 'kube-proxy', envoy: 'Envoy', dns: 'client', api: 'client', static: 'client' }[who];
  const known = wheelOf(snapshot, lane);
  const { locked } = known;
  const ends = rows.groups.flatMap((group, i) => {
    const y = i * rows.height + rows.height / 2;
    return group.kind === 'pod' ? [{ row: group.row, y }] : [];
  });
  const offset = (height - rows.groups.length * rows.height) / 2;
  const connections = Math.max(1, Math.min(4, lane.connections.filter((each) => each.state === 'READY').length));
  return (
    <svg
      className={moving ? 'path path-moving' : 'path'}
      viewBox={`0 ${-offset} ${width} ${height}`}
      width={width}
      height={height}
      aria-hidden="true"
    >
      {ends.map(({ row, y }) => {
        const from = wheel.x + radius + 3;
        const to = width - 4;
        const bend = from + (to - from) * 0.5;
        const curve = `M${from} ${middle - offset} C${bend} ${middle - offset} ${bend} ${y} ${to} ${y}`;
        if (row.standing === 'used') {
          const dots = Math.max(1, Math.min(locked ? 5 : 8, row.pod.callsPerSecond / 10));
          return (
            <g key={row.pod.uid}>
              <path
                d={curve}
                className="path-line"
                style={{ stroke: `var(--pod-${row.slot})`, strokeWidth: locked ? 5 : 2 }}
              />
              <path
                d={curve}
                className="path-dots"
                pathLength={100}
                style={
                  {
                    stroke: locked ? 'var(--ground)' : `var(--pod-${row.slot})`,
                    strokeDasharray: `0 ${100 / dots}`,
                    '--gap': `${100 / dots}`,
                    '--dot': locked ? 2.5 : 5,
                  } as React.CSSProperties
                }
              />
            </g>
          );
        }
        if (row.standing === 'ghost') {
          return (
            <path
              key={row.pod.uid}
              d={`M${from} ${middle - offset} C${bend} ${middle - offset} ${bend - 8} ${y} ${to - 16} ${y}`}
              className="path-ghost"
            />
          );
        }
        return null;
      })}
      <g transform={`translate(0 ${-offset})`}>
        {remote && (
          <>
            <Client x={wide ? 14 : 8} y={middle} />
            {Array.from({ length: connections }, (_, i) => {
              const y = middle + (i - (connections - 1) / 2) * 5;
              return <path key={y} d={`M${wide ? 22 : 15} ${y}H${wheel.x - radius - 4}`} className="path-pipe" />;
            })}
          </>
        )}
        {who === 'dns' && <Above x={wheel.x} y={wheel.y - radius - 6} text="DNS" cut />}
        {who === 'api' && (
          <Above x={wheel.x} y={wheel.y - radius - 6} text="API" cut={lane.belief?.nextKind !== 'push'} />
        )}
        <Wheel wheel={known} at={wheel} radius={radius} nowMs={nowMs} inClient={!remote} />
        {height > 84 && (
          <text
            className="path-caption"
            x={wheel.x}
            y={who === 'kube-proxy' ? wheel.y - radius - 12 : wheel.y + radius + (remote ? 17 : 20)}
            textAnchor="middle"
          >
            {caption}
          </text>
        )}
      </g>
    </svg>
  );
}

function Client({ x, y }: Point) {
  return <rect className="path-client" x={x - 7} y={y - 7} width={14} height={14} rx={2} />;
}

function Above({ x, y, text, cut }: Point & { text: string; cut: boolean }) {
  return (
    <g>
      <path d={`M${x} ${y - 12}V${y}`} className={cut ? 'path-stub' : 'path-watch'} />
      {cut && <path d={`M${x - 4} ${y - 4}h8`} className="path-cut" />}
      <text className="path-caption" x={x} y={y - 15} textAnchor="middle">
        {text}
      </text>
    </g>
  );
}

function Wheel({
  wheel: { wedges, locked, ring },
  at,
  radius,
  nowMs,
  inClient,
}: {
  wheel: WheelOfLane;
  at: Point;
  radius: number;
  nowMs: number;
  inClient: boolean;
}) {
  const inner = radius * 0.5;
  return (
    <g transform={`translate(${at.x} ${at.y})`}>
      {inClient && (
        <rect
          className="path-box"
          x={-radius - 5}
          y={-radius - 5}
          width={2 * radius + 10}
          height={2 * radius + 10}
          rx={4}
        />
      )}
      {wedges.map((each, i) => (
        <path
          key={each.uid || `unknown ${i}`}
          d={wedge(i, wedges.length, inner, radius - 2)}
          className={each.ghost ? 'wedge wedge-ghost' : 'wedge'}
          style={each.ghost ? undefined : { fill: `var(--pod-${each.slot})`, opacity: each.used || !locked ? 1 : 0.35 }}
        />
      ))}
      <Ring ring={ring} radius={radius + 1} nowMs={nowMs} />
      {locked ? (
        <path className="wheel-sign wheel-lock" d="M-3.4 -.6h6.8v4.8h-6.8zM-2.1 -.6v-1.6a2.1 2.1 0 0 1 4.2 0v1.6" />
      ) : (
        <path className="wheel-sign" d="M3 -1.2A3.3 3.3 0 1 1 .6 -3.2M-.6 -5 .8 -3.2-.9 -1.7" />
      )}
    </g>
  );
}

function wedge(i: number, n: number, inner: number, outer: number): string {
  const gap = n > 1 ? 0.07 : 0;
  const a = (i / n) * 2 * Math.PI - Math.PI / 2 + gap;
  const b = ((i + 1) / n) * 2 * Math.PI - Math.PI / 2 - gap;
  const p = (angle: number, r: number) => `${(Math.cos(angle) * r).toFixed(2)} ${(Math.sin(angle) * r).toFixed(2)}`;
  if (n === 1) {
    return `M0 ${-outer}A${outer} ${outer} 0 1 1 -.01 ${-outer}zM0 ${-inner}A${inner} ${inner} 0 1 0 .01 ${-inner}z`;
  }
  const large = b - a > Math.PI ? 1 : 0;
  return `M${p(a, inner)}L${p(a, outer)}A${outer} ${outer} 0 ${large} 1 ${p(b, outer)}L${p(b, inner)}A${inner} ${inner} 0 ${large} 0 ${p(a, inner)}z`;
}

function Ring({ ring, radius, nowMs }: { ring: RingOfLane; radius: number; nowMs: number }) {
  if (ring.kind === 'closed') return <circle r={radius} className="ring" />;
  if (ring.kind === 'dotted') return <circle r={radius} className="ring ring-none" />;
  if (ring.kind === 'none') return null;
  const part = Math.min(1, Math.max(0, (nowMs - ring.fromMs) / Math.max(1, ring.toMs - ring.fromMs)));
  return (
    <>
      <circle r={radius} className="ring ring-empty" />
      <circle
        r={radius}
        className="ring"
        pathLength={100}
        strokeDasharray={`${part * 100} 200`}
        transform="rotate(-90)"
      />
    </>
  );
}
