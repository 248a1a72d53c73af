import { create } from '@bufbuild/protobuf';
import {
  type Detour,
  DetourSchema,
  type LaneSpec,
  LaneSpecSchema,
  TlsSchema,
} from '../../gen/lbscope/events/v1/events_pb.js';
import { findPreset } from '../../model/presets.ts';
import type { ClusterTarget } from './dialled.ts';

/** Below it a port is not everyone's to listen on. */
const firstFreePort = 1_024;
/** PutLane takes ids of at most that many characters. */
const longestId = 32;

export interface DetourOptions {
  /** As the agent was given it; undefined: the one that kubectl takes by itself. */
  readonly kubeconfig: string | undefined;
  /** A local port, where the target names its port. */
  readonly namedPort: number;
}

/**
 * kubectl port-forward goes through the API server, which is reached. It ends at one pod, picked when it begins: that
 * shows a proxy at work and every answer of a pod, and never how a client balances.
 */
export function detourOf(spec: LaneSpec, target: ClusterTarget, options: DetourOptions): Detour {
  const { service, port } = target;
  const kubectl = options.kubeconfig === undefined ? 'kubectl' : `kubectl --kubeconfig ${quoted(options.kubeconfig)}`;
  const local = localPort(typeof port === 'number' ? port : options.namedPort);
  const forwards = [`${local}:${port}`];
  const status = statusPort(spec);
  if (status !== undefined) forwards.push(`${localPort(status)}:${status}`);
  const proxied = spec.envoyStatus !== '' || findPreset(spec.preset)?.objects !== undefined;
  return create(DetourSchema, {
    command: `${kubectl} -n ${service.namespace} port-forward service/${service.name} ${forwards.join(' ')}`,
    lane: create(LaneSpecSchema, {
      // What the client does beyond its connection stays: TLS, retries, its method, its pings.
      ...spec,
      id: `forwarded-${service.name}`.slice(0, longestId).replace(/-+$/, ''),
      label: `${service.name}, forwarded`,
      target: `127.0.0.1:${local}`,
      resolver: 'static',
      policy: 'pick_first',
      profile: '',
      preset: '',
      // The library grpc-js resolves by itself, and needs a name to do so.
      client: spec.client === 'grpc-js' ? '' : spec.client,
      mechanism: proxied ? 'a proxy behind kubectl port-forward' : 'one pod behind kubectl port-forward',
      envoyStatus: status === undefined ? '' : `127.0.0.1:${localPort(status)}`,
      pollIntervalSeconds: 0,
      resolutionFloorSeconds: 0,
      dnsCacheTtlSeconds: undefined,
      choices: 0,
      shuffle: false,
      connections: 0,
      tls:
        spec.tls === undefined
          ? undefined
          : create(TlsSchema, { ...spec.tls, serverName: spec.tls.serverName || hostOf(spec.target) }),
    }),
    limit: proxied
      ? 'It ends at one pod of the proxy, which balances as ever; how clients spread over its pods cannot be seen.'
      : 'It ends at one pod, picked as the command starts: no balancing can be seen through it.',
    inside: `${kubectl} apply -k k8s/base`,
  });
}

function hostOf(target: string): string {
  return target.slice(0, target.lastIndexOf(':'));
}

function statusPort({ envoyStatus }: LaneSpec): number | undefined {
  return envoyStatus === '' ? undefined : Number(envoyStatus.slice(envoyStatus.lastIndexOf(':') + 1));
}

function localPort(port: number): number {
  return port < firstFreePort ? port + 50_000 : port;
}

/** As a POSIX shell reads one word. */
function quoted(word: string): string {
  return /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
