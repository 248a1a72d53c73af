import type { PodObject } from './objects.ts';

/** What the truth remembers of a pod. */
export interface PodView {
  readonly uid: string;
  readonly name: string;
  readonly ip: string;
  readonly node: string;
  readonly phase: string;
  /** The Ready condition; being in the ready set is the slices' matter. */
  readonly readyCondition: boolean;
  readonly terminating: boolean;
  readonly graceSeconds: number;
  /** ISO, as the API says it. */
  readonly startedAt: string | undefined;
  readonly incarnation: number;
  readonly reason: string;
  /** Of the container's last end. */
  readonly ended: { readonly reason: string; readonly exitCode: number };
}

export function viewOf(pod: PodObject): PodView | undefined {
  const { metadata, spec, status } = pod;
  if (metadata?.uid === undefined || metadata.name === undefined) return undefined;
  const containers = status?.containerStatuses ?? [];
  const incarnation = containers.reduce((sum, c) => sum + (c.restartCount ?? 0), 0);
  const running = containers.find((c) => c.state?.running?.startedAt !== undefined)?.state?.running?.startedAt;
  const waiting = containers.find((c) => c.state?.waiting !== undefined)?.state?.waiting?.reason;
  const over = containers.find((c) => c.state?.terminated !== undefined)?.state?.terminated;
  const last = over ?? containers.find((c) => c.lastState?.terminated !== undefined)?.lastState?.terminated;
  return {
    uid: metadata.uid,
    name: metadata.name,
    ip: status?.podIP ?? '',
    node: spec?.nodeName ?? '',
    phase: status?.phase ?? 'Pending',
    readyCondition: (status?.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True'),
    terminating: metadata.deletionTimestamp !== undefined,
    graceSeconds: metadata.deletionGracePeriodSeconds ?? 0,
    startedAt: running ?? status?.startTime ?? metadata.creationTimestamp,
    incarnation,
    reason: status?.reason ?? waiting ?? over?.reason ?? '',
    ended: { reason: last?.reason ?? '', exitCode: last?.exitCode ?? 0 },
  };
}

export type PodChange = 'podAdded' | 'podTerminating' | 'podUnready' | 'podRestarted' | 'podReady';

/**
 * What became of a pod between two looks at it, in the order it must have happened: a crash is unready first, then
 * restarted, then ready again. The first look at a pod adds it, and tells if it is ready or ending already.
 */
export function changesOf(before: PodView | undefined, now: PodView): PodChange[] {
  const changes: PodChange[] = [];
  if (before === undefined) changes.push('podAdded');
  if (now.terminating && before?.terminating !== true) changes.push('podTerminating');
  if (!now.readyCondition && before?.readyCondition === true) changes.push('podUnready');
  if (before !== undefined && now.incarnation > before.incarnation) changes.push('podRestarted');
  if (now.readyCondition && before?.readyCondition !== true) changes.push('podReady');
  return changes;
}
