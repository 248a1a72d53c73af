import type { LaneSpec } from '../../gen/lbscope/events/v1/events_pb.js';
import { findPreset } from '../../model/presets.ts';
import type { Lookup, SliceWatch } from '../balancing/resolver/port.ts';
import type { Clock, EventSink, Timers } from '../events/port.ts';
import { EnvoyMembership } from './envoy.ts';
import { createEnvoyStatus } from './envoy-status.ts';
import { ServicePresence } from './service-presence.ts';

export interface MembershipParts {
  readonly events: EventSink;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly lookup: Lookup;
  readonly sliceWatch: SliceWatch;
  readonly onState: (state: 'ok' | 'unreachable', reason: string) => void;
}

/** The reader of a lane's proxy; undefined for a lane without one. */
export function createMembership(
  spec: LaneSpec,
  parts: MembershipParts,
): EnvoyMembership | ServicePresence | undefined {
  if (spec.envoyStatus === '') {
    return findPreset(spec.preset)?.objects === undefined
      ? undefined
      : new ServicePresence({ ...parts, target: spec.target });
  }
  const colon = spec.envoyStatus.lastIndexOf(':');
  const name = spec.envoyStatus.slice(0, colon);
  const port = Number(spec.envoyStatus.slice(colon + 1));
  /** The address stays as long as it answers; after a failure the name is looked up again. */
  let known: string | undefined;
  return new EnvoyMembership({
    laneId: spec.id,
    status: createEnvoyStatus(),
    address: async () => {
      if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return { host: name, port };
      if (known === undefined) {
        const found = await parts.lookup.lookup(name);
        known = found.ok ? found.addresses[0] : undefined;
      }
      return known === undefined ? undefined : { host: known, port };
    },
    events: parts.events,
    clock: parts.clock,
    timers: parts.timers,
    onState: (state, reason) => {
      if (state === 'unreachable') known = undefined;
      parts.onState(state, reason);
    },
  });
}
