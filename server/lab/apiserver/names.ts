/** Without vowels and look-alikes, so that no word and no doubt arises (apimachinery's util/rand). */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

export type Random = () => number;

/** `count` characters that are safe in a name, e.g. the last five of a pod's. */
export function safeSuffix(random: Random, count = 5): string {
  let suffix = '';
  for (let i = 0; i < count; i++) suffix += alphabet[Math.floor(random() * alphabet.length)];
  return suffix;
}

/** rand.SafeEncodeString: each character of a hash replaced by one of the safe alphabet. */
export function safeEncode(text: string): string {
  let encoded = '';
  for (let i = 0; i < text.length; i++) encoded += alphabet[text.charCodeAt(i) % alphabet.length];
  return encoded;
}

/** A version 4 UUID from the injected randomness, so that a seed reproduces a run. */
export function uuid(random: Random): string {
  const bytes = Array.from({ length: 16 }, () => Math.floor(random() * 256));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
