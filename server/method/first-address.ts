import { isIP } from 'node:net';
import type { LaneSpec } from '../../gen/lbscope/events/v1/events_pb.js';
import { parseTarget } from '../balancing/address.ts';
import type { Lookup, SliceWatch } from '../balancing/resolver/port.ts';
import type { Timers } from '../events/port.ts';
import type { Address } from '../transport/port.ts';

/** A Service whose slices say nothing for this long has no endpoint to ask. */
const patienceMs = 5_000;

/** One address of the lane's target, to ask by reflection; a text says why there is none. */
export async function firstAddress(
  { target, resolver }: Pick<LaneSpec, 'target' | 'resolver'>,
  parts: { readonly lookup: Lookup; readonly sliceWatch: SliceWatch; readonly timers: Timers },
): Promise<Address | string> {
  const parsed = parseTarget(target);
  if (parsed === undefined) return `"${target}" is no target`;
  const { host, port } = parsed;
  if (resolver === 'kubernetes') return watched(host, port, parts);
  if (isIP(host) !== 0) return { host, port: Number(port) };
  const outcome = await parts.lookup.lookup(host);
  const [first] = outcome.ok ? outcome.addresses : [];
  if (first !== undefined) return { host: first, port: Number(port) };
  return outcome.ok ? `${host} has no address` : `${host}: ${outcome.code}`;
}

function watched(
  host: string,
  port: string,
  { sliceWatch, timers }: { readonly sliceWatch: SliceWatch; readonly timers: Timers },
): Promise<Address | string> {
  const [name = '', namespace = ''] = host.split('.');
  return new Promise((resolve) => {
    let over = false;
    const settle = (found: Address | string): void => {
      if (over) return;
      over = true;
      timer.cancel();
      // Not from within its own first word.
      queueMicrotask(() => watch.stop());
      resolve(found);
    };
    const timer = timers.setTimeout(() => settle(`no endpoint of ${host} is known`), patienceMs);
    const watch = sliceWatch.watch({ namespace, name }, /^\d+$/.test(port) ? Number(port) : port, {
      onEndpoints: ([first]) => {
        if (first !== undefined) settle(first);
      },
      onState: (state, message) => {
        if (state === 'forbidden') settle(message);
      },
    });
  });
}
