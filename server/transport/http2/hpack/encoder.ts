import { staticField, staticName } from './static-table.ts';

/**
 * HPACK in the forms that leave the peer's table alone (static index, literal without indexing), so that a block, once
 * made, is right on any connection and at any time.
 */
export function encodeFields(fields: readonly (readonly [name: string, value: string])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, value] of fields) parts.push(encodeField(name, value));
  return Buffer.concat(parts);
}

export function encodeField(name: string, value: string): Uint8Array {
  const exact = staticField(name, value);
  if (exact > 0) return Uint8Array.from(integer(0x80, 7, exact));
  const index = staticName(name);
  const head = integer(0, 4, index);
  if (index === 0) head.push(...integer(0, 7, name.length), ...Buffer.from(name, 'latin1'));
  const text = Buffer.from(value, 'latin1');
  return Buffer.concat([Uint8Array.from([...head, ...integer(0, 7, text.length)]), text]);
}

/** "Dynamic table size update" to nothing: owed to a peer that made its table smaller (RFC 7541, 4.2). */
export const emptyTable = 0x20;

/** RFC 7541, 5.1. */
function integer(pattern: number, prefixBits: number, value: number): number[] {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return [pattern | value];
  const bytes = [pattern | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return bytes;
}
