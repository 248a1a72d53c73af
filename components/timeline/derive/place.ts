/** Something that hangs on an instant: a line at `x0`, perhaps an arrow at `x1`, and a text beside it. */
export type Hanging = { x0: number; x1: number; label: number; full: number };
export type Placed = { left: number; show: 'full' | 'label' | 'none' };

const beside = 10;
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
    const inside = item.x1 - item.x0 >= item.label + 2 * beside;
    const from = Math.max(0, inside ? item.x0 : item.x1) + beside;
    const choices: Placed[] = [
      { left: from, show: 'full' },
      { left: from, show: 'label' },
    ];
    const fits = (each: Placed) => each.left + (each.show === 'full' ? item.full : item.label) <= limit;
    let choice = choices.find(fits);
    if (choice === undefined) {
      const left = Math.min(item.x0, limit) - beside - item.label;
      if (left >= 0 && (newest || left > 0)) choice = { left, show: 'label' };
      else if (newest) choice = { left: Math.max(0, limit - item.label), show: 'label' };
    }
    if (choice === undefined) continue;
    placed[i] = choice;
    limit = Math.min(limit, choice.left - apart, Math.max(0, item.x0) - 4);
  }
  return placed;
}
