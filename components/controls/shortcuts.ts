/** What a key asks for; undefined: it is not ours. */
export type Command =
  | 'start-stop'
  | 'freeze'
  | 'theme'
  | 'view'
  | 'more'
  | 'fewer'
  | 'help'
  | 'present'
  | 'lanes'
  | 'cluster'
  | 'traffic'
  | 'share'
  | 'link'
  | 'save'
  | 'palette';

export const shortcuts: readonly { keys: string; command: Command; what: string }[] = [
  { keys: 'Space', command: 'start-stop', what: 'Start or stop the traffic' },
  { keys: 'f', command: 'freeze', what: 'Freeze the picture, or go live' },
  { keys: '+', command: 'more', what: 'One pod more' },
  { keys: '−', command: 'fewer', what: 'One pod fewer' },
  { keys: 'v', command: 'view', what: 'Stage or Timeline' },
  { keys: 'p', command: 'present', what: 'Present, or end it' },
  { keys: 'Ctrl K', command: 'palette', what: 'Find a command, a lane, a pod, a run' },
  { keys: 'r', command: 'traffic', what: 'What each client sends' },
  { keys: 'l', command: 'lanes', what: 'Lanes: show, order, add, remove' },
  { keys: 'k', command: 'cluster', what: 'Cluster: rollout, age of connections' },
  { keys: 's', command: 'share', what: 'Share with the room' },
  { keys: 'c', command: 'link', what: 'Copy a link to this moment' },
  { keys: 'e', command: 'save', what: 'Save picture or numbers' },
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
  p: 'present',
  r: 'traffic',
  l: 'lanes',
  k: 'cluster',
  s: 'share',
  c: 'link',
  e: 'save',
  '?': 'help',
};

export type Pressed = {
  key: string;
  repeat: boolean;
  /** Ctrl, or Cmd on a Mac. */
  control: boolean;
  /** Any other modifier, or another has handled it. */
  modified: boolean;
  /** What has the focus takes keys itself: it is typed into, chosen from, or a menu or sheet is open. */
  taken: boolean;
  /** A button has the focus: Space presses it. */
  onButton: boolean;
};

export function commandOf({ key, repeat, control, modified, taken, onButton }: Pressed): Command | undefined {
  if (repeat || modified) return undefined;
  // From anywhere, also while something is typed.
  if (control) return key.toLowerCase() === 'k' ? 'palette' : undefined;
  if (taken || (key === ' ' && onButton)) return undefined;
  return commands[key.length === 1 ? key.toLowerCase() : key];
}
