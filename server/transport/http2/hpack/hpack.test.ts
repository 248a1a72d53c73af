import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackDecoder } from './decoder.ts';
import { encodeFields } from './encoder.ts';
import { decodeHuffman, huffmanCodes } from './huffman.ts';

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const decode = (decoder: HpackDecoder, bytes: Uint8Array) => decoder.decode(bytes, 0, bytes.length);
const fieldsOf = (decoder: HpackDecoder, hex: string) => {
  const block = decode(decoder, bytesOf(hex));
  return block === undefined ? undefined : [...block.fields];
};

const request = (scheme: string, path: string, ...more: [string, string][]) => [
  [':method', 'GET'],
  [':scheme', scheme],
  [':path', path],
  [':authority', 'www.example.com'],
  ...more,
];
const response = (status: string, date: string, ...more: [string, string][]) =>
  new Map([
    [':status', status],
    ['cache-control', 'private'],
    ['date', `Mon, 21 Oct 2013 20:13:${date} GMT`],
    ['location', 'https://www.example.com'],
    ...more,
  ]);
const cookie = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';

describe('RFC 7541, appendix C', () => {
  it('C.1 integers, C.2 single fields', () => {
    const limits = new HpackDecoder(65_536);
    expect(fieldsOf(limits, '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572')).toEqual([
      ['custom-key', 'custom-header'],
    ]);
    expect(limits.tableSize).toBe(55);
    expect(fieldsOf(new HpackDecoder(65_536), '040c 2f73 616d 706c 652f 7061 7468')).toEqual([
      [':path', '/sample/path'],
    ]);
    expect(fieldsOf(new HpackDecoder(65_536), '1008 7061 7373 776f 7264 0673 6563 7265 74')).toEqual([
      ['password', 'secret'],
    ]);
    expect(fieldsOf(new HpackDecoder(65_536), '82')).toEqual([[':method', 'GET']]);
  });

  it.each([
    [
      'C.3 plain',
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
    [
      'C.4 Huffman',
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
  ])('%s requests', (_, first, second, third) => {
    const decoder = new HpackDecoder(65_536);
    expect(fieldsOf(decoder, first)).toEqual(request('http', '/'));
    expect(decoder.tableSize).toBe(57);
    expect(fieldsOf(decoder, second)).toEqual(request('http', '/', ['cache-control', 'no-cache']));
    expect(decoder.tableSize).toBe(110);
    expect(fieldsOf(decoder, third)).toEqual(request('https', '/index.html', ['custom-key', 'custom-value']));
    expect(decoder.tableSize).toBe(164);
  });

  // The appendix sets the table to 256 by SETTINGS; here the first block says so, with the same effect.
  it.each([
    [
      'C.5 plain',
      '3fe1 01 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '4803 3330 37c1 c0bf',
      '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
    ],
    [
      'C.6 Huffman',
      '3fe1 01 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
      '4883 640e ffc1 c0bf',
      '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
    ],
  ])('%s responses, with eviction', (_, first, second, third) => {
    const decoder = new HpackDecoder(65_536);
    expect(new Map(fieldsOf(decoder, first) as [string, string][])).toEqual(response('302', '21'));
    expect(decoder.tableSize).toBe(222);
    expect(new Map(fieldsOf(decoder, second) as [string, string][])).toEqual(response('307', '21'));
    expect(decoder.tableSize).toBe(222);
    expect(new Map(fieldsOf(decoder, third) as [string, string][])).toEqual(
      response('200', '22', ['content-encoding', 'gzip'], ['set-cookie', cookie]),
    );
    expect(decoder.tableSize).toBe(215);
  });
});

describe('decoder', () => {
  it.each([
    ['index 0', '80'],
    ['an index beyond both tables', 'c0'],
    ['an integer without end', 'ff ffff ffff ffff ffff'],
    ['an integer cut off', 'ff'],
    ['a text longer than the block', '4001 61 05 61'],
    ['a size update after a field', '82 20'],
    ['a size update beyond our limit', '3f e2 1f'],
    ['Huffman with EOS inside', '4001 61 84 ffff ffff'],
    ['Huffman padded with zeros', '4001 61 81 18'],
    ['Huffman padded by a whole byte', '4001 61 82 1fff'],
  ])('refuses %s', (_, hex) => {
    expect(fieldsOf(new HpackDecoder(65_536), hex)).toBeUndefined();
  });

  it('gives the same block for the same bytes until the table changes', () => {
    const decoder = new HpackDecoder(65_536);
    const insert = (value: string) => decode(decoder, Buffer.concat([bytesOf('4001 61 01'), Buffer.from(value)]));
    insert('1');
    const first = decode(decoder, bytesOf('be'));
    expect(first?.fields.get('a')).toBe('1');
    expect(decode(decoder, bytesOf('be'))).toBe(first);
    insert('2');
    expect(decode(decoder, bytesOf('be'))?.fields.get('a')).toBe('2');
    decode(decoder, bytesOf('20'));
    expect(decode(decoder, bytesOf('be'))).toBeUndefined();
  });

  it('reads a list that is too long to its end, keeps none of the rest and says so', () => {
    const decoder = new HpackDecoder(100);
    const block = decode(decoder, bytesOf('4001 61 01 31 4001 62 01 32 4001 63 01 33'));
    expect(block?.fault).toContain('longer than 100');
    expect(block?.fields.size).toBe(2);
    // Three entries of 34 bytes: the table saw them all.
    expect(decoder.tableSize).toBe(3 * 34);
  });

  it.each([
    ['88 4001 41 01 31', 'a header name'],
    ['88 88', ':status twice'],
    ['4001 61 01 31 88', 'after other headers'],
    ['82', 'must not have'],
    ['88 4001 61 01 0a', 'a header value'],
  ])('calls %s malformed', (hex, text) => {
    expect(decode(new HpackDecoder(65_536), bytesOf(hex))?.fault).toContain(text);
  });

  it('never throws, whatever the bytes', () => {
    const decoder = new HpackDecoder(4096);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decode(decoder, bytes);
        expect(decoder.tableSize).toBeLessThanOrEqual(4096);
      }),
      { numRuns: 20_000 },
    );
  });
});

it('Huffman: every text comes back', () => {
  const codes = huffmanCodes();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      let bits = '';
      for (const byte of bytes) {
        const { code, bits: length } = codes[byte] as { code: number; bits: number };
        bits += code.toString(2).padStart(length, '0');
      }
      bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
      const coded = Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
      expect(decodeHuffman(coded, 0, coded.length)).toBe(Buffer.from(bytes).toString('latin1'));
    }),
    { numRuns: 2000 },
  );
});

it('what the encoder writes, the decoder reads, and the table stays empty', () => {
  const decoder = new HpackDecoder(1 << 20);
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
  const value = fc.string({ unit: 'grapheme-ascii', maxLength: 300 });
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 20 }), (fields) => {
      const bytes = encodeFields(fields);
      expect([...(decode(decoder, bytes)?.fields ?? [])]).toEqual(fields);
      expect(decoder.tableSize).toBe(0);
    }),
    { numRuns: 1000 },
  );
});
