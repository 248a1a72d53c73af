/**
 * RFC 7541, appendix B: the length in bits of each symbol's code, 0 to 255 and EOS. The code is canonical (shorter codes first, and by
 * symbol among equals), so the lengths are all there is to know.
 */
const lengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];
const eos = 256;

/** Codes by symbol. */
export function huffmanCodes(): readonly { readonly code: number; readonly bits: number }[] {
  const order = lengths.map((_, symbol) => symbol).sort((a, b) => bitsOf(a) - bitsOf(b) || a - b);
  const codes: { code: number; bits: number }[] = new Array(lengths.length);
  let code = 0;
  let bits = bitsOf(order[0] as number);
  for (const symbol of order) {
    code <<= bitsOf(symbol) - bits;
    bits = bitsOf(symbol);
    codes[symbol] = { code, bits };
    code++;
  }
  return codes;
}

function bitsOf(symbol: number): number {
  return lengths[symbol] as number;
}

/**
 * The tree as a machine that eats four bits a step. The shortest code has five, so a step gives one symbol at most.
 * Transition: next state in the low 9 bits, then the symbol, then `emits` and `fails`.
 */
const emits = 1 << 17;
const fails = 1 << 18;
const machine = buildMachine();

function buildMachine(): { steps: Int32Array; ends: Uint8Array } {
  // Inner nodes by number; a negative child is a leaf, -1 - symbol.
  const children: [number, number][] = [[0, 0]];
  for (const [symbol, { code, bits }] of huffmanCodes().entries()) {
    let node = 0;
    for (let bit = bits - 1; bit >= 0; bit--) {
      const side = (code >> bit) & 1;
      const pair = children[node] as [number, number];
      if (bit === 0) {
        pair[side] = -1 - symbol;
      } else {
        if (pair[side] === 0) pair[side] = children.push([0, 0]) - 1;
        node = pair[side] as number;
      }
    }
  }
  const steps = new Int32Array(children.length * 16);
  for (let state = 0; state < children.length; state++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      let node = state;
      let flags = 0;
      for (let bit = 3; bit >= 0; bit--) {
        const child = (children[node] as [number, number])[(nibble >> bit) & 1] as number;
        if (child >= 0) {
          node = child;
        } else {
          node = 0;
          flags = -1 - child === eos ? fails : flags | emits | ((-1 - child) << 9);
        }
        if (flags & fails) break;
      }
      steps[state * 16 + nibble] = node | flags;
    }
  }
  // Padding is up to seven bits of EOS, which begins with ones.
  const ends = new Uint8Array(children.length);
  for (let node = 0, ones = 0; ones < 8; ones++) {
    ends[node] = 1;
    node = (children[node] as [number, number])[1];
  }
  return { steps, ends };
}

/** As latin1 text, one character a byte; undefined where the code is broken (EOS inside, wrong or long padding). */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string | undefined {
  const { steps, ends } = machine;
  let text = '';
  let state = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    let step = steps[state * 16 + (byte >> 4)] as number;
    if (step & fails) return undefined;
    if (step & emits) text += String.fromCharCode((step >> 9) & 255);
    step = steps[(step & 511) * 16 + (byte & 15)] as number;
    if (step & fails) return undefined;
    if (step & emits) text += String.fromCharCode((step >> 9) & 255);
    state = step & 511;
  }
  return ends[state] === 1 ? text : undefined;
}
