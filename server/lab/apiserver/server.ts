import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json, KubeObject } from '../store-port.ts';
import { type Access, admin, createAccess } from './access.ts';
import { discover, openapi, openapiV2, openapiV2Bytes, openapiV2Type, versionInfo } from './discovery.ts';
import { serveAdmin } from './lab-admin.ts';
import type { LogSource } from './log-port.ts';
import { serveLog } from './logs.ts';
import { formOf, listObjects, matcherOf, present } from './reads.ts';
import { deletedStatus, deleteObject, deleteOptions, evict, finalizeNamespace, isDryRun } from './removal.ts';
import { checkHost, contentTypeOf, decodeBody, readBody } from './request.ts';
import { RequestLog } from './request-log.ts';
import type { Resource } from './resources.ts';
import { review } from './reviews.ts';
import { type Route, routeOf } from './route.ts';
import { ApiError, badRequest, forbidden, methodNotAllowed, noSuchPath, notFound, unauthorized } from './status.ts';
import type { LabStore } from './store.ts';
import { type Clock, systemTimers, type Timers } from './time.ts';
import { type OpenWatch, serveWatch } from './watch.ts';
import {
  createObject,
  parseText,
  patched,
  patchObject,
  patchTypeOf,
  putScale,
  replaceObject,
  type Target,
  toScale,
  type WriteContext,
} from './writes.ts';

export interface ApiServerOptions {
  store: LabStore;
  clock: Clock;
  timers?: Timers;
  /** In [0, 1). */
  random: () => number;
  /** A free virtual address; undefined when none is left. */
  allocateClusterIP: () => string | undefined;
  logs?: LogSource;
  access?: Access;
  /** `port` 0: any free one. */
  listen: { host: string; port: number };
  /** Time between bookmarks on a watch, ms. Default 30 s (real API servers: about 60 s). */
  bookmarkMs?: number;
  /** A fault in a handler; the client gets a 500. Default: stderr. */
  onFault?: (error: unknown) => void;
  /** More of `/lab/v1/...` than this folder serves: asked first; undefined: not one of its own. */
  labRoutes?: (method: string, path: string, body: Json) => { status: number; body: unknown } | undefined;
}

export interface ApiServer {
  readonly url: string;
  readonly access: Access;
  close(): Promise<void>;
}

