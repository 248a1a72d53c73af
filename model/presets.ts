import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { PresetSchema, type Preset as ShownPreset } from '../gen/lbscope/agent/v1/agent_pb.js';
import {
  type LaneSpec,
  LaneSpecSchema,
  type Method,
  RetryPolicySchema,
  type Tls,
} from '../gen/lbscope/events/v1/events_pb.js';
import type { Run } from './state.ts';

/** What the addresses of lanes are made from. */
export interface ClusterNames {
  readonly namespace: string;
  readonly service: string;
  readonly headlessService: string;
  readonly envoyService: string;
  /** The pods' gRPC port. */
  readonly port: number;
}

export type PresetGroup = 'kubernetes' | 'client' | 'proxy' | 'broken' | 'own';

/** Plain fields, none of them set by every lane alike. */
type PresetLane = Partial<Omit<LaneSpec, '$typeName' | '$unknown' | 'id' | 'label' | 'preset' | 'tls'>>;

/** A lane that is ready to be switched on: data, the same in the lab and in a cluster. */
export interface Preset {
  /** Also the id of its lane unless another is asked for. */
  readonly id: string;
  readonly label: string;
  readonly group: PresetGroup;
  readonly teaches: string;
  /** docs/paths/NAME.md */
  readonly page: string;
  /** Folder below k8s/ways-in with the objects that it stands on; undefined: none beyond k8s/base. */
  readonly objects?: string;
  /** The address is given by who switches it on. */
  readonly needsTarget?: true;
  /** What is called is said by who switches it on. */
  readonly needsMethod?: true;
  /** Worker threads of its proxy, where that is a setting. */
  readonly workers?: number;
  lane(names: ClusterNames): PresetLane;
}

const envoyPort = 10_000;
const envoyStatusPort = 9_902;
/** Where pods answer JSON over HTTP/1.1. */
export const jsonPort = 8_080;

const host = (names: ClusterNames, service: string): string => `${service}.${names.namespace}.svc.cluster.local`;

const clusterIP = (names: ClusterNames) => ({
  target: `${host(names, names.service)}:${names.port}`,
  resolver: 'static',
  policy: 'pick_first',
});
const headless = (names: ClusterNames) => ({
  target: `${host(names, names.headlessService)}:${names.port}`,
  resolver: 'dns',
  policy: 'round_robin',
});
/** One connection to a proxy's Service; with a status listener where the proxy is an Envoy. */
const proxy = (names: ClusterNames, service: string) => ({
  target: `${host(names, service)}:${envoyPort}`,
  resolver: 'static',
  policy: 'pick_first',
});
const envoy = (names: ClusterNames, service: string) => ({
  ...proxy(names, service),
  envoyStatus: `${host(names, service)}:${envoyStatusPort}`,
});
const json = (names: ClusterNames) => ({
  target: `${host(names, names.service)}:${jsonPort}`,
  resolver: 'static',
  policy: 'pick_first',
  client: 'http1-json',
});

