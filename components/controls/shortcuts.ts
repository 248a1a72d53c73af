/** What a key asks for; undefined: it is not ours. */
export type Command = 'start-stop' | 'freeze' | 'theme' | 'view' | 'more' | 'fewer' | 'help';

export const shortcuts: readonly { keys: string; command: Command; what: string }[] = [
  { keys: 'Space', command: 'start-stop', what: 'Start or stop the traffic' },
  { keys: 'f', command: 'freeze', what: 'Freeze the picture, or go live' },
  { keys: '+', command: 'more', what: 'One pod more' },
  { keys: '−', command: 'fewer', what: 'One pod fewer' },
  { keys: 'v', command: 'view', what: 'Stage or Timeline' },
  { keys: 't', command: 'theme', what: 'Dark or light' },
  { keys: '?', command: 'help', what: 'This sheet' },
];

const commands: Record<string, Command> = {
  ' ': 'start-stop',
  '+': 'more',
  '=': 'more',
  '-': 'fewer',
  '\u2212': 'fewer',
  f: 'freeze',
  t: 'theme',
  v: 'view',
  '?': 'help',
};

export type Pressed = {
  key: string;
  repeat: boolean;
  modified: boolean;
  /** What has the focus takes keys itself: it is typed into, chosen from, or a menu or sheet is open. */
  taken: boolean;
  /** A button has the focus: Space presses it. */
  onButton: boolean;
};

export function commandOf({ key, repeat, modified, taken, onButton }: Pressed): Command | undefined {
  if (repeat || modified || taken || (key === ' ' && onButton)) return undefined;
  return commands[key.length === 1 ? key.toLowerCase() : key];
}
