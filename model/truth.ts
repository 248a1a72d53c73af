import { create } from '@bufbuild/protobuf';
import { type Endpoint, type Pod, PodSchema } from '../gen/lbscope/events/v1/events_pb.js';
import { type Interval, type Run, windowMs } from './state.ts';

/** "10.0.0.1:50051" -> "10.0.0.1"; "[::1]:50051" -> "::1"; an address without a port stays as it is. */
export function hostOf(address: string): string {
  if (address.startsWith('[')) return address.slice(1, address.indexOf(']'));
  const colon = address.lastIndexOf(':');
  return colon === -1 || address.indexOf(':') !== colon ? address : address.slice(0, colon);
}

/** A pod that has no endpoint yet is known by its bare IP. */
function sameAddress(interval: Interval, address: string): boolean {
  return interval.address === address || (interval.address !== '' && interval.address === hostOf(address));
}

/** Whose address this is (or was last); `at` asks for an instant, as a cluster may reuse an IP. */
export function ownerOf(run: Run, address: string, at?: number): string | undefined {
  let last: Interval | undefined;
  for (const interval of run.intervals) {
    if (!sameAddress(interval, address)) continue;
    if (at === undefined || interval.from <= at) last = interval;
  }
  return last?.podUid || undefined;
}

/** Where the pod is (or was last) reached, "ip:port" once the slices named it. */
export function addressOf(run: Run, podUid: string): string | undefined {
  return run.intervals.findLast((interval) => interval.podUid === podUid && interval.address !== '')?.address;
}

/** UIDs of the ready set now, oldest pod first. */
export function readyUids(run: Run): string[] {
  const ready = new Set(run.endpoints.map((endpoint) => uidOf(run, endpoint)));
  return [...run.pods.keys()].filter((uid) => ready.has(uid));
}

function uidOf(run: Run, endpoint: Endpoint): string | undefined {
  return endpoint.podUid || ownerOf(run, endpoint.address);
}

/** Stores what an event says of a pod. Returns whether the pod is new. */
export function putPod(run: Run, said: Pod | undefined, at: number): boolean {
  if (said === undefined || said.uid === '') return false;
  const known = run.pods.get(said.uid);
  // What is gone stays gone; a late report must not bring it back.
  if (known?.goneAt !== undefined) return false;
  const pod = create(PodSchema, {
    ...said,
    slot: known?.pod.slot || slotFor(run, said),
    handle: known?.pod.handle || said.handle || handleOf(run, said),
  });
  // The slices decide who is ready; the pod's own condition runs ahead of them. nil in the endpoints is "not known yet".
  if (run.endpoints.length > 0) {
    pod.ready = run.endpoints.some((e) => e.podUid === said.uid || (e.podUid === '' && hostOf(e.address) === said.ip));
  }
  run.pods.set(said.uid, { pod, goneAt: undefined });

  const open = run.intervals.filter((i) => i.podUid === said.uid && i.to === undefined);
  if (open.length === 0) {
    run.intervals.push({
      address: said.ip,
      podUid: said.uid,
      from: at,
      readyFrom: undefined,
      readyTo: undefined,
      to: undefined,
    });
  }
  for (const interval of open) if (interval.address === '') interval.address = said.ip;
  return known === undefined;
}

/**
 * Colours 1 to 8. A slot is free again when its pod has left the window, not before: the band still shows it. So the
 * slot that the event proposes is taken only where no pod in the window has it.
 */
function slotFor(run: Run, said: Pod): number {
  const taken = new Set([...run.pods.values()].map(({ pod }) => pod.slot));
  if (said.slot > 0 && !taken.has(said.slot)) return said.slot;
  for (let slot = 1; slot <= 8; slot++) if (!taken.has(slot)) return slot;
  return 0;
}

/** The last part of the name ("greeter-7d9f-x2k4p" -> "x2k4p"), lengthened where another pod has the same. */
function handleOf(run: Run, said: Pod): string {
  const name = said.name || said.uid;
  const others = new Set([...run.pods.values()].filter(({ pod }) => pod.uid !== said.uid).map(({ pod }) => pod.handle));
  const parts = name.split('-');
  for (let n = 1; n <= parts.length; n++) {
    const handle = parts.slice(-n).join('-');
    if (!others.has(handle)) return handle;
  }
  return name;
}

