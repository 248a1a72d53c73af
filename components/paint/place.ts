/** Something that hangs on an instant: a line at `x0`, perhaps an arrow at `x1`, and a text beside it. */
/** Widths of the text with everything, without its note, and in its shortest form. */
export type Hanging = { x0: number; x1: number; full: number; label: number; short: number };
export type Placed = { left: number; show: 'full' | 'label' | 'short' | 'none' };

const beside = 7;
const apart = 14;

/**
 * Where texts go on a rail so that none covers another or leaves it. The newest is the most important and is placed
 * first; an older one takes the room that is left, in short form if need be, or none.
 */
export function placeLabels(items: readonly Hanging[], width: number): Placed[] {
  const placed: Placed[] = items.map(() => ({ left: 0, show: 'none' }));
  let limit = width;
  for (let i = items.length - 1; i >= 0; i -= 1) {
    const item = items[i] as Hanging;
    if (item.x1 < 0 && item.x0 < 0) continue;
    const newest = i === items.length - 1;
    // Inside the bracket if it is long enough for the text, else behind it.
    const room = item.x1 - item.x0 - beside;
    const from = (width: number) => Math.max(0, room >= width ? item.x0 : item.x1) + beside;
    const choices: Placed[] = [
      { left: from(item.label), show: 'full' },
      { left: from(item.label), show: 'label' },
      { left: from(item.short), show: 'short' },
    ];
    const fits = (each: Placed) => each.left + widthOf(item, each.show) <= limit;
    let choice = choices.find(fits);
    if (choice === undefined) {
      const left = Math.min(item.x0, limit) - beside - item.short;
      if (left >= 0 && (newest || left > 0)) choice = { left, show: 'short' };
      else if (newest) choice = { left: Math.max(0, limit - item.short), show: 'short' };
    }
    if (choice === undefined) continue;
    placed[i] = choice;
    limit = Math.min(limit, choice.left - apart, Math.max(0, item.x0) - 4);
  }
  return placed;
}

export function widthOf(item: Hanging, show: Placed['show']): number {
  return show === 'none' ? 0 : item[show];
}
