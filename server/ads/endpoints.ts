import { create } from '@bufbuild/protobuf';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '../../gen/envoy/config/endpoint/v3/endpoint_pb.js';
import type { Snapshot } from './subscription.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** The newest snapshot, and who wants to hear of the next. */
export class Endpoints {
  readonly #cluster: string;
  readonly #listeners = new Set<() => void>();
  readonly #epoch: string;
  #count = 0;
  #known: string | undefined;
  #snapshot: Snapshot | undefined;

  /** `epoch`: makes versions differ from those of this program's earlier lives. */
  constructor(cluster: string, epoch: string) {
    this.#cluster = cluster;
    this.#epoch = epoch;
  }

  /** Undefined until the API server was heard: an empty list now would empty an Envoy that knows better. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** True when something changed. */
  set(addresses: readonly Address[]): boolean {
    const sorted = [...addresses].sort(
      (a, b) => a.host.localeCompare(b.host, 'en', { numeric: true }) || a.port - b.port,
    );
    const key = sorted.map(({ host, port }) => `${host}:${port}`).join();
    if (key === this.#known) return false;
    this.#known = key;
    const clusters = new Map([[this.#cluster, assignment(this.#cluster, sorted)]]);
    this.#snapshot = { version: `${this.#epoch}.${++this.#count}`, clusters };
    for (const listener of [...this.#listeners]) listener();
    return true;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function assignment(cluster: string, addresses: readonly Address[]): ClusterLoadAssignment {
  return create(ClusterLoadAssignmentSchema, {
    clusterName: cluster,
    endpoints: [
      {
        lbEndpoints: addresses.map(({ host, port }) => ({
          hostIdentifier: {
            case: 'endpoint' as const,
            value: {
              address: {
                address: {
                  case: 'socketAddress' as const,
                  value: { address: host, portSpecifier: { case: 'portValue' as const, value: port } },
                },
              },
            },
          },
        })),
      },
    ],
  });
}