/** Serves the store over HTTP as the Kubernetes API. Rejects only when the port can't be had. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, clock, random } = options;
  const timers = options.timers ?? systemTimers;
  const access = options.access ?? createAccess();
  const watches = new Set<OpenWatch>();
  const log = new RequestLog();
  const onFault = options.onFault ?? ((error: unknown) => console.error('lab API server:', error));
  const context: WriteContext = { store, clock, random, allocateClusterIP: options.allocateClusterIP };
  let address = '';

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkHost(request);
    const user = userOf(request);
    const url = new URL(request.url ?? '/', 'http://lab');
    let path: string[];
    try {
      path = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
    } catch {
      throw badRequest('the path is not valid');
    }
    const method = request.method ?? 'GET';
    const [root, ...below] = path;
    if (root === 'lab' && below[0] === 'v1') {
      if (user !== admin) throw forbidden(undefined, '', 'the lab is steered without a token only');
      const body = method === 'PUT' ? decodeBody(await readBody(request), contentTypeOf(request)) : undefined;
      const more = options.labRoutes?.(method, `/${path.join('/')}`, body);
      const both = method === 'GET' && below.length === 2 && below[1] === 'state';
      if (more !== undefined && !both) return reply(response, more.status, more.body as Json);
      if (method === 'PUT' && below[1] === 'api' && below.length === 2) {
        const goneMs = goneFor(body);
        // The answer first: it is the last that this server says for a while.
        response.once('finish', () => goAway(goneMs));
        return reply(response, 200, { goneMs });
      }
      const own = serveAdmin({ store, access, watches, log }, method, below.slice(1), body);
      return reply(response, 200, both ? { ...own, ...(more?.body as Json) } : own);
    }
    if (root === 'api' || root === 'apis') {
      const found = method === 'GET' ? discover(path, address) : undefined;
      if (found !== undefined) return reply(response, 200, found);
      return handleResource(request, response, routeOf(path), url.searchParams, user);
    }
    if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed();
    if (root === 'version') return reply(response, 200, versionInfo());
    if (root === 'healthz' || root === 'readyz' || root === 'livez') {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      response.end('ok');
      return;
    }
    if (root === 'openapi' && below[0] === 'v2' && below.length === 1) {
      if (!(request.headers.accept ?? '').includes('proto-openapi')) return reply(response, 200, openapiV2());
      response.writeHead(200, { 'content-type': openapiV2Type });
      response.end(openapiV2Bytes());
      return;
    }
    const document = root === 'openapi' && below[0] === 'v3' ? openapi(below.slice(1)) : undefined;
    if (document !== undefined) return reply(response, 200, document);
    if (root === undefined)
      return reply(response, 200, { paths: ['/api', '/apis', '/healthz', '/lab/v1/state', '/openapi/v3', '/version'] });
    throw noSuchPath();
  }

  function check(
    user: string,
    verb: string,
    resource: Resource,
    sub: string | undefined,
    namespace: string | undefined,
    name: string,
  ): void {
    const what = sub === undefined ? resource.plural : `${resource.plural}/${sub}`;
    const decision = access.authorize(user, verb, what, namespace);
    const { group, plural } = resource;
    log.add(
      { user, verb, group, resource: plural, subresource: sub ?? '', namespace: namespace ?? '', name },
      decision.allowed,
    );
    if (decision.allowed) return;
    const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
    throw forbidden(
      resource,
      name,
      `User "${user}" cannot ${verb} resource "${what}" in API group "${resource.group}" ${where}: ${decision.reason}`,
    );
  }

  async function handleResource(
    request: IncomingMessage,
    response: ServerResponse,
    route: Route,
    query: URLSearchParams,
    user: string,
  ): Promise<void> {
    const method = request.method ?? 'GET';
    if (route.kind === 'unknown') throw noSuchPath();
    if (route.kind === 'review') {
      if (method !== 'POST') throw methodNotAllowed();
      const body = decodeBody(await readBody(request), contentTypeOf(request));
      return reply(response, 201, review(route.review, body, user, access));
    }
    const { resource, namespace, name, subresource } = route;
    const watching = method === 'GET' && subresource === undefined && ['true', '1'].includes(query.get('watch') ?? '');
    const verb = verbOf(method, name, watching);
    if (verb === undefined) throw methodNotAllowed();
    check(user, verb, resource, subresource, namespace, name ?? selectedName(query));
    const form = formOf(request.headers.accept ?? '', query);

    if (watching) {
      const serving = serveWatch({
        store,
        clock,
        timers,
        random,
        resource,
        namespace,
        name,
        query,
        form,
        response,
        bookmarkMs: options.bookmarkMs ?? 30_000,
      });
      const open: OpenWatch = {
        user,
        resource: resource.plural,
        namespace,
        since: query.get('resourceVersion') ?? '',
        close: serving.close,
      };
      watches.add(open);
      response.on('close', () => watches.delete(open));
      if (response.destroyed) watches.delete(open);
      return;
    }
    if (name === undefined) {
      if (method === 'GET')
        return reply(response, 200, listObjects(store, resource, namespace, query, form, clock.now()));
      const body = decodeBody(await readBody(request), contentTypeOf(request));
      const dryRun = isDryRun(query.getAll('dryRun'));
      if (method === 'DELETE') return reply(response, 200, deleteCollection(resource, namespace, query, body, dryRun));
      const where = resource.namespaced ? (namespace ?? body?.metadata?.namespace) : undefined;
      const made = createObject(context, body, { resource, namespace: where, dryRun });
      return reply(response, 201, present(resource, made, form, clock.now()));
    }

    const target: Target = { resource, namespace, name, subresource, dryRun: isDryRun(query.getAll('dryRun')) };
    if (method === 'GET') {
      const object = mustGet(resource, namespace, name);
      if (subresource === 'scale') return reply(response, 200, toScale(object));
      if (subresource === 'log') {
        if (options.logs === undefined) throw badRequest('the lab keeps no logs here');
        return serveLog(options.logs, object, query, response);
      }
      return reply(response, 200, present(resource, object, form, clock.now()));
    }
    const contentType = contentTypeOf(request);
    const raw = await readBody(request);
    if (method === 'PATCH') {
      const type = patchTypeOf(contentType);
      const patch = parseText(raw.toString('utf8'), type === 'apply' ? 'yaml' : 'json');
      if (patch === undefined) throw badRequest('the body of a patch must not be empty');
      if (subresource === 'scale') {
        const scale = patched(type, toScale(mustGet(resource, namespace, name)), patch, resource, name);
        return reply(response, 200, putScale(context, scale, target));
      }
      const existed = store.get(resource.kind, namespace, name) !== undefined;
      const after = patchObject(context, type, patch, target, query.get('fieldManager') ?? '');
      return reply(response, existed ? 200 : 201, present(resource, after, form, clock.now()));
    }
    const body = decodeBody(raw, contentType);
    if (method === 'POST') {
      if (subresource !== 'eviction') throw methodNotAllowed();
      return reply(response, 201, evict(context, target, body));
    }
    if (method === 'PUT') {
      if (subresource === 'scale') return reply(response, 200, putScale(context, body, target));
      if (subresource === 'finalize') {
        const after = finalizeNamespace(context, name, body);
        if (after === undefined) throw notFound(resource, name);
        return reply(response, 200, after);
      }
      if (subresource !== undefined && subresource !== 'status') throw methodNotAllowed();
      return reply(response, 200, present(resource, replaceObject(context, body, target), form, clock.now()));
    }
    if (subresource !== undefined) throw methodNotAllowed();
    const last = deleteObject(context, target, deleteOptions(body, query));
    // Pods answer with themselves; so does what waits for a finalizer.
    const stays = store.get(resource.kind, namespace, name)?.metadata.uid === last.metadata.uid;
    if (resource.kind === 'Pod' || (stays && !target.dryRun)) return reply(response, 200, last);
    return reply(response, 200, deletedStatus(target, last.metadata.uid));
  }

  function mustGet(resource: Resource, namespace: string | undefined, name: string): KubeObject {
    const object = store.get(resource.kind, namespace, name);
    if (object === undefined) throw notFound(resource, name);
    return object;
  }

  function deleteCollection(
    resource: Resource,
    namespace: string | undefined,
    query: URLSearchParams,
    body: Json,
    dryRun: boolean,
  ): Json {
    const given = deleteOptions(body, query);
    const found = store.list(resource.kind, namespace).filter(matcherOf(query));
    for (const object of found) {
      const at: Target = { resource, namespace: object.metadata.namespace, name: object.metadata.name, dryRun };
      deleteObject(context, at, given);
    }
    return {
      kind: `${resource.kind}List`,
      apiVersion: 'v1',
      metadata: { resourceVersion: store.resourceVersion },
      items: found,
    };
  }

  let closed = false;
  let back: { cancel(): void } | undefined;

  /** As when the API server's process is gone: no listener, and every connection reset. Its objects live on. */
  function goAway(ms: number): void {
    if (closed || back !== undefined) return;
    for (const watch of [...watches]) watch.close();
    server.close();
    server.closeAllConnections();
    back = timers.setTimeout(() => {
      back = undefined;
      if (!closed) server.listen(port, options.listen.host);
    }, ms);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!(error instanceof ApiError)) onFault(error);
      const told =
        error instanceof ApiError
          ? error
          : new ApiError(500, 'InternalError', 'the lab failed at this request; see its log');
      if (response.headersSent) response.destroy();
      else reply(response, told.code, told.toStatus(), told.code === 413 ? { connection: 'close' } : {});
    });
  });
  // A client that only watches sends nothing for as long as it watches.
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.listen.port, options.listen.host, () => {
      server.removeListener('error', reject);
      server.on('error', onFault);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  address = `${options.listen.host}:${port}`;

  return {
    url: `http://${address}`,
    access,
    close() {
      closed = true;
      back?.cancel();
      for (const watch of [...watches]) watch.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** An hour: nobody waits longer, and a server that never comes back is a lab to be started anew. */
const longestGoneMs = 3_600_000;

function goneFor(body: Json): number {
  const goneMs = (body as { goneMs?: unknown } | undefined)?.goneMs;
  if (typeof goneMs !== 'number' || !(goneMs >= 1) || goneMs > longestGoneMs) {
    throw badRequest(`goneMs is ${JSON.stringify(goneMs)}; allowed: 1 to ${longestGoneMs} ms`);
  }
  return goneMs;
}

function verbOf(method: string, name: string | undefined, watching: boolean): string | undefined {
  switch (method) {
    case 'GET':
      return watching ? 'watch' : name === undefined ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return name === undefined ? undefined : 'update';
    case 'PATCH':
      return name === undefined ? undefined : 'patch';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      return undefined;
  }
}

/** A list or watch of one object by its name counts as a request for that object (apiserver's RequestInfo does the same). */
function selectedName(query: URLSearchParams): string {
  return /^metadata\.name==?([^,!=]+)$/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
}

/** No token: the admin, as the lab listens on loopback only. `Bearer lab:NAME`: an identity that rules can forbid. */
function userOf(request: IncomingMessage): string {
  const { authorization } = request.headers;
  if (authorization === undefined) return admin;
  const match = /^Bearer lab:([A-Za-z0-9][A-Za-z0-9._-]{0,62})$/.exec(authorization);
  if (match === null) throw unauthorized();
  return match[1] ?? '';
}

function reply(response: ServerResponse, code: number, body: Json, headers: Record<string, string> = {}): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(code, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-cache, private',
    ...headers,
  });
  response.end(text);
}
