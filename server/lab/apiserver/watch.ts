import type { ServerResponse } from 'node:http';
import type { Json, KubeObject } from '../store-port.ts';
import { type Form, matcherOf } from './reads.ts';
import { apiVersionOf, type Resource } from './resources.ts';
import { badRequest, expired } from './status.ts';
import type { Change, LabStore } from './store.ts';
import { partial, toTable } from './table.ts';
import type { Clock, TimerHandle, Timers } from './time.ts';

/** A watch that is open, as `GET /lab/v1/state` lists it. */
export interface OpenWatch {
  readonly user: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly since: string;
  readonly close: () => void;
}

export interface WatchRequest {
  readonly store: LabStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly query: URLSearchParams;
  readonly form: Form;
  readonly response: ServerResponse;
  /** Time between bookmarks, ms. Real API servers send one about each minute. */
  readonly bookmarkMs: number;
}

/** What a slow reader may leave unread before its watch is cut; it then lists anew. */
const mostUnreadBytes = 16 * 1024 * 1024;

/** Serves one watch until the client goes, its time is over or `close` is called. Throws only before the answer began. */
export function serveWatch(request: WatchRequest): { close: () => void } {
  const { store, clock, timers, resource, namespace, query, form, response } = request;
  const matches = matcherOf(query, request.name);
  const asked = query.get('resourceVersion') ?? '';
  if (!/^\d*$/.test(asked)) throw badRequest(`invalid resource version: "${asked}"`);
  const initial = query.get('sendInitialEvents') === 'true';
  const bookmarks = query.get('allowWatchBookmarks') === 'true' || query.get('allowWatchBookmarks') === '1';
  const timeout = Number(query.get('timeoutSeconds') ?? 0);
  // The real default is a random time of 30 to 60 min, so that clients do not return together.
  const lastsMs = timeout > 0 ? timeout * 1_000 : (1 + request.random()) * 1_800_000;

  let closed = false;
  let withColumns = true;
  const cleanups: (() => void)[] = [];

  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  response.socket?.setNoDelay(true);

  function send(type: string, object: Json): void {
    if (closed) return;
    response.write(`${JSON.stringify({ type, object })}\n`);
    if (response.writableLength > mostUnreadBytes) {
      close();
      response.destroy();
    }
  }

  function shape(object: KubeObject): Json {
    if (form.kind === 'metadata') return partial(object);
    if (form.kind !== 'table') return object;
    const table = toTable(
      resource.kind,
      [object],
      clock.now(),
      { resourceVersion: object.metadata.resourceVersion },
      { include: form.include, withColumns },
    );
    withColumns = false;
    return table;
  }

  function bookmark(initialEnd: boolean): void {
    const metadata: Json = {
      resourceVersion: store.resourceVersion,
      creationTimestamp: null,
      ...(initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    };
    const object = { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata };
    send(
      'BOOKMARK',
      form.kind === 'table'
        ? toTable(resource.kind, [], clock.now(), metadata, { include: form.include, withColumns: false })
        : object,
    );
  }

  /** What enters the selection is ADDED, what leaves it DELETED, whatever happened to the object itself. */
  function onChange(change: Change): void {
    const { object, previous } = change;
    if (namespace !== undefined && object.metadata.namespace !== namespace) return;
    const now = change.type !== 'DELETED' && matches(object);
    const before = previous !== undefined && matches(previous);
    if (change.type === 'DELETED' && before) send('DELETED', shape(object));
    else if (now && before) send('MODIFIED', shape(object));
    else if (now) send('ADDED', shape(object));
    else if (before)
      send(
        'DELETED',
        shape({ ...previous, metadata: { ...previous.metadata, resourceVersion: object.metadata.resourceVersion } }),
      );
  }

  function close(): void {
    if (closed) return;
    closed = true;
    for (const cleanup of cleanups) cleanup();
    response.end();
  }

  function later(ms: number, run: () => void): void {
    let handle: TimerHandle | undefined = timers.setTimeout(() => {
      handle = undefined;
      run();
    }, ms);
    cleanups.push(() => handle?.cancel());
  }

  const fromNow = asked === '' || asked === '0' || initial;
  const since = fromNow ? Number(store.resourceVersion) : Number(asked);
  const current =
    fromNow && query.get('sendInitialEvents') !== 'false' ? store.list(resource.kind, namespace).filter(matches) : [];
  for (const object of current) send('ADDED', shape(object));
  if (initial && bookmarks) bookmark(true);
  const started = store.watch(resource.kind, since, onChange);
  if (!started.ok) {
    // As the real one does: 200, then one ERROR event that holds the 410.
    send('ERROR', expired(asked, started.oldest).toStatus());
    close();
    return { close };
  }
  cleanups.push(started.stop);
  response.on('close', close);
  response.on('error', close);
  if (bookmarks) {
    const beat = () => {
      bookmark(false);
      later(request.bookmarkMs, beat);
    };
    later(request.bookmarkMs, beat);
    // A last one shortly before the end, so that the next watch begins there (the real one: 2 s before).
    if (lastsMs > 2_000 && lastsMs < request.bookmarkMs) later(lastsMs - 1_000, () => bookmark(false));
  }
  later(lastsMs, close);
  return { close };
}
