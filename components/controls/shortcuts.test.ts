import { describe, expect, it } from 'vitest';
import { commandOf, shortcuts } from './shortcuts.ts';

const press = (key: string, more = {}) =>
  commandOf({ key, repeat: false, control: false, modified: false, taken: false, onButton: false, ...more });

describe('shortcuts', () => {
  it('are those that the sheet lists', () => {
    for (const { keys, command } of shortcuts) {
      const control = keys.startsWith('Ctrl ');
      const key = keys === 'Space' ? ' ' : keys.replace('Ctrl ', '');
      expect(press(key, { control }), keys).toBe(command);
    }
    expect(press('=')).toBe('more');
    expect(press('F')).toBe('freeze');
    expect(press('x')).toBeUndefined();
    expect(press('Enter')).toBeUndefined();
  });

  it('leave alone what is typed, held down, or meant for the browser or a button', () => {
    expect(press('+', { taken: true })).toBeUndefined();
    expect(press('+', { repeat: true })).toBeUndefined();
    expect(press('f', { modified: true })).toBeUndefined();
    expect(press('c', { control: true })).toBeUndefined();
    expect(press(' ', { onButton: true })).toBeUndefined();
    expect(press('f', { onButton: true })).toBe('freeze');
  });

  it('find a command from anywhere', () => {
    expect(press('k', { control: true, taken: true })).toBe('palette');
  });
});
