import { describe, expect, it } from 'vitest';
import { mostMarks, niceAbove, scaleFor, travelMs } from './scale.ts';

describe('scale', () => {
  it.each([
    [0, 1],
    [0.3, 0.5],
    [1, 1],
    [7, 10],
    [100, 100],
    [101, 200],
    [20_000, 20_000],
  ])('%d is held by %d', (rate, step) => expect(niceAbove(rate)).toBe(step));

  it('is the same for all lanes: width is calls per second', () => {
    const { pxPerCall } = scaleFor([200, 100, 50], 48, 1_000, 1);
    expect(pxPerCall * 200).toBe(48);
    expect(pxPerCall * 50).toBe(12);
  });

  it('drops for all where streams into one pod would not fit its edge', () => {
    const wide = scaleFor([200], 48, 1_000, 1.2);
    const tight = scaleFor([200], 48, 30, 1.2);
    expect(tight.pxPerCall * 200 * 1.2).toBeLessThanOrEqual(30);
    expect(tight.pxPerCall).toBeLessThan(wide.pxPerCall);
  });

  it('wavers not with a wavering rate', () => {
    expect(scaleFor([99], 48, 100, 1)).toEqual(scaleFor([103], 48, 100, 1));
  });

  it.each([1, 100, 200, 5_000, 20_000])('shows at most sixty marks a stream at %d calls/s', (rate) => {
    const { callsPerMark } = scaleFor([rate], 48, 100, 1);
    expect((rate * travelMs) / 1_000 / callsPerMark).toBeLessThanOrEqual(mostMarks + 1e-9);
    expect(Number.isInteger(callsPerMark)).toBe(true);
  });
});
