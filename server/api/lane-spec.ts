import { checkBalancing } from './balancing-fields.ts';
import type { LaneFields } from './lane-fields.ts';

const dnsLabel = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const portName = /^(?=.{1,15}$)[a-z0-9]+(-[a-z0-9]+)*$/;

/** What is wrong with a lane beyond its single fields; each fault names field, value and what is allowed. */
export function checkLaneSpec(lane: LaneFields, path = 'lane'): string[] {
  const faults: string[] = [];
  const { target, resolver, profile, envoyStatus, pollIntervalSeconds } = lane;
  if (typeof target === 'string' && target !== '') {
    const fault = resolver === 'kubernetes' ? kubernetesTarget(target) : hostAndPort(target);
    if (fault !== undefined) faults.push(`${path}.target is ${JSON.stringify(target)}: ${fault}`);
  }
  if (typeof envoyStatus === 'string' && envoyStatus !== '') {
    const fault = hostAndPort(envoyStatus);
    if (fault !== undefined) faults.push(`${path}.envoyStatus is ${JSON.stringify(envoyStatus)}: ${fault}`);
  }
  faults.push(...checkBalancing(lane, path));
  if (typeof pollIntervalSeconds === 'number' && pollIntervalSeconds !== 0) {
    if (profile !== 'poll') {
      faults.push(
        `${path}.pollIntervalSeconds is ${pollIntervalSeconds}: allowed is 0, as only the profile poll asks by itself`,
      );
    } else if (pollIntervalSeconds < 1) {
      faults.push(`${path}.pollIntervalSeconds is ${pollIntervalSeconds}: allowed is a number from 1 to 86400`);
    }
  }
  faults.push(...checkClient(lane, path));
  return faults;
}

/** What the software that makes the calls can do, and what only one of them knows. */
function checkClient(lane: LaneFields, path: string): string[] {
  const { client, resolver, policy, profile, keepAlive, tls, method } = lane;
  const { retry, waitForReady, keepaliveTimeMs, idleTimeoutSeconds } = lane;
  const faults: string[] = [];
  if (client === 'http1-json' && (resolver !== 'static' || policy !== 'pick_first')) {
    faults.push(
      `${path}.client is "http1-json" with the resolver "${resolver}" and the policy "${policy}": ` +
        'allowed are static and pick_first, as a plain HTTP client balances nothing',
    );
  }
  if (client === 'grpc-js') {
    const known = policy === 'pick_first' || policy === 'round_robin';
    if (resolver !== 'dns' || !known || (profile !== undefined && profile !== '')) {
      faults.push(
        `${path}.client is "grpc-js" with the resolver "${resolver}", the policy "${policy}" and the profile "${profile ?? ''}": ` +
          'allowed are dns, round_robin or pick_first, and no profile, as it is grpc-js itself',
      );
    }
  }
  if (client === 'connect-node') {
    if (resolver !== 'static' || policy !== 'pick_first') {
      faults.push(
        `${path}.client is "connect-node" with the resolver "${resolver}" and the policy "${policy}": ` +
          'allowed are static and pick_first, as plain connect-node balances nothing',
      );
    }
    const others = { retry, waitForReady, keepaliveTimeMs, idleTimeoutSeconds };
    for (const [name, value] of Object.entries(others)) {
      if (value === undefined || value === 0 || value === false) continue;
      faults.push(
        `${path}.${name} is given with the client "connect-node": allowed is nothing, as it runs with its defaults`,
      );
    }
  }
  if (keepAlive !== undefined && client !== 'http1-json') {
    faults.push(`${path}.keepAlive is ${keepAlive}: allowed is nothing, as only the client http1-json has a choice`);
  }
  if (tls !== undefined && client !== undefined && client !== '' && client !== 'lbscope') {
    faults.push(`${path}.tls is given with the client "${client}": allowed is the client lbscope, or nothing`);
  }
  if (method !== undefined && client === 'http1-json') {
    faults.push(
      `${path}.method is given with the client "http1-json": allowed is nothing, as it speaks the greeter's JSON`,
    );
  }
  faults.push(...methodFaults(method, `${path}.method`));
  return faults;
}

/** What can be said of a method before its schema is known; the rest makes the lane unavailable. */
export function methodFaults(method: unknown, path: string): string[] {
  if (typeof method !== 'object' || method === null) return [];
  const { requestJson } = method as { readonly requestJson?: unknown };
  if (typeof requestJson !== 'string' || requestJson === '') return [];
  try {
    const parsed: unknown = JSON.parse(requestJson);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return [];
  } catch {}
  const shown = requestJson.length > 80 ? `${requestJson.slice(0, 80)}...` : requestJson;
  return [`${path}.requestJson is ${JSON.stringify(shown)}: allowed is a JSON object such as {}, or nothing`];
}

export function hostAndPort(text: string): string | undefined {
  const allowed = 'allowed is host:port with a port from 1 to 65535';
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@]+)):(\d{1,6})$/.exec(text);
  if (parts === null) return allowed;
  const port = Number(parts[3]);
  if (port < 1 || port > 65_535) return allowed;
  const host = parts[2];
  // A trailing dot is DNS's way to say that the name is complete.
  if (
    host !== undefined &&
    !(
      host.length <= 253 &&
      host
        .replace(/\.$/, '')
        .split('.')
        .every((l) => dnsLabel.test(l))
    )
  )
    return `${allowed}, and a host name of letters, digits, - and dots`;
  return undefined;
}

function kubernetesTarget(text: string): string | undefined {
  const allowed =
    'allowed is service.namespace:port for the resolver kubernetes, the port from 1 to 65535 or a name of the Service';
  const parts = /^([^:/@]+):([\w-]+)$/.exec(text);
  const names = parts?.[1]?.split('.') ?? [];
  if (names.length !== 2 || !names.every((name) => dnsLabel.test(name))) return allowed;
  const port = parts?.[2] ?? '';
  if (/^\d+$/.test(port)) return Number(port) >= 1 && Number(port) <= 65_535 ? undefined : allowed;
  return portName.test(port) ? undefined : allowed;
}
