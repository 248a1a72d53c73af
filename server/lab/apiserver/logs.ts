import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { KubeObject } from '../store-port.ts';
import type { LogOptions, LogSource } from './log-port.ts';
import { badRequest } from './status.ts';

function numberOf(query: URLSearchParams, field: string): number | undefined {
  const text = query.get(field);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  // kubectl sends tailLines=-1 for "all".
  if (!Number.isInteger(value) || value < -1) throw badRequest(`${field} must be a whole number that is not negative`);
  return value < 0 ? undefined : value;
}

/** `GET .../pods/NAME/log`. */
export async function serveLog(
  source: LogSource,
  pod: KubeObject,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const containers: string[] = (pod.spec?.containers ?? []).map((each: { name: string }) => each.name);
  const container = query.get('container') || containers[0];
  if (container === undefined || !containers.includes(container))
    throw badRequest(`container ${container ?? ''} is not valid for pod ${pod.metadata.name}`);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const sinceTime = query.get('sinceTime');
  const given: Record<string, unknown> = {
    container,
    tailLines: numberOf(query, 'tailLines'),
    sinceSeconds: numberOf(query, 'sinceSeconds'),
    limitBytes: numberOf(query, 'limitBytes'),
    sinceTime: sinceTime === null ? undefined : Date.parse(sinceTime),
    follow: query.get('follow') === 'true',
    previous: query.get('previous') === 'true',
    timestamps: query.get('timestamps') === 'true',
    signal: gone.signal,
  };
  for (const key of Object.keys(given)) if (given[key] === undefined) delete given[key];
  const log = await source.read(pod.metadata.uid, given as LogOptions);
  if (log === undefined) {
    const which = given.previous === true ? 'previous terminated container' : 'container';
    throw badRequest(`${which} "${container}" in pod "${pod.metadata.name}" is waiting to start or left no log`);
  }
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  response.flushHeaders();
  if (typeof log === 'string') {
    response.end(log);
    return;
  }
  for await (const chunk of log) {
    if (gone.signal.aborted) return;
    if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}