/** In the order of a menu. The first four are the lanes of a fresh start. */
export const presets: readonly Preset[] = [
  {
    id: 'clusterip',
    label: 'ClusterIP',
    group: 'kubernetes',
    page: 'clusterip',
    teaches: 'kube-proxy draws a pod for each connection, and gRPC has one: all calls go to one pod.',
    lane: (names) => ({ ...clusterIP(names), mechanism: 'kube-proxy picks per connection' }),
  },
  {
    id: 'headless',
    label: 'Headless DNS',
    group: 'kubernetes',
    page: 'headless-dns',
    teaches: 'round_robin over the addresses of a headless name: even, until pods come that nobody looks up.',
    lane: (names) => ({ ...headless(names), profile: 'grpc-go', mechanism: 'rotates over its DNS answer' }),
  },
  {
    id: 'kubewatch',
    label: 'kube-watch',
    group: 'kubernetes',
    page: 'kube-watch',
    teaches: 'A resolver that watches EndpointSlices hears of each change within milliseconds.',
    lane: (names) => ({
      target: `${names.service}.${names.namespace}:${names.port}`,
      resolver: 'kubernetes',
      policy: 'round_robin',
      mechanism: 'follows the EndpointSlices',
    }),
  },
  {
    id: 'kuberesolver',
    label: 'kube-watch as kuberesolver',
    group: 'broken',
    page: 'kuberesolver',
    teaches: 'The Go library of that name: the last changed slice counts, an empty list is ignored, so ghosts stay.',
    lane: (names) => ({
      target: `${names.service}.${names.namespace}:${names.port}`,
      resolver: 'kubernetes',
      policy: 'round_robin',
      profile: 'kuberesolver',
      mechanism: 'watches as kuberesolver does',
    }),
  },
  {
    id: 'least-request',
    label: 'kube-watch with least_request',
    group: 'client',
    page: 'policies',
    teaches: 'Of two endpoints drawn at random the one with fewer calls in flight: a slow pod gets less.',
    lane: (names) => ({
      target: `${names.service}.${names.namespace}:${names.port}`,
      resolver: 'kubernetes',
      policy: 'least_request',
      mechanism: 'draws two, takes the less busy',
    }),
  },
  {
    id: 'random',
    label: 'kube-watch with random',
    group: 'client',
    page: 'policies',
    teaches: 'A pod drawn for each call: what chance alone makes of a spread, beside round_robin.',
    lane: (names) => ({
      target: `${names.service}.${names.namespace}:${names.port}`,
      resolver: 'kubernetes',
      policy: 'random',
      mechanism: 'draws a pod for each call',
    }),
  },
  {
    id: 'envoy',
    label: 'Envoy',
    group: 'proxy',
    page: 'envoy',
    teaches: 'A proxy balances each call; with STRICT_DNS it hears of a change at its next lookup, up to 5 s later.',
    lane: (names) => ({ ...envoy(names, names.envoyService), mechanism: 'proxy, asks DNS every 5 s' }),
  },
  {
    id: 'envoy-retry',
    label: 'Envoy with retries',
    group: 'proxy',
    page: 'envoy-retries',
    objects: 'envoy-retry',
    workers: 2,
    teaches: 'Retries done right: on another host, reset included, and enough of them at once. A crash costs no call.',
    lane: (names) => ({ ...envoy(names, 'greeter-envoy-retry'), mechanism: 'proxy, repeats what a dead host lost' }),
  },
  {
    id: 'envoy-eds',
    label: 'Envoy told by EDS',
    group: 'proxy',
    page: 'envoy-eds',
    objects: 'envoy-eds',
    workers: 2,
    teaches: 'An ADS server that watches EndpointSlices pushes each change: a proxy without the wait for DNS.',
    lane: (names) => ({ ...envoy(names, 'greeter-envoy-eds'), mechanism: 'proxy, told of each change' }),
  },
  {
    id: 'envoy-workers',
    label: 'Envoy, more workers',
    group: 'proxy',
    page: 'envoy',
    objects: 'envoy-workers',
    workers: 4,
    teaches:
      'Each worker thread has connections and a round robin of its own; one client connection lives on one worker.',
    lane: (names) => ({ ...envoy(names, 'greeter-envoy-workers'), mechanism: 'proxy, a round robin per worker' }),
  },
  {
    id: 'haproxy',
    label: 'HAProxy',
    group: 'proxy',
    page: 'haproxy',
    objects: 'haproxy',
    teaches: 'A slot for each address of the headless name, filled by its own DNS lookups; balances each call.',
    lane: (names) => ({ ...proxy(names, 'greeter-haproxy'), mechanism: 'proxy, asks DNS by itself' }),
  },
  {
    id: 'nginx',
    label: 'nginx, a name in its upstream',
    group: 'broken',
    page: 'nginx',
    objects: 'nginx',
    teaches: 'The configuration that most people write: the name is looked up once, at the start. New pods never come.',
    lane: (names) => ({ ...proxy(names, 'greeter-nginx'), mechanism: 'proxy, asked DNS once, at its start' }),
  },
  {
    id: 'nginx-resolver',
    label: 'nginx, the name in a variable',
    group: 'proxy',
    page: 'nginx',
    objects: 'nginx-resolver',
    teaches: 'With a resolver and a variable nginx asks DNS again, and connects to a pod anew for each call.',
    lane: (names) => ({ ...proxy(names, 'greeter-nginx-resolver'), mechanism: 'proxy, asks DNS every 5 s' }),
  },
  {
    id: 'envoy-strict-clusterip',
    label: 'Envoy, STRICT_DNS on a ClusterIP',
    group: 'broken',
    page: 'envoy-clusterip',
    objects: 'envoy-strict-clusterip',
    workers: 2,
    teaches:
      'One host, the virtual address: a connection per worker, each drawn once by kube-proxy. A proxy that pins.',
    lane: (names) => ({
      ...envoy(names, 'greeter-envoy-strict-clusterip'),
      mechanism: 'proxy that knows one virtual address',
    }),
  },
  {
    id: 'envoy-logical-clusterip',
    label: 'Envoy, LOGICAL_DNS on a ClusterIP',
    group: 'broken',
    page: 'envoy-clusterip',
    objects: 'envoy-logical-clusterip',
    workers: 2,
    teaches: 'LOGICAL_DNS takes one address of an answer: on a ClusterIP it pins just as STRICT_DNS does.',
    lane: (names) => ({
      ...envoy(names, 'greeter-envoy-logical-clusterip'),
      mechanism: 'proxy that knows one virtual address',
    }),
  },
  {
    id: 'http1-close',
    label: 'HTTP/1.1 + JSON, connection per call',
    group: 'client',
    page: 'http1-json',
    teaches: 'The REST that people moved from: kube-proxy draws anew for each call, as each call connects anew.',
    lane: (names) => ({ ...json(names), keepAlive: false, mechanism: 'a new connection for each call' }),
  },
  {
    id: 'http1-keepalive',
    label: 'HTTP/1.1 + JSON, keep-alive',
    group: 'client',
    page: 'http1-json',
    teaches: 'REST with keep-alive pins too: as many connections as calls run at once, each to the pod it drew.',
    lane: (names) => ({ ...json(names), keepAlive: true, mechanism: 'a pool of connections, each to one pod' }),
  },
  ...(['grpc-go', 'grpc-js', 'grpc-java'] as const).map(
    (profile): Preset => ({
      id: `headless-${profile}`,
      label: `Headless DNS as ${profile}`,
      group: 'client',
      page: 'resolver-profiles',
      teaches: `When ${profile} looks a name up again, and what it does with a bad answer.`,
      lane: (names) => ({ ...headless(names), profile, mechanism: `looks up as ${profile} does` }),
    }),
  ),
  {
    id: 'grpc-js',
    label: 'grpc-js itself, round_robin',
    group: 'client',
    page: 'grpc-js',
    teaches:
      'No model: @grpc/grpc-js in a process of its own, beside our profile of it. Its DNS questions are counted.',
    lane: (names) => ({ ...headless(names), client: 'grpc-js', mechanism: 'the real client, rotates over its answer' }),
  },
  {
    id: 'grpc-js-pick-first',
    label: 'grpc-js itself, pick_first',
    group: 'client',
    page: 'grpc-js',
    teaches: 'The real client as it comes: its default policy stays on one pod of a headless name.',
    lane: (names) => ({
      ...headless(names),
      policy: 'pick_first',
      client: 'grpc-js',
      mechanism: 'the real client, stays on one address',
    }),
  },
  {
    id: 'connect-node',
    label: 'connect-node itself',
    group: 'client',
    page: 'connect-node',
    teaches: 'The Connect transport for Node as it comes: one session to one address of the name. It balances nothing.',
    lane: (names) => ({
      ...headless(names),
      resolver: 'static',
      policy: 'pick_first',
      client: 'connect-node',
      mechanism: 'the real client, one session to one address',
    }),
  },
  {
    id: 'headless-poll',
    label: 'Headless DNS, asked every 5 s',
    group: 'client',
    page: 'resolver-profiles',
    teaches: 'The common home-made fix: ask DNS on a timer. New pods are found within that time, whatever happens.',
    lane: (names) => ({
      ...headless(names),
      profile: 'poll',
      pollIntervalSeconds: 5,
      mechanism: 'asks DNS every 5 s',
    }),
  },
  {
    id: 'headless-retry',
    label: 'Headless DNS with a retry policy',
    group: 'client',
    page: 'connection-life',
    teaches: 'gRFC A6: what a server refused is tried again on another pod, within a budget, and counted apart.',
    lane: (names) => ({
      ...headless(names),
      profile: 'grpc-go',
      retry: create(RetryPolicySchema, {
        maxAttempts: 4,
        initialBackoffMs: 20,
        maxBackoffMs: 200,
        backoffMultiplier: 2,
        codes: ['UNAVAILABLE'],
        budgetTokens: 100,
        budgetRatio: 0.1,
      }),
      mechanism: 'tries UNAVAILABLE again, elsewhere',
    }),
  },
  {
    id: 'headless-pick-first',
    label: 'Headless DNS with pick_first',
    group: 'broken',
    page: 'headless-pick-first',
    teaches: "The commonest mistake: a headless name with gRPC's default policy pins to one pod.",
    lane: (names) => ({
      ...headless(names),
      policy: 'pick_first',
      profile: 'grpc-go',
      mechanism: 'stays on the first address that answers',
    }),
  },
  {
    id: 'address',
    label: 'An address you give',
    group: 'own',
    page: 'your-own-address',
    needsTarget: true,
    teaches: 'Any proxy, Ingress or mesh gateway in front of the same pods, plaintext or TLS.',
    lane: () => ({ resolver: 'static', policy: 'pick_first', mechanism: 'one connection to the address you gave' }),
  },
  {
    id: 'own-service',
    label: 'Your own Service',
    group: 'own',
    page: 'your-own-service',
    needsTarget: true,
    needsMethod: true,
    teaches:
      'A unary method of the service that you run, found by reflection: is its traffic balanced, and who answers?',
    lane: () => ({
      resolver: 'dns',
      policy: 'round_robin',
      profile: 'grpc-go',
      mechanism: 'rotates over the addresses of the name you gave',
    }),
  },
];

