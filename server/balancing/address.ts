import type { Address } from '../transport/port.ts';

/** "ip:port", as events and routes show it; IPv6 in brackets. */
export function keyOf(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Each address once, in the order given. */
export function distinct(addresses: readonly Address[]): Address[] {
  const seen = new Map<string, Address>();
  for (const address of addresses) {
    const key = keyOf(address);
    if (!seen.has(key)) seen.set(key, address);
  }
  return [...seen.values()];
}

/** Splits "host:port"; the port may be a name where the resolver knows names. Undefined if it is neither. */
export function parseTarget(target: string): { readonly host: string; readonly port: string } | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+)):([\w-]+)$/.exec(target);
  if (parts === null) return undefined;
  return { host: (parts[1] ?? parts[2]) as string, port: parts[3] as string };
}

/** A port number from 1 to 65,535, or undefined. */
export function portNumber(port: string): number | undefined {
  const number = Number(port);
  return Number.isInteger(number) && number >= 1 && number <= 65_535 ? number : undefined;
}
