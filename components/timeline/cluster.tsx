'use client';

import { useRef } from 'react';
import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { toMs, wholeSeconds } from '../../model/time.ts';
import type { EventLine } from '../../model/view/events.ts';
import type { Lifeline } from '../../model/view/lifelines.ts';
import { PodMenu } from '../controls/pod-menu.tsx';
import { usePainter } from '../paint/ticker-context.tsx';
import { sentence, spaced } from '../ui/text.ts';
import { Flags } from './events-overlay.tsx';
import { paintTrack } from './paint/track.ts';
import { usePointing } from './pointed.ts';

/** The truth, the first track: which pods exist. The lanes are compared with it. */
export function Cluster({
  snapshot,
  lines,
  lifelines,
  nowMs,
  reported,
  stale,
}: {
  snapshot: GetSnapshotResponse;
  lines: readonly EventLine[];
  lifelines: readonly Lifeline[];
  nowMs: number;
  reported: number;
  stale: boolean;
}) {
  const cluster = snapshot.cluster;
  const heard = cluster === undefined || cluster.state === 'synced' || cluster.state === '';
  const since = cluster?.since === undefined ? undefined : toMs(cluster.since);
  const living = snapshot.pods.filter((pod) => pod.phase !== 'Gone');
  const ready = living.filter((pod) => pod.ready).length;
  return (
    <section className="cluster" data-testid="cluster" data-state={cluster?.state} aria-labelledby="cluster-name">
      <div className="cluster-text">
        <h2 id="cluster-name" className="lane-name">
          Cluster
        </h2>
        <p className={heard ? 'lane-mechanism' : 'cluster-trouble'}>
          {heard ? whatExists(living.length, ready) : spaced(troubleWords(cluster?.state ?? '', since, nowMs))}
        </p>
      </div>
      <div className="cluster-time">
        <Flags lines={lines} />
        <Track lines={lifelines} reported={reported} unknown={stale ? reported : heard ? undefined : since} />
      </div>
      <div className="cluster-now">
        {heard ? null : (
          <p className="cluster-reason" title={cluster?.reason}>
            {sentence(cluster?.reason ?? '')} Pods may have changed since.
          </p>
        )}
        <p className="cluster-count">{spaced(readyWords(living.length, ready))}</p>
        <div className="chips" data-many={living.length > 6}>
          {living.length === 0 ? (
            <p className="cluster-none">No pods exist: calls have nowhere to go.</p>
          ) : (
            living.map((pod) => <PodMenu key={pod.uid} pod={pod} />)
          )}
        </div>
      </div>
    </section>
  );
}

function whatExists(pods: number, ready: number): string {
  if (pods === 0) return '0 pods exist';
  return pods === ready ? `what really exists: ${pods} ready` : `${pods} pods exist, ${ready} ready`;
}

/** While presenting: what exists, without what can be done to it. */
function readyWords(pods: number, ready: number): string {
  if (pods === 0) return 'No pods exist';
  return pods === ready ? `${pods} ${pods === 1 ? 'pod' : 'pods'} Ready` : `${ready} of ${pods} pods Ready`;
}

function troubleWords(state: string, since: number | undefined, nowMs: number): string {
  const long = since === undefined ? '' : ` for ${wholeSeconds(Math.max(0, nowMs - since))}`;
  if (state === 'forbidden') return 'Not allowed to watch the pods.';
  if (state === 'lost') return `Kubernetes API lost${long}`;
  return 'Asking the Kubernetes API what exists…';
}

function Track({
  lines,
  reported,
  unknown,
}: {
  lines: readonly Lifeline[];
  reported: number;
  unknown: number | undefined;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { chain } = usePointing();
  usePainter('canvas', (axis) => {
    if (canvas.current !== null) {
      const picture = { lifelines: lines, reportedMs: reported, unknownSinceMs: unknown, lit: chain?.uids };
      paintTrack(canvas.current, picture, axis);
    }
  });
  return <canvas ref={canvas} className="track" role="img" aria-label={trackWords(lines)} />;
}

/** What the track shows, not what kind of picture it is. */
function trackWords(lines: readonly Lifeline[]): string {
  const ready = lines.filter((each) => each.pod.ready).map((each) => each.pod.handle);
  const gone = lines.filter((each) => each.toMs !== undefined).length;
  const now = ready.length === 0 ? 'No pod is ready now' : `Ready now: ${ready.join(', ')}`;
  return gone === 0 ? now : `${now}; ${gone} ended in this time`;
}
