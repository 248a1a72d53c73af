import { describe, expect, it } from 'vitest';
import { count, marks, ms } from './scorecard.ts';

const figures = (values: (number | undefined)[], slack = 0) =>
  values.map((value) => (value === undefined ? undefined : { value, slack }));

describe('marks', () => {
  it('marks nobody when all are alike', () => {
    expect(marks(figures([0, 0, 0, 0]))).toEqual([undefined, undefined, undefined, undefined]);
    expect(marks(figures([1, 1.2, 1.4], 0.5))).toEqual([undefined, undefined, undefined]);
  });

  it('marks one best and every worst', () => {
    expect(marks(figures([14, 1, 2, 14]))).toEqual(['worst', 'best', undefined, 'worst']);
  });

  it('marks no best where the good end is a tie', () => {
    expect(marks(figures([0, 0, 5]))).toEqual([undefined, undefined, 'worst']);
  });

  it('leaves out what is not known', () => {
    expect(marks(figures([undefined, 3]))).toEqual([undefined, undefined]);
    expect(marks(figures([undefined, 3, 9]))).toEqual([undefined, 'best', 'worst']);
  });
});

describe('count', () => {
  it('parts thousands and keeps a fraction only where it matters', () => {
    expect([0, 4, 66.7, 0.5, 1234567].map(count)).toEqual(['0', '4', '67', '0.5', '1\u2009234\u2009567']);
  });
});

describe('ms', () => {
  it('keeps two digits that matter', () => {
    expect([0.084, 0.84, 0.997, 1.26, 9.97, 12.4, 250.2].map(ms)).toEqual([
      '0.08',
      '0.84',
      '1.0',
      '1.3',
      '10',
      '12',
      '250',
    ]);
  });
});
