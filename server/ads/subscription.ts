import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '../../gen/envoy/config/endpoint/v3/endpoint_pb.js';
import {
  type DiscoveryRequest,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '../../gen/envoy/service/discovery/v3/ads_pb.js';

export const endpointsType = `type.googleapis.com/${ClusterLoadAssignmentSchema.typeName}`;

/** What all Envoys get: who is in each cluster, as one version. */
export interface Snapshot {
  readonly version: string;
  readonly clusters: ReadonlyMap<string, ClusterLoadAssignment>;
}

/** What became of a request; the program logs it. */
export type Heard =
  | { readonly t: 'subscribed'; readonly names: readonly string[] }
  | { readonly t: 'ack'; readonly version: string }
  | { readonly t: 'nack'; readonly version: string; readonly message: string }
  /** An answer to a response that was overtaken, or a type that nobody is told of here. */
  | { readonly t: 'ignored'; readonly why: string };

/**
 * One Envoy's stream, state of the world (https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol). At most one response
 * is out at a time: what changes meanwhile is sent, as its latest state, once Envoy has said what it thinks of that one.
 * A version that was refused is not sent again.
 */
export class Subscription {
  #names: readonly string[] | undefined;
  #nonces = 0;
  /** The response that Envoy has not answered yet. */
  #pending: { readonly nonce: string; readonly version: string } | undefined;
  #lastNonce = '';
  #sent: string | undefined;

  hear(request: DiscoveryRequest): Heard {
    if (request.typeUrl !== endpointsType) return { t: 'ignored', why: `no resources of type ${request.typeUrl}` };
    if (request.responseNonce !== this.#lastNonce) {
      return { t: 'ignored', why: `nonce ${request.responseNonce} was overtaken by ${this.#lastNonce}` };
    }
    const answered = this.#pending;
    this.#pending = undefined;
    const names = [...request.resourceNames].sort();
    if (this.#names === undefined || names.join() !== this.#names.join()) {
      this.#names = names;
      this.#sent = undefined;
      if (answered === undefined || request.errorDetail === undefined) return { t: 'subscribed', names };
    }
    if (request.errorDetail !== undefined) {
      return { t: 'nack', version: answered?.version ?? '', message: request.errorDetail.message };
    }
    return { t: 'ack', version: request.versionInfo };
  }

  /** What is to be sent now, if anything. */
  next(snapshot: Snapshot): DiscoveryResponse | undefined {
    if (this.#names === undefined || this.#pending !== undefined || this.#sent === snapshot.version) return undefined;
    const nonce = String(++this.#nonces);
    this.#pending = { nonce, version: snapshot.version };
    this.#lastNonce = nonce;
    this.#sent = snapshot.version;
    const resources = this.#names.flatMap((name) => {
      const cluster = snapshot.clusters.get(name);
      return cluster === undefined ? [] : [anyPack(ClusterLoadAssignmentSchema, cluster)];
    });
    return create(DiscoveryResponseSchema, {
      versionInfo: snapshot.version,
      typeUrl: endpointsType,
      nonce,
      resources,
    });
  }
}
