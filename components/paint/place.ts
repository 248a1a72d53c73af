/** Something that hangs on an instant: a line at `x0`, perhaps an arrow at `x1`, and a text beside it. */
/** Widths of the text with everything, without its note, and in its shortest form. */
export type Hanging = { x0: number; x1: number; full: number; label: number; short: number };
export type Placed = { left: number; show: 'full' | 'label' | 'short' | 'none' };

const beside = 7;
const apart = 14;

/** On which side of its line a text may also stand, and whether it may lie across it. */
export type Manner = 'beside' | 'across';

/**
 * Where texts go on a rail so that none covers another or leaves it. The newest is the most important and is placed
 * first; an older one takes the room that is left, in short form if need be, or none. A flag without room on the right
 * stands on the left of its line; a bracket's label lies across the line instead: what it counts is on the right of it.
 */
export function placeLabels(items: readonly Hanging[], width: number, manner: Manner = 'beside'): Placed[] {
  const placed: Placed[] = items.map(() => ({ left: 0, show: 'none' }));
  let limit = width;
  for (let i = items.length - 1; i >= 0; i -= 1) {
    const item = items[i] as Hanging;
    if ((item.x1 < 0 && item.x0 < 0) || item.x0 > width) continue;
    const newest = limit === width;
    const choice = choose(item, limit, newest, manner, items[i - 1]);
    if (choice === undefined) continue;
    placed[i] = choice;
    limit = Math.min(limit, choice.left - apart, Math.max(0, item.x0) - 4);
  }
  return placed;
}

function choose(
  item: Hanging,
  limit: number,
  newest: boolean,
  manner: Manner,
  older: Hanging | undefined,
): Placed | undefined {
  // Inside the bracket if it is long enough for the text, else behind it.
  const room = item.x1 - item.x0 - beside;
  const from = (width: number) => Math.max(0, room >= width ? item.x0 : item.x1) + beside;
  const right: Placed[] = [
    { left: from(item.label), show: 'full' },
    { left: from(item.label), show: 'label' },
    { left: from(item.short), show: 'short' },
  ];
  const fits = (each: Placed) => each.left + widthOf(item, each.show) <= limit;
  const onRight = right.find(fits);
  if (onRight !== undefined && (onRight.show !== 'short' || manner === 'across')) return onRight;
  if (manner === 'across') {
    return newest ? { left: Math.max(0, limit - item.short), show: 'short' } : undefined;
  }
  // On the left of the line, if the text of the line before it is not there.
  const edge = Math.min(item.x0, limit + 4) - beside;
  const least = older === undefined ? 0 : Math.max(0, older.x0) + beside;
  const left = (['full', 'label', 'short'] as const)
    .map((show): Placed => ({ left: edge - widthOf(item, show), show }))
    .find((each) => each.left >= least);
  if (left !== undefined && (newest || edge <= limit)) return left;
  if (onRight !== undefined) return onRight;
  return newest ? { left: Math.max(0, limit - item.short), show: 'short' } : undefined;
}

export function widthOf(item: Hanging, show: Placed['show']): number {
  return show === 'none' ? 0 : item[show];
}
