import type { Address } from '../../transport/port.ts';

/** gRFC A62: a uniformly random order (Fisher and Yates). */
export function shuffled(addresses: readonly Address[], random: () => number): Address[] {
  const list = [...addresses];
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [list[last], list[other]] = [list[other] as Address, list[last] as Address];
  }
  return list;
}

/**
 * gRFC A61, after RFC 8305: address families take turns, beginning with the family of the first address, each in its own
 * order. A list of one family stays as it is.
 */
export function inHappyOrder(addresses: readonly Address[]): Address[] {
  const first = addresses[0];
  if (first === undefined) return [];
  const family = isV6(first);
  const same = addresses.filter((address) => isV6(address) === family);
  const other = addresses.filter((address) => isV6(address) !== family);
  const order: Address[] = [];
  for (let n = 0; n < Math.max(same.length, other.length); n++) {
    for (const address of [same[n], other[n]]) if (address !== undefined) order.push(address);
  }
  return order;
}

function isV6(address: Address): boolean {
  return address.host.includes(':');
}
