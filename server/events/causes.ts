import type { Event } from '../../gen/lbscope/events/v1/events_pb.js';

/**
 * Finds the event that brought another one about, from the identifiers that both carry.
 * Called by the hub for every event in sequence order; never guesses: without a matching identifier
 * (or, for an answer of a resolver, the very same set of addresses) there is no cause.
 *
 * | event | cause |
 * | --- | --- |
 * | resolutionStarted | the disconnected, connectFailed or goawayReceived of its connectionId |
 * | resolved, changed | the newest sliceChanged with exactly these ready addresses, if newer than the lane's last answer |
 * | resolved otherwise, resolutionFailed | the resolutionStarted with its resolutionId |
 * | nextTrigger | the resolved or resolutionFailed with its resolutionId |
 * | connecting | the resolved with its resolutionId |
 * | connected, connectFailed | the connecting of its connectionId |
 * | goawayReceived | none: the peer's doing |
 * | disconnected | the goawayReceived of its connectionId, else the resolved with its resolutionId |
 * | subchannelState | the last connection event of its connectionId |
 * | pickerUpdated | the last connection event of its connectionId, else the resolved with its resolutionId |
 * | firstAnswer, sampledCall | the connected of its connectionId |
 * | lossBurst | the disconnected or connectFailed of its connectionId |
 * | podTerminating | the deleteAsked that named the pod |
 * | podUnready, podReady, podRestarted | the behaviorAsked that named the pod (ready: false, ready: true, crash) |
 * | podGone | the podTerminating of that pod |
 * | sliceChanged | the newest podReady of a pod it adds, or podTerminating, podUnready, podRestarted or podGone of one it removes; each explains one change |
 * | deploymentChanged | the scaleAsked that asked for this number of replicas |
 */