export function findPreset(id: string): Preset | undefined {
  return presets.find((each) => each.id === id);
}

/** What else may be said when a preset is switched on. */
export interface PresetChoices {
  readonly laneId?: string | undefined;
  readonly target?: string | undefined;
  readonly tls?: Tls | undefined;
  readonly method?: Method | undefined;
}

export function laneOf(preset: Preset, names: ClusterNames, choices: PresetChoices = {}): LaneSpec {
  const { laneId = preset.id, target, tls, method } = choices;
  return create(LaneSpecSchema, {
    ...preset.lane(names),
    id: laneId,
    label: preset.needsTarget === true && target !== undefined ? target : preset.label,
    preset: preset.id,
    ...(target === undefined ? {} : { target }),
    ...(tls === undefined ? {} : { tls }),
    ...(method === undefined ? {} : { method }),
  });
}

/** The menu as it stands: each preset with the lanes made from it and whether they can run. */
export function shownPresets(run: Pick<Run, 'lanes'>): ShownPreset[] {
  return presets.map((preset) => {
    const lanes = [...run.lanes.values()].filter((lane) => (lane.spec?.preset || lane.id) === preset.id);
    const out = lanes.every((lane) => lane.state === 'unavailable') ? lanes[0] : undefined;
    return create(PresetSchema, {
      ...plainPreset(preset),
      state: lanes.length === 0 ? 'off' : out === undefined ? 'on' : 'unavailable',
      reason: out?.reason ?? '',
      laneIds: lanes.map((lane) => lane.id),
    });
  });
}

function plainPreset(preset: Preset): MessageInitShape<typeof PresetSchema> {
  const { id, label, group, teaches, page, objects, needsTarget, needsMethod, workers } = preset;
  return {
    id,
    label,
    group,
    teaches,
    page: `docs/paths/${page}.md`,
    needsObjects: objects !== undefined,
    needsTarget: needsTarget === true,
    needsMethod: needsMethod === true,
    workers: workers ?? 0,
  };
}
