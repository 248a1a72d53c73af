import { describe, expect, it } from 'vitest';
import { same } from './same.ts';

describe('same', () => {
  it('compares plain values by what they say', () => {
    expect(same({ a: [1, { b: 'x' }] }, { a: [1, { b: 'x' }] })).toBe(true);
    expect(same({ a: [1, { b: 'x' }] }, { a: [1, { b: 'y' }] })).toBe(false);
    expect(same({ a: 1 }, { a: 1, b: undefined })).toBe(false);
    expect(same([1, 2], [1])).toBe(false);
    expect(same(undefined, null)).toBe(false);
  });

  it('takes anything else as one value', () => {
    const map = new Map();
    expect(same({ map }, { map })).toBe(true);
    expect(same({ map }, { map: new Map() })).toBe(false);
    expect(same({ $typeName: 'x' }, { $typeName: 'x' })).toBe(false);
  });
});