export function podGone(run: Run, uid: string, at: number): void {
  const known = run.pods.get(uid);
  if (known === undefined || known.goneAt !== undefined) return;
  run.pods.set(uid, {
    pod: create(PodSchema, { ...known.pod, phase: 'Gone', ready: false, serving: false, terminating: false }),
    goneAt: at,
  });
  for (const interval of run.intervals) {
    if (interval.podUid !== uid || interval.to !== undefined) continue;
    interval.to = at;
    if (interval.readyFrom !== undefined) interval.readyTo ??= at;
  }
}

export interface ReadySetChange {
  readonly entered: string[];
  readonly left: string[];
}

/** Brings the ready set up to date and says which addresses entered and left it. */
export function putEndpoints(run: Run, all: readonly Endpoint[], at: number): ReadySetChange {
  const before = new Set(run.endpoints.map((endpoint) => endpoint.address));
  const ready = all.filter((endpoint) => endpoint.ready);
  const now = new Set(ready.map((endpoint) => endpoint.address));
  run.endpoints = ready;

  for (const endpoint of all) nameAddress(run, endpoint, at);
  for (const endpoint of ready) enterReady(run, endpoint, at);
  for (const interval of run.intervals) {
    if (interval.readyFrom === undefined || interval.readyTo !== undefined || now.has(interval.address)) continue;
    interval.readyTo = at;
    // Nobody reports the end of an endpoint that no pod stands behind.
    if (interval.podUid === '') interval.to = at;
  }
  const byUid = new Map(all.map((endpoint) => [uidOf(run, endpoint), endpoint]));
  for (const [uid, { pod, goneAt }] of run.pods) {
    if (goneAt !== undefined) continue;
    const endpoint = byUid.get(uid);
    const [isReady, serving] = [endpoint?.ready ?? false, endpoint?.serving ?? false];
    const terminating = endpoint?.terminating ?? pod.terminating;
    if (pod.ready === isReady && pod.serving === serving && pod.terminating === terminating) continue;
    run.pods.set(uid, { pod: create(PodSchema, { ...pod, ready: isReady, serving, terminating }), goneAt });
  }
  return { entered: [...now].filter((a) => !before.has(a)), left: [...before].filter((a) => !now.has(a)) };
}

/** The slices know the port; until then the pod's interval holds its bare IP. */
function nameAddress(run: Run, endpoint: Endpoint, at: number): void {
  let found = false;
  for (const interval of run.intervals) {
    if (interval.to !== undefined || interval.podUid !== endpoint.podUid) continue;
    if (interval.address === endpoint.address) found = true;
    else if (interval.address === '' || interval.address === hostOf(endpoint.address)) {
      interval.address = endpoint.address;
      found = true;
    }
  }
  if (found || run.pods.get(endpoint.podUid)?.goneAt !== undefined) return;
  run.intervals.push({
    address: endpoint.address,
    podUid: endpoint.podUid,
    from: at,
    readyFrom: undefined,
    readyTo: undefined,
    to: undefined,
  });
}

function enterReady(run: Run, endpoint: Endpoint, at: number): void {
  const interval = run.intervals.findLast(
    (i) => i.podUid === endpoint.podUid && i.address === endpoint.address && i.to === undefined,
  );
  if (interval === undefined) return;
  if (interval.readyFrom === undefined) interval.readyFrom = at;
  else if (interval.readyTo !== undefined) {
    run.intervals.push({ ...interval, readyFrom: at, readyTo: undefined });
  }
}

/** Forgets what has left the window. */
export function pruneTruth(run: Run): void {
  const horizon = run.clock - windowMs;
  for (const [uid, { goneAt }] of run.pods) if (goneAt !== undefined && goneAt < horizon) run.pods.delete(uid);
  const old = (i: Interval) => i.to !== undefined && i.to < horizon;
  // Of a pod that flaps only the newest interval must stay.
  const overtaken = (i: Interval, index: number) =>
    i.readyTo !== undefined &&
    i.readyTo < horizon &&
    run.intervals.some((j, k) => k > index && j.podUid === i.podUid && j.address === i.address);
  if (run.intervals.some((i, index) => old(i) || overtaken(i, index))) {
    run.intervals = run.intervals.filter((i, index) => !old(i) && !overtaken(i, index));
  }
}
