'use client';

import { useLayoutEffect, useRef } from 'react';
import { duration } from '../../model/time.ts';
import { grouped } from '../../model/view/grouped.ts';
import type { Row, RowGroup, Rows } from '../../model/view/rows.ts';
import { isStill } from '../ui/still.ts';
import { Cross, LostTag, podFill, type Standing, Swatch, useTheme } from '../ui/swatch.tsx';
import { spaced } from '../ui/text.ts';

const drawing: Record<string, Standing> = {
  used: 'used',
  idle: 'idle',
  missing: 'missing',
  ghost: 'ghost',
  gone: 'gone',
  starting: 'idle',
};

export function PodRows({
  laneId,
  rows,
  stale,
  lit,
}: {
  laneId: string;
  rows: Rows;
  stale: boolean;
  /** Pods of what is pointed at; undefined: nothing is. */
  lit: ReadonlySet<string> | undefined;
}) {
  const list = useRef<HTMLUListElement>(null);
  useSlide(list, rows);
  return (
    <ul
      ref={list}
      className={stale ? 'rows rows-stale' : 'rows'}
      style={{ '--row': `${rows.height}px` } as React.CSSProperties}
    >
      {rows.groups.map((group) =>
        group.kind === 'pod' ? (
          <PodRow
            key={group.row.pod.uid}
            laneId={laneId}
            row={group.row}
            dim={lit !== undefined && !lit.has(group.row.pod.uid)}
          />
        ) : (
          <Folded key={group.standing} laneId={laneId} group={group} />
        ),
      )}
    </ul>
  );
}

function attributes(laneId: string, row: Row) {
  return {
    'data-testid': `pod-row-${laneId}-${row.handle}`,
    'data-share': row.pod.share.toFixed(4),
    'data-standing': row.standing,
  };
}

const slideMs = 200;

/** Rows slide to their new places when one is added or leaves: the eye keeps hold of a pod. */
function useSlide(list: React.RefObject<HTMLUListElement | null>, rows: Rows): void {
  const before = useRef(new Map<Element, number>());
  // Places follow from these: with the same ones nothing has moved, and asking for places lays out the whole page.
  const order = `${rows.height} ${rows.groups.map((group) => (group.kind === 'pod' ? group.row.pod.uid : group.standing)).join(' ')}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows move when their order changes
  useLayoutEffect(() => {
    const after = new Map<Element, number>();
    const still = isStill();
    for (const row of list.current?.children ?? []) {
      const top = (row as HTMLElement).offsetTop;
      after.set(row, top);
      const was = before.current.get(row);
      if (was === undefined || was === top || still) continue;
      row.animate([{ transform: `translateY(${was - top}px)` }, { transform: 'none' }], {
        duration: slideMs,
        easing: 'ease-out',
      });
    }
    before.current = after;
  }, [list, order]);
}

function PodRow({ laneId, row, dim }: { laneId: string; row: Row; dim: boolean }) {
  const theme = useTheme();
  const { pod, standing } = row;
  const answers = standing === 'used' || pod.recentCalls > 0;
  const over = standing === 'gone' || standing === 'ghost';
  return (
    <li
      className={`row row-${standing}`}
      data-dim={dim}
      data-slow={row.slowMs !== undefined}
      {...attributes(laneId, row)}
    >
      {pod.uid === '' ? (
        <span className="swatch row-nobody">
          <Cross />
        </span>
      ) : (
        <Swatch slot={row.slot} standing={drawing[standing] ?? 'idle'} />
      )}
      <span className={over ? 'row-handle mono row-struck' : 'row-handle mono'} title={pod.pod}>
        {row.handle}
      </span>
      {answers ? (
        <span className="row-bar">
          <span style={{ ...podFill(row.slot, theme), width: `${(pod.share * 100).toFixed(2)}%` }} />
          {row.slowMs !== undefined && (
            <b className="row-slow" title="Far slower than the others">
              <span className="row-slow-word">slow: </span>
              {spaced(duration(row.slowMs))}
            </b>
          )}
        </span>
      ) : (
        <span className="row-words">{row.words}</span>
      )}
      {answers || standing === 'idle' ? (
        <>
          <span className="row-share">{percent(pod.share)}</span>
          <span className="row-rate">{answers ? rate(pod.callsPerSecond) : ''}</span>
        </>
      ) : (
        <span className="row-gap" />
      )}
      <span className="row-lost">
        {pod.errors > 0 ? (
          <span title={pod.errorsInferred ? 'By the last pod that answered on that connection' : undefined}>
            <LostTag count={pod.errors} />
          </span>
        ) : answers ? (
          '0'
        ) : (
          ''
        )}
      </span>
    </li>
  );
}

const foldWords: Record<string, (n: number) => string> = {
  idle: (n) => `${n} idle, 0\u00a0%`,
  missing: (n) => `${n} exist, not known here`,
  gone: (n) => `${n} gone`,
  starting: (n) => `${n} starting`,
  used: (n) => `${n} more`,
};

function Folded({ laneId, group }: { laneId: string; group: RowGroup & { kind: 'fold' } }) {
  const share = group.rows.reduce((sum, row) => sum + row.pod.share, 0);
  return (
    <li className="row row-fold">
      <span className="row-swatches">
        {group.rows.map((row) => (
          <span key={row.pod.uid} title={row.handle} {...attributes(laneId, row)}>
            <Swatch slot={row.slot} standing={drawing[row.standing] ?? 'idle'} />
          </span>
        ))}
      </span>
      <span className="row-fold-words">
        {(foldWords[group.standing] ?? ((n: number) => `${n}`))(group.rows.length)}
      </span>
      {share > 0 && <span className="row-share">{percent(share)}</span>}
    </li>
  );
}

export function percent(share: number): string {
  const value = share * 100;
  const text =
    value === 0 || value >= 99.95 || Math.abs(value - Math.round(value)) < 0.05 ? Math.round(value) : value.toFixed(1);
  return `${text}\u00a0%`;
}

function rate(value: number): string {
  return value >= 1_000 ? grouped(value) : value.toFixed(1);
}
