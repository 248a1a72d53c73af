import type { Json, KubeObject, Store } from '../store-port.ts';
import { clockOf } from './store.ts';
import { kubeTime } from './time.ts';

export interface EventInit {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** The component that saw it, e.g. `deployment-controller` or `kubelet`. */
  readonly source: string | { readonly component: string; readonly host?: string };
  /** The part of the object, e.g. `spec.containers{greeter}`. */
  readonly fieldPath?: string;
}

/** A cluster forgets events after an hour; the lab bounds their number as well. */
const mostEvents = 500;
const lifetimeMs = 3_600_000;

/** FNV-1a: the same event of the same object has the same name, and so is counted instead of listed again. */
function hash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    low = Math.imul(low ^ text.charCodeAt(i), 0x01000193) >>> 0;
    high = Math.imul(high ^ text.charCodeAt(i), 0x85ebca6b) >>> 0;
  }
  return low.toString(16).padStart(8, '0') + high.toString(16).padStart(8, '0');
}

/**
 * Records what happened to an object, for `kubectl describe` and `kubectl events`. Repetitions raise `count`.
 * Called by controllers and the kubelet; never throws.
 */
export function recordEvent(
  store: Store,
  involved: Pick<KubeObject, 'kind' | 'apiVersion' | 'metadata'>,
  event: EventInit,
): void {
  const now = kubeTime(clockOf(store).now());
  const namespace = involved.metadata.namespace ?? 'default';
  const source = typeof event.source === 'string' ? { component: event.source } : event.source;
  const key = [involved.metadata.uid, event.type, event.reason, event.message, source.component, event.fieldPath ?? ''];
  const name = `${involved.metadata.name}.${hash(key.join('\n'))}`;
  const again = store.modify('Event', namespace, name, (copy) => {
    copy.count = (copy.count ?? 1) + 1;
    copy.lastTimestamp = now;
    return copy;
  });
  if (again !== undefined) return;
  try {
    store.create({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        kind: involved.kind,
        ...(involved.metadata.namespace === undefined ? {} : { namespace: involved.metadata.namespace }),
        name: involved.metadata.name,
        uid: involved.metadata.uid,
        apiVersion: involved.apiVersion,
        resourceVersion: involved.metadata.resourceVersion,
        ...(event.fieldPath === undefined ? {} : { fieldPath: event.fieldPath }),
      } as Json,
      reason: event.reason,
      message: event.message,
      source,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type: event.type,
      eventTime: null,
      reportingComponent: source.component,
      reportingInstance: source.host ?? '',
    });
  } catch {
    // Someone made the same event between our two steps: it is recorded.
  }
  forgetOld(store);
}

function forgetOld(store: Store): void {
  const events = store.list('Event');
  if (events.length <= mostEvents) return;
  const horizon = clockOf(store).now() - lifetimeMs;
  const byAge = events.sort((a, b) => Date.parse(a.lastTimestamp) - Date.parse(b.lastTimestamp));
  // A tenth at once, so that a busy lab does not sort at each event.
  const most = mostEvents * 0.9;
  for (const [index, event] of byAge.entries()) {
    if (byAge.length - index <= most && Date.parse(event.lastTimestamp) > horizon) break;
    store.delete('Event', event.metadata.namespace, event.metadata.name);
  }
}
