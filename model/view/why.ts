import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { Event } from '../../gen/lbscope/events/v1/events_pb.js';
import { duration, toMs, toMsOrUndefined } from '../time.ts';
import { type Decider, decider } from './decider.ts';

/** One thing that led to the pod, from the client on. */
export type WhyStep = { key: 'resolution' | 'connection' | 'pick' | 'attempts'; title: string; text: string };
export type WhyPart = { key: 'waited' | 'service'; label: string; ms: number };

/** Why this pod answered (or failed) one call. */
export type Why = {
  sequence: number;
  atMs: number;
  podUid: string | undefined;
  handle: string;
  slot: number;
  ok: boolean;
  outcome: string;
  sentence: string;
  steps: readonly WhyStep[];
  /** From the intended send to the end. */
  totalMs: number;
  parts: readonly WhyPart[];
};

type Sampled = Extract<Event['kind'], { case: 'sampledCall' }>['value'];

/** The calls of a lane that were looked at closely (about one a second), newest first. */
export function sampledCalls(snapshot: GetSnapshotResponse, laneId: string): Event[] {
  return snapshot.events.filter((event) => event.laneId === laneId && event.kind.case === 'sampledCall').toReversed();
}

export function whyThisPod(snapshot: GetSnapshotResponse, lane: Lane, event: Event): Why | undefined {
  if (event.kind.case !== 'sampledCall') return undefined;
  const call = event.kind.value;
  const who = decider(lane);
  const pod = snapshot.pods.find((each) => each.uid === event.podUid);
  const intended = toMs(call.intendedAt);
  const ended = toMs(call.endedAt);
  const sent = toMsOrUndefined(call.sentAt);
  const ok = call.outcome === 'ok' || call.outcome === '';
  const handle = pod?.handle ?? (event.podUid === undefined ? 'no pod' : event.podUid.slice(0, 5));
  const ages = {
    connection: aged(call.connectedAt === undefined ? undefined : intended - toMs(call.connectedAt)),
    resolution: aged(resolvedBefore(snapshot, lane, call, intended)),
  };
  return {
    sequence: event.sequence,
    atMs: intended,
    podUid: event.podUid,
    handle,
    slot: pod?.slot ?? 0,
    ok,
    outcome: ok ? 'answered' : call.outcome,
    sentence: `${chosen(who, lane, call, handle, ages)}${ok ? '' : ` ${failure(call)}`}`,
    steps: stepsOf(who, lane, event, call, ages),
    totalMs: Math.max(0, ended - intended),
    parts:
      sent === undefined
        ? [{ key: 'waited', label: 'never sent', ms: Math.max(0, ended - intended) }]
        : [
            { key: 'waited', label: 'until it was sent', ms: Math.max(0, sent - intended) },
            { key: 'service', label: 'path and pod', ms: Math.max(0, ended - sent) },
          ],
  };
}

type Ages = { connection: string | undefined; resolution: string | undefined };

function aged(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : duration(Math.max(0, ms));
}

/** The call names the answer it was picked from; a proxy's membership is not the call's, but the newest before it is. */
function resolvedBefore(
  snapshot: GetSnapshotResponse,
  lane: Lane,
  call: Sampled,
  intended: number,
): number | undefined {
  if (decider(lane) === 'envoy') {
    const last = snapshot.events.findLast(
      (event) =>
        event.laneId === lane.id &&
        event.kind.case === 'resolved' &&
        event.kind.value.source === 'envoy' &&
        toMs(event.at) <= intended,
    );
    return last === undefined ? undefined : intended - toMs(last.at);
  }
  return call.resolvedAt === undefined ? undefined : intended - toMs(call.resolvedAt);
}

function chosen(who: Decider, lane: Lane, call: Sampled, handle: string, ages: Ages): string {
  const connection = ages.connection === undefined ? '' : ` ${ages.connection} before this call`;
  switch (who) {
    case 'kube-proxy':
      return `kube-proxy drew ${handle} when the connection was made,${connection}: every call on it goes there until it breaks.`;
    case 'envoy':
      return `The client knows only Envoy; Envoy picked ${handle} for this one call, from members it was seen to have${
        ages.resolution === undefined ? '' : ` ${ages.resolution} before`
      }.`;
    case 'static':
      return `The client has one address; whatever is behind it chose ${handle} when the connection was made${connection === '' ? '' : `,${connection}`}.`;
    default: {
      const list = who === 'dns' ? 'a DNS answer' : 'the EndpointSlices as its watch told them';
      const old = ages.resolution === undefined ? '' : `, ${ages.resolution} old`;
      const turn = /(\d+) of (\d+)/.exec(call.pick);
      if (lane.spec?.policy === 'pick_first') {
        return `pick_first stays with the first address that connected: ${handle}, from ${list}${old}.`;
      }
      return turn === null
        ? `The client picked ${handle} (${call.pick}) from ${list}${old}.`
        : `It was ${handle}’s turn, ${turn[1]} of ${turn[2]}: the client rotates over ${list}${old}.`;
    }
  }
}

function failure(call: Sampled): string {
  const message = call.message === '' ? '' : `: ${call.message}`;
  return `The call failed (${call.outcome})${message}.`;
}

function stepsOf(who: Decider, lane: Lane, event: Event, call: Sampled, ages: Ages): WhyStep[] {
  const steps: WhyStep[] = [];
  const source = {
    dns: 'DNS answer',
    api: 'Watch event',
    envoy: 'Envoy’s members',
    'kube-proxy': 'Fixed address',
    static: 'Fixed address',
  }[who];
  steps.push({
    key: 'resolution',
    title: source,
    text:
      who === 'kube-proxy' || who === 'static'
        ? (event.address ?? lane.spec?.target ?? 'the address it was given')
        : ages.resolution === undefined
          ? 'not known'
          : `${ages.resolution} old${event.resolutionId === undefined ? '' : `, ${event.resolutionId}`}`,
  });
  steps.push({
    key: 'connection',
    title: 'Connection',
    text: [
      event.address ?? '',
      ages.connection === undefined ? 'none was open' : `${ages.connection} old`,
      event.connectionId ?? '',
    ]
      .filter((each) => each !== '')
      .join(', '),
  });
  const picker = { envoy: 'Envoy', 'kube-proxy': 'kube-proxy, at connect', dns: '', api: '', static: '' }[who];
  steps.push({
    key: 'pick',
    title: 'Pick',
    text: [picker, call.pick].filter((each) => each !== '').join('; the client: ') || 'none',
  });
  const again = call.transparentRetries;
  const resent = again === 0 ? '' : `, sent again ${again === 1 ? 'once' : `${again} times`} as it had never begun`;
  steps.push({
    key: 'attempts',
    title: 'Attempts',
    text: `${Math.max(1, call.attempts)}${call.attempts > 1 ? ', by its retry policy' : ''}${resent}`,
  });
  return steps;
}
