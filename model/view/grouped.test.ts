import { describe, expect, it } from 'vitest';
import { grouped } from './grouped.ts';

describe('grouped', () => {
  it('writes whole numbers as the browser would, with thin spaces', () => {
    for (const value of [0, 7, 99.6, 999, 1_000, 9_999.5, 20_000, 123_456, 1_234_567, 50_000_000, -1_500])
      expect(grouped(value)).toBe(Math.round(value).toLocaleString('en').replaceAll(',', '\u2009'));
  });
});
