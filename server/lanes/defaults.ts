import { create } from '@bufbuild/protobuf';
import { type LaneSpec, TlsSchema, type Traffic, TrafficSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { type ClusterNames, laneOf, presets } from '../../model/presets.ts';

const initial: readonly string[] = ['clusterip', 'headless', 'kubewatch', 'envoy'];

/** Every way of the design's comparison that needs no change to a cluster with k8s/base in it. */
export function defaultLanes(names: ClusterNames, serverName?: string): LaneSpec[] {
  const lanes = presets.filter(({ id }) => initial.includes(id)).map((preset) => laneOf(preset, names));
  // A cluster whose greeters speak TLS (overlay tls): one certificate for all, and calls that show a token.
  const tls =
    serverName === undefined ? undefined : create(TlsSchema, { serverName, ownCa: true, callCredentials: true });
  return tls === undefined ? lanes : lanes.map((lane) => ({ ...lane, tls }));
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
    messageIntervalMs: 0,
  });
}