export function createCauses(limit = 4_096): { of(event: Event): number | undefined } {
  const started = bounded(limit);
  const answered = bounded(limit);
  const connecting = bounded(limit);
  const connected = bounded(limit);
  const goaways = bounded(limit);
  const ended = bounded(limit);
  const lastOfConnection = bounded(limit);
  const lastAnswerOfLane = bounded(limit);
  const terminating = bounded(limit);
  /** By pod name or UID, as the caller of the API named it, and by UID once it is known. */
  const deletes = bounded(limit);
  const behaviors = bounded(limit);
  /** What made a pod's address enter or leave the ready set; each explains one change of the slices. */
  const came = bounded(limit);
  const left = bounded(limit);
  const uidOfAddress = new Map<string, string>();
  let slices: { sequence: number; addresses: string }[] = [];
  let scale: { sequence: number; to: number } | undefined;

  function cause(event: Event): number | undefined {
    const lane = event.laneId ?? '';
    const resolution = event.resolutionId === undefined ? undefined : `${lane}/${event.resolutionId}`;
    const connection = event.connectionId === undefined ? undefined : `${lane}/${event.connectionId}`;
    switch (event.kind.case) {
      case 'resolutionStarted':
        return ended.get(connection) ?? goaways.get(connection);
      case 'resolved': {
        const slice = event.kind.value.changed ? sliceOf(event.kind.value.addresses) : undefined;
        const last = lastAnswerOfLane.get(lane) ?? 0;
        return slice !== undefined && slice > last ? slice : started.get(resolution);
      }
      case 'resolutionFailed':
        return started.get(resolution);
      case 'nextTrigger':
      case 'connecting':
        return answered.get(resolution);
      case 'connected':
      case 'connectFailed':
        return connecting.get(connection);
      case 'disconnected':
        return goaways.get(connection) ?? answered.get(resolution);
      case 'subchannelState':
        return lastOfConnection.get(connection);
      case 'pickerUpdated':
        return lastOfConnection.get(connection) ?? answered.get(resolution);
      case 'firstAnswer':
      case 'sampledCall':
        return connected.get(connection);
      case 'lossBurst':
        return ended.get(connection);
      case 'podTerminating':
        return named(deletes, event.kind.value.pod);
      case 'podReady':
        return named(behaviors, event.kind.value.pod, 'ready');
      case 'podUnready':
        return named(behaviors, event.kind.value.pod, 'unready');
      case 'podRestarted':
        return named(behaviors, event.kind.value.pod, 'crash');
      case 'podGone':
        return terminating.get(event.podUid) ?? named(deletes, event.kind.value.pod);
      case 'sliceChanged': {
        const { added, removed, all } = event.kind.value;
        const uidNow = new Map(all.map((endpoint) => [endpoint.address, endpoint.podUid]));
        const changes = [
          ...added.map((address) => came.take(uidNow.get(address))),
          ...removed.map((address) => left.take(uidNow.get(address) ?? uidOfAddress.get(address))),
        ].filter((sequence) => sequence !== undefined);
        return changes.length === 0 ? undefined : Math.max(...changes);
      }
      case 'deploymentChanged':
        return scale !== undefined && event.kind.value.deployment?.replicas === scale.to ? scale.sequence : undefined;
      default:
        return undefined;
    }
  }

  function remember(event: Event): void {
    const { sequence } = event;
    const lane = event.laneId ?? '';
    const resolution = event.resolutionId === undefined ? undefined : `${lane}/${event.resolutionId}`;
    const connection = event.connectionId === undefined ? undefined : `${lane}/${event.connectionId}`;
    switch (event.kind.case) {
      case 'resolutionStarted':
        started.set(resolution, sequence);
        break;
      case 'resolved':
        answered.set(resolution, sequence);
        lastAnswerOfLane.set(lane, sequence);
        break;
      case 'resolutionFailed':
        answered.set(resolution, sequence);
        break;
      case 'connecting':
        connecting.set(connection, sequence);
        lastOfConnection.set(connection, sequence);
        break;
      case 'connected':
        connected.set(connection, sequence);
        lastOfConnection.set(connection, sequence);
        break;
      case 'goawayReceived':
        goaways.set(connection, sequence);
        lastOfConnection.set(connection, sequence);
        break;
      case 'connectFailed':
      case 'disconnected':
        ended.set(connection, sequence);
        lastOfConnection.set(connection, sequence);
        break;
      case 'scaleAsked':
        scale = { sequence, to: event.kind.value.to };
        break;
      case 'deploymentChanged':
        // Answered: later changes of status are not the asking's doing.
        if (event.cause === scale?.sequence) scale = undefined;
        break;
      case 'deleteAsked':
        deletes.set(event.kind.value.pod, sequence);
        deletes.set(event.podUid, sequence);
        break;
      case 'behaviorAsked': {
        const { pod, ready, crash } = event.kind.value;
        for (const key of new Set([pod, event.podUid])) {
          if (key === undefined) continue;
          if (ready !== undefined) behaviors.set(`${ready ? 'ready' : 'unready'} ${key}`, sequence);
          if (crash === true) behaviors.set(`crash ${key}`, sequence);
        }
        break;
      }
      case 'podReady':
        came.set(event.podUid, sequence);
        left.take(event.podUid);
        break;
      case 'podTerminating':
      case 'podGone':
      case 'podUnready':
      case 'podRestarted':
        if (event.kind.case === 'podTerminating') terminating.set(event.podUid, sequence);
        left.set(event.podUid, sequence);
        came.take(event.podUid);
        break;
      case 'sliceChanged': {
        const ready = event.kind.value.all.filter((endpoint) => endpoint.ready).map((endpoint) => endpoint.address);
        slices = [...slices.slice(-31), { sequence, addresses: key(ready) }];
        for (const endpoint of event.kind.value.all) uidOfAddress.set(endpoint.address, endpoint.podUid);
        while (uidOfAddress.size > limit) uidOfAddress.delete(uidOfAddress.keys().next().value as string);
        break;
      }
    }
  }

  function sliceOf(addresses: readonly string[]): number | undefined {
    const wanted = key(addresses);
    return slices.findLast((slice) => slice.addresses === wanted)?.sequence;
  }

  return {
    of(event) {
      const found = event.cause ?? cause(event);
      if (found !== undefined) event.cause = found;
      remember(event);
      return found;
    },
  };
}

function key(addresses: readonly string[]): string {
  return [...addresses].sort().join(' ');
}

/** Taken once: the same pod may become unready for reasons of its own later. */
function named(map: Bounded, pod: { uid: string; name: string } | undefined, what?: string): number | undefined {
  if (pod === undefined) return undefined;
  const keys = [pod.uid, pod.name].map((id) => (what === undefined ? id : `${what} ${id}`));
  const found = keys.map((k) => map.get(k)).find((sequence) => sequence !== undefined);
  for (const k of keys) map.take(k);
  return found;
}

interface Bounded {
  get(key: string | undefined): number | undefined;
  set(key: string | undefined, sequence: number): void;
  /** Reads and forgets. */
  take(key: string | undefined): number | undefined;
}

/** A map that forgets its oldest entries: a run may last for days. */
function bounded(limit: number): Bounded {
  const map = new Map<string, number>();
  return {
    get: (k) => (k === undefined ? undefined : map.get(k)),
    set(k, sequence) {
      if (k === undefined) return;
      map.delete(k);
      map.set(k, sequence);
      if (map.size > limit) map.delete(map.keys().next().value as string);
    },
    take(k) {
      if (k === undefined) return undefined;
      const found = map.get(k);
      map.delete(k);
      return found;
    },
  };
}
