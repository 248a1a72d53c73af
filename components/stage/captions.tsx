'use client';

import { memo } from 'react';
import type { Rect } from '../../model/view/stage/geometry.ts';
import { LostTag } from '../ui/swatch.tsx';
import { spaced } from '../ui/text.ts';
import { same } from './same.ts';

export type CaptionProps = {
  laneId: string;
  state: string;
  site: 'client' | 'proxy' | 'envoy';
  side: 'near' | 'far';
  box: Rect;
  /** Centre of the wheel and how far it reaches. */
  wheel: { x: number; y: number; reach: number };
  above: boolean;
  turned: boolean;
  wide: boolean;
  who: string;
  when: string;
  pipe: string;
  /** Lost calls that no pod can be named for. */
  unattributed: number;
};

/** The words at a client and its wheel: who picks, and when. */
export const Captions = memo(function Captions(props: CaptionProps) {
  const { site, box, wheel, above, turned, side } = props;
  const apart = site !== 'client';
  // Where the client is close to its proxy, its connections are said inside.
  const inside = !turned && !props.wide && site === 'envoy' && props.state === 'running';
  const top = wheel.y - wheel.reach;
  const bottom = wheel.y + wheel.reach;
  const left = Math.min(box.x, wheel.x - wheel.reach);
  const right = Math.max(box.x + box.width, wheel.x + wheel.reach);
  const centred = !apart || site === 'envoy';
  const at = turned
    ? { left: side === 'near' || !apart ? left : left - 20 }
    : centred
      ? { left: wheel.x, transform: 'translateX(-50%)', textAlign: 'center' as const }
      : { left };
  const vertical = above
    ? { bottom: `calc(100% - ${top - 5}px)` }
    : { top: Math.max(bottom, apart && !centred ? box.y + box.height : 0) + 5 };
  return (
    <div className="caption" data-lane={props.laneId} data-site={site} data-state={props.state}>
      {apart && (
        <span className="caption-client" style={{ left: box.x, top: box.y, width: box.width, height: box.height }}>
          <span>
            client
            {inside && <small>{props.pipe.replace(/connections?/, 'conn.')}</small>}
          </span>
        </span>
      )}
      {apart && !turned && !inside && props.state === 'running' && (
        <span
          className="caption-pipe"
          style={
            side === 'near'
              ? { left: box.x, bottom: `calc(100% - ${box.y - 4}px)` }
              : { right: `calc(100% - ${box.x + box.width}px)`, bottom: `calc(100% - ${box.y - 4}px)` }
          }
        >
          {props.pipe}
        </span>
      )}
      <span className="caption-words" style={{ ...at, ...vertical, maxWidth: turned ? right - left + 110 : 190 }}>
        <b>{props.who}</b> <span>{spaced(props.when)}</span>
      </span>
      {props.unattributed > 0 && (
        <span className="caption-lost" style={{ left: wheel.x, top: wheel.y }}>
          <LostTag count={props.unattributed} />
        </span>
      )}
    </div>
  );
}, same);
