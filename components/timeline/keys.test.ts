import { expect, test } from 'vitest';
import { axisCommandOf } from './keys.ts';

const pressed = { modified: false, taken: false, slider: false };

test('while a slider has the focus, the keys that move along it are its own, and the others still work', () => {
  for (const key of ['ArrowLeft', 'ArrowRight', 'Home', 'End']) {
    expect(axisCommandOf({ ...pressed, key })).toBeDefined();
    expect(axisCommandOf({ ...pressed, key, slider: true })).toBeUndefined();
  }
  expect(axisCommandOf({ ...pressed, key: '2', slider: true })).toBe('10m');
  expect(axisCommandOf({ ...pressed, key: '[', slider: true })).toBe('out');
});

test('what is typed into, and what is held with another key, is not for the axis', () => {
  expect(axisCommandOf({ ...pressed, key: '2', taken: true })).toBeUndefined();
  expect(axisCommandOf({ ...pressed, key: '2', modified: true })).toBeUndefined();
});
