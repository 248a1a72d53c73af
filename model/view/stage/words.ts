import { duration, noBreakSpace, wholeSeconds } from '../../time.ts';
import type { Words } from '../belief-words.ts';
import { grouped } from '../grouped.ts';
import type { Corner, Scene, StageLane } from './scene.ts';

/** Under or over a wheel: who it is, and when that one picks, also where there is hardly room. The first line is said with weight. */
export type Caption = { who: string; when: Words; brief: string };

const everyCall = { when: same('picks for every call'), brief: 'picks per call' };

export function captionOf(lane: StageLane, nowMs: number): Caption {
  switch (lane.who) {
    case 'kube-proxy':
    case 'static': {
      if (!lane.wheel.locked) return { who: 'proxy', ...everyCall };
      const who = lane.who === 'kube-proxy' ? 'kube-proxy' : 'behind the address';
      const since = newest(lane);
      const times = lane.connections > 1 ? `, ${lane.connections} times` : '';
      // A draw of the last minute is news: it is why another pod is used now.
      if (since !== undefined && nowMs - since < 60_000 && lane.lane.connectionsOpened > lane.connections) {
        const ago = wholeSeconds(nowMs - since);
        return {
          who,
          when: { long: `picked again, ${ago} ago`, short: `picked ${ago} ago` },
          brief: `picked ${ago} ago`,
        };
      }
      return {
        who,
        when: { long: `picked once${times}, at connect`, short: `picked once${times}` },
        brief: 'picked once',
      };
    }
    case 'envoy':
      return { who: 'Envoy', ...everyCall };
    default:
      return lane.wheel.locked
        ? { who: 'client', when: same('stays on one pod'), brief: 'stays on one' }
        : { who: 'client', ...everyCall };
  }
}

/** On the pipe from a client to its proxy. */
export function pipeWords(lane: StageLane): string {
  // Calls are answered, so there is one: it was not reported to this page.
  if (lane.connections === 0) return lane.perSecond > 0 ? '' : 'no connection';
  return `${lane.connections} ${lane.connections === 1 ? 'connection' : 'connections'}`;
}

function newest(lane: StageLane): number | undefined {
  const instants = lane.lane.connections
    .filter((each) => each.state === 'READY' && each.since !== undefined)
    .map((each) => Number(each.since?.seconds ?? 0) * 1_000 + (each.since?.nanos ?? 0) / 1e6);
  return instants.length === 0 ? undefined : Math.max(...instants);
}

/** What a corner says when it has no share to show; "" for a pod that is used. */
export function cornerWords(corner: Corner, locked: boolean): Words {
  switch (corner.state) {
    case 'used':
      return same('');
    case 'idle':
      return locked ? same('not chosen') : same('no call');
    case 'missing':
      return { long: 'does not know it', short: 'not known' };
    case 'ghost':
      return corner.unused ? { long: 'ghost, not used', short: 'ghost, idle' } : same('ghost');
    case 'gone':
      return same(corner.lost > 0 ? 'lost' : 'none lost');
    case 'out':
      return same('not used');
    case 'starting':
      return same('');
  }
}

export function percentOf(share: number): string {
  const value = share * 100;
  return value > 0 && value < 0.95 ? '<1' : String(Math.round(value));
}

/** Calls per second with as many digits as matter. */
export function perSecondOf(value: number): string {
  if (value >= 9.95) return grouped(value);
  return value === 0 ? '0' : value.toFixed(1).replace(/\.0$/, '');
}

/** "1 dash is 5 calls"; empty while each call has a mark of its own. */
export function markWords(callsPerMark: number, kind: string): string {
  const mark = kind === 'unary' ? 'dash' : kind === 'server_stream' ? 'dash' : 'bead';
  return callsPerMark <= 1 ? '' : `1 ${mark} is ${grouped(callsPerMark)} calls`;
}

/** The line over the pods: what really exists, or did when it was last heard of. */
export function truthWords(scene: Scene, known = true): { lead: string; strong: string } {
  const lead = known ? 'What really exists:' : 'Not known now, last seen:';
  const count = (state: string) => scene.pods.filter((pod) => pod.state === state).length;
  const living = scene.pods.filter((pod) => pod.state !== 'gone').length;
  const fresh = scene.pods.filter((pod) => pod.fresh).length;
  if (living === 0) return { lead, strong: 'no pod' };
  const parts = [`${scene.ready}${noBreakSpace}${scene.ready === 1 ? 'pod' : 'pods'} Ready`];
  for (const [state, word] of [
    ['unready', 'not Ready'],
    ['crashed', 'crashed'],
    ['leaving', 'leaving'],
    ['starting', 'starting'],
  ] as const) {
    const n = count(state);
    if (n > 0) parts.push(`${n}${noBreakSpace}${word}`);
  }
  if (fresh > 0 && fresh < scene.ready && parts.length === 1) parts.push(`${fresh}${noBreakSpace}new`);
  return { lead, strong: parts.join(', ') };
}

/** The picture in sentences, for those who cannot see it: what it shows now, not what kind of picture it is. */
export function pictureWords(scene: Scene, known = true): string {
  const truth = truthWords(scene, known);
  return [`${truth.lead} ${truth.strong}.`, ...scene.lanes.map((lane) => laneWords(scene, lane))].join(' ');
}

function laneWords(scene: Scene, lane: StageLane): string {
  if (lane.state === 'unavailable') return `${lane.label}: unavailable.`;
  if (lane.state !== 'running') return `${lane.label}: stopped.`;
  const name = (uid: string) => scene.pods.find((pod) => pod.uid === uid)?.handle ?? 'a pod';
  const corners = [...lane.corners.values()];
  const of = (state: Corner['state']) => corners.filter((corner) => corner.state === state);
  const used = of('used');
  const parts: string[] = [];
  const rate = `${perSecondOf(lane.perSecond)} calls per second`;
  if (used.length === 0) parts.push('no call is answered');
  else if (used.length === 1) parts.push(`${name((used[0] as Corner).uid)} answers all ${rate}`);
  else {
    const shares = used.map((corner) => Math.round(corner.share * 100));
    const even = Math.max(...shares) - Math.min(...shares) <= 2;
    parts.push(
      even
        ? `${used.length} pods answer ${rate}, about ${Math.round(100 / used.length)} percent each`
        : `${rate}: ${used.map((corner) => `${name(corner.uid)} ${percentOf(corner.share)} percent`).join(', ')}`,
    );
  }
  const list = (found: Corner[], what: string) => {
    if (found.length > 0) parts.push(`${what} ${found.map((corner) => name(corner.uid)).join(', ')}`);
  };
  list(of('missing'), 'does not know');
  list(of('ghost'), 'still believes in');
  if (lane.wheel.locked) list(of('idle'), 'did not choose');
  const lost = corners.reduce((sum, corner) => sum + corner.lost, 0) + lane.unattributed;
  if (lost > 0) parts.push(`${lost} ${lost === 1 ? 'call' : 'calls'} lost in the last ${duration(90_000)}`);
  return `${lane.label}: ${parts.join('; ')}.`;
}

function same(text: string): Words {
  return { long: text, short: text };
}
