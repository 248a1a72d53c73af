/** What a key asks of the time axis; undefined: it is not ours. */
export type AxisCommand = 'back' | 'forth' | 'in' | 'out' | 'now' | 'begin' | '90s' | '10m' | '1h' | 'all' | 'fold';

export const axisKeys: readonly { keys: string; what: string }[] = [
  { keys: '← →', what: 'Earlier, later' },
  { keys: '[ ]', what: 'More time, less time' },
  { keys: '1 2 3 4', what: 'Last 90 s, 10 min, 1 h, the whole run' },
  { keys: 'Home, End', what: 'The run’s start; back to now' },
];

const commands: Record<string, AxisCommand> = {
  ArrowLeft: 'back',
  ArrowRight: 'forth',
  ']': 'in',
  '[': 'out',
  End: 'now',
  Home: 'begin',
  '1': '90s',
  '2': '10m',
  '3': '1h',
  '4': 'all',
  Escape: 'fold',
};

export type Pressed = {
  key: string;
  modified: boolean;
  /** What has the focus takes keys itself. */
  taken: boolean;
  /** A slider has the focus: the keys that move along the axis move it, the others are ours. */
  slider: boolean;
};

const ofSliders = ['ArrowLeft', 'ArrowRight', 'Home', 'End'];

export function axisCommandOf({ key, modified, taken, slider }: Pressed): AxisCommand | undefined {
  return modified || taken || (slider && ofSliders.includes(key)) ? undefined : commands[key];
}
