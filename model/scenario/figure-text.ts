import { plainDuration } from '../time.ts';
import type { Unit } from './measure.ts';

/** "4.2 ms", "31.2 %", "3 pods". */
export function figureText(value: number, unit: Unit): string {
  switch (unit) {
    case 'ms':
      return Number.isFinite(value) ? plainDuration(value) : 'never';
    case 'share':
      return `${percent(value)} %`;
    case 'calls':
      return `${count(value)} ${value === 1 ? 'call' : 'calls'}`;
    case 'messages':
      return `${count(value)} ${value === 1 ? 'message' : 'messages'}`;
    case 'pods':
      return `${count(value)} ${value === 1 ? 'pod' : 'pods'}`;
    case 'addresses':
      return `${count(value)} ${value === 1 ? 'address' : 'addresses'}`;
    case 'times':
      return `${count(value)} ${value === 1 ? 'time' : 'times'}`;
    case 'per second':
      return `${value.toFixed(value < 10 ? 1 : 0)} calls/s`;
    case 'index':
      return value.toFixed(3);
  }
}

function percent(share: number): string {
  const text = (share * 100).toFixed(1);
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}

function count(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
