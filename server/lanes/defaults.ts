import { create } from '@bufbuild/protobuf';
import { type LaneSpec, LaneSpecSchema, type Traffic, TrafficSchema } from '../../gen/lbscope/events/v1/events_pb.js';

export interface ClusterNames {
  readonly namespace: string;
  readonly service: string;
  readonly headlessService: string;
  readonly envoyService: string;
  /** The pods' port. */
  readonly port: number;
}

const envoyPort = 10_000;
const envoyStatusPort = 9_902;

/** Every way of the design's comparison that needs no change to a cluster with k8s/base in it. */
export function defaultLanes(names: ClusterNames): LaneSpec[] {
  const host = (service: string): string => `${service}.${names.namespace}.svc.cluster.local`;
  return [
    create(LaneSpecSchema, {
      id: 'clusterip',
      label: 'ClusterIP',
      target: `${host(names.service)}:${names.port}`,
      resolver: 'static',
      policy: 'pick_first',
      mechanism: 'kube-proxy picks per connection',
    }),
    create(LaneSpecSchema, {
      id: 'headless',
      label: 'Headless DNS',
      target: `${host(names.headlessService)}:${names.port}`,
      resolver: 'dns',
      policy: 'round_robin',
      profile: 'grpc-go',
      mechanism: 'rotates over its DNS answer',
    }),
    create(LaneSpecSchema, {
      id: 'kubewatch',
      label: 'kube-watch',
      target: `${names.service}.${names.namespace}:${names.port}`,
      resolver: 'kubernetes',
      policy: 'round_robin',
      mechanism: 'follows the EndpointSlices',
    }),
    create(LaneSpecSchema, {
      id: 'envoy',
      label: 'Envoy',
      target: `${host(names.envoyService)}:${envoyPort}`,
      resolver: 'static',
      policy: 'pick_first',
      envoyStatus: `${host(names.envoyService)}:${envoyStatusPort}`,
      mechanism: 'proxy, asks DNS every 5 s',
    }),
  ];
}

/** 100 calls a second on each lane: enough to see a share within a second, little enough for two cores. */
export function defaultTraffic(ratePerSecond = 100): Traffic {
  return create(TrafficSchema, {
    ratePerSecond,
    concurrency: 0,
    connections: 1,
    kind: 'unary',
    messagesPerStream: 10,
    payloadBytes: 0,
    deadlineMs: 5_000,
    thinkTimeMs: 0,
  });
}
