import { describe, expect, it } from 'vitest';
import { qrPath } from './qr-code.tsx';

/** The modules that the path paints. */
function dark(text: string): { at: (x: number, y: number) => boolean; size: number } {
  const { d, size } = qrPath(text);
  const set = new Set([...d.matchAll(/M(\d+) (\d+)/g)].map(([, x, y]) => `${x},${y}`));
  return { at: (x, y) => set.has(`${x},${y}`), size };
}

describe('QR code', () => {
  it('has its three finders, and silence around it', () => {
    const { at, size } = dark('http://10.0.0.5:3000/#token=abcdefghijklmnopqrstuv');
    const finder = (x: number, y: number) => {
      for (let i = 0; i < 7; i += 1) {
        for (let j = 0; j < 7; j += 1) {
          const ring = Math.max(Math.abs(i - 3), Math.abs(j - 3));
          expect(at(x + i, y + j), `${i},${j}`).toBe(ring !== 2);
        }
      }
    };
    finder(4, 4);
    finder(size - 11, 4);
    finder(4, size - 11);
    for (let i = 0; i < size; i += 1) {
      expect([at(i, 3), at(3, i), at(i, size - 4), at(size - 4, i)]).toEqual([false, false, false, false]);
    }
  });

  it('differs with the text, and grows with it', () => {
    expect(qrPath('http://a/').d).not.toBe(qrPath('http://b/').d);
    expect(qrPath('x'.repeat(200)).size).toBeGreaterThan(qrPath('x').size);
  });
});
