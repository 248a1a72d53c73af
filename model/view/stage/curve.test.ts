import { describe, expect, it } from 'vitest';
import { along, distance, flowCurve, sample } from './curve.ts';

const from = { x: 0, y: 0 };
const to = { x: 120, y: 260 };

describe('a stream’s curve', () => {
  it('leaves and arrives along the flow', () => {
    const curve = sample(flowCurve(from, to, false));
    const at = new Float32Array(4);
    along(curve, 0, at);
    expect(Math.abs(at[3] as number)).toBeLessThan(0.1);
    along(curve, 1, at);
    expect(Math.abs(at[3] as number)).toBeLessThan(0.1);
    along(sample(flowCurve(from, to, true)), 0, at);
    expect(Math.abs(at[2] as number)).toBeLessThan(0.1);
  });

  it('is run through at constant speed', () => {
    const curve = sample(flowCurve(from, to, false));
    const at = new Float32Array(4);
    const steps = Array.from({ length: 21 }, (_, i) => {
      along(curve, i / 20, at);
      return { x: at[0] as number, y: at[1] as number };
    });
    const gaps = steps.slice(1).map((point, i) => Math.hypot(point.x - steps[i]!.x, point.y - steps[i]!.y));
    expect(Math.max(...gaps) / Math.min(...gaps)).toBeLessThan(1.05);
    expect(gaps.reduce((sum, gap) => sum + gap, 0)).toBeCloseTo(curve.length, -1);
  });

  it('knows how far a point is', () => {
    const curve = sample(flowCurve(from, to, false));
    expect(distance(curve, { x: 0, y: 0 })).toBeLessThan(1);
    expect(distance(curve, { x: 60, y: 130 })).toBeLessThan(8);
    expect(distance(curve, { x: 0, y: 260 })).toBeGreaterThan(30);
  });
});
