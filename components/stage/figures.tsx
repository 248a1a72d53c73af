'use client';

import { memo } from 'react';
import type { Pod } from '../../gen/lbscope/events/v1/events_pb.js';
import type { PodState } from '../../model/view/stage/pods.ts';
import type { CornerState } from '../../model/view/stage/scene.ts';
import { PodMenu } from '../controls/pod-menu.tsx';
import { Cross, LostTag, podFill, useTheme } from '../ui/swatch.tsx';
import { spaced } from '../ui/text.ts';
import { same } from './same.ts';

/** A corner of a pod belongs to a lane: its number's place says whose it is. */
export type CornerView = {
  laneId: string;
  side: 'near' | 'far';
  /** px from the pod's own edge, across the flow. */
  at: number;
  state: CornerState;
  share: string;
  rate: string;
  words: string;
  lost: number;
  /** All of it: said larger when presenting. */
  all: boolean;
  /** Rows: where the lane's cell begins, along the flow. */
  cell: number | undefined;
  /** Without the sign: the cell is narrow. */
  tight: boolean;
};

export type FigureProps = {
  uid: string;
  pod: Pod;
  handle: string;
  slot: number;
  state: PodState;
  words: string;
  outlined: boolean;
  /** Not a pod but several of one node. */
  group: { count: number; open: boolean } | undefined;
  /** Opens a group, or closes the one that is open. */
  open(key: string | undefined): void;
  graceLeft: number | undefined;
  turned: boolean;
  /** Row instead of a figure: handle alone. */
  row: boolean;
  /** Slim: one line. */
  slim: boolean;
  /** px across the flow, and along it: core. */
  from: number;
  size: number;
  core: number;
  coreSize: number;
  /** Wings, along the flow. */
  near: number;
  far: number;
  corners: readonly CornerView[];
};

type Inked = {
  turned: boolean;
  from: number;
  size: number;
  near: number;
  far: number;
  core: number;
  coreSize: number;
  handle: string;
  slot: number;
  ink: string | undefined;
};

/** px: thinner, two numbers side by side would be one. */
const thinFigure = 50;

/** One pod, which exists once: its coloured core opens what can be done to it; its corners belong to the lanes. */
export const Figure = memo(function Figure(props: FigureProps) {
  const { pod, slot, state, turned, from, size, core, coreSize } = props;
  const theme = useTheme();
  const over = state === 'gone' || state === 'crashed';
  const filled = state === 'ready';
  const fill = podFill(slot, theme);
  const place = turned
    ? { left: from, width: size, top: core, height: coreSize }
    : { top: from, height: size, left: core, width: coreSize };
  return (
    <li
      className="figure"
      data-testid={`figure-${props.handle}`}
      data-state={state}
      data-uid={props.uid}
      data-row={props.row}
      data-slim={props.slim}
      data-outlined={props.outlined}
    >
      <div
        className="figure-place"
        style={
          { ...place, '--pod': `var(--pod-${slot})`, ...(filled ? { color: fill.color } : {}) } as React.CSSProperties
        }
      >
        {props.group !== undefined ? (
          <button
            type="button"
            className="figure-core figure-group"
            aria-expanded={props.group.open}
            aria-label={`${props.handle}: ${props.group.count} pods`}
            onClick={() => props.open(props.group?.open === true ? undefined : props.uid)}
          >
            <span className="figure-text">
              <b className="figure-handle mono">
                {props.group.open ? '▾' : '▸'} {props.handle}
              </b>
              <span className="figure-words">{props.group.count} pods</span>
            </span>
          </button>
        ) : state === 'gone' ? (
          <div className="figure-core" role="note">
            <Core props={props} over={over} />
          </div>
        ) : (
          <PodMenu pod={pod} className="figure-core">
            {filled && !props.row && (
              <>
                <span className="figure-edge" style={fill} />
                <span className="figure-edge figure-edge-far" style={fill} />
              </>
            )}
            <Core props={props} over={over} />
          </PodMenu>
        )}
        {props.graceLeft !== undefined && (
          <span className="figure-grace" style={{ width: `${(props.graceLeft * 100).toFixed(0)}%` }} />
        )}
      </div>
      {props.corners.map((corner) => (
        <Corner key={corner.laneId} corner={corner} figure={{ ...props, ink: fill.color }} />
      ))}
    </li>
  );
}, same);

function Core({ props, over }: { props: FigureProps; over: boolean }) {
  return (
    <span className="figure-text">
      <b className={over && props.state === 'gone' ? 'figure-handle mono struck' : 'figure-handle mono'}>
        {props.handle}
      </b>
      {!props.row && (
        <span className="figure-words">
          {over && <Cross />}
          {spaced(props.words)}
        </span>
      )}
    </span>
  );
}

function Corner({ corner, figure }: { corner: CornerView; figure: Inked }) {
  const { turned, from, size, near, far, core, coreSize } = figure;
  const isNear = corner.side === 'near';
  const across = from + corner.at;
  // Turned, numbers of a thin figure stand one above the other, and a bill stays within its figure.
  const thin = turned && size < thinFigure;
  const second = corner.at > size / 2;
  const middle = isNear ? (near + core) / 2 : (core + coreSize + far) / 2;
  const style = turned
    ? corner.state === 'gone'
      ? {
          top: middle,
          transform: 'translateY(-50%)',
          ...(second ? { right: `calc(100% - ${from + size - 1}px)` } : { left: from + 1 }),
        }
      : { left: across, top: middle + (thin ? (second ? 7 : -7) : 0) }
    : corner.cell !== undefined
      ? { top: across, left: corner.cell + 4 }
      : isNear
        ? { top: across, left: near }
        : { top: across, right: `calc(100% - ${far}px)` };
  const { state } = corner;
  return (
    <span
      className={`corner corner-${corner.side}`}
      data-lane={corner.laneId}
      data-testid={`corner-${corner.laneId}-${figure.handle}`}
      data-state={state}
      data-share={corner.share}
      data-all={corner.all}
      data-thin={thin}
      style={style}
    >
      {(state === 'used' || (state === 'ghost' && corner.share !== '0')) && (
        <>
          <b
            className="corner-share"
            style={
              corner.cell === undefined ? undefined : { color: figure.ink, background: `var(--pod-${figure.slot})` }
            }
          >
            {corner.share}
            {!corner.tight && <small className="corner-percent">{'\u2009'}%</small>}
          </b>
          {corner.lost === 0 && state === 'used' && <span className="corner-rate">{corner.rate}/s</span>}
        </>
      )}
      {state === 'idle' && <span className="corner-zero">0</span>}
      {corner.lost > 0 && <LostTag count={corner.lost} />}
      {corner.words !== '' && (corner.lost === 0 || state !== 'idle') && (
        <span className="corner-words">{corner.words}</span>
      )}
    </span>
  );
}
