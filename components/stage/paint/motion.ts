/** A stream's width follows what is measured within this; a new one reaches its pod within the other. */
const easeMs = 110;
const reachMs = 350;
/** Nearer than this to its goal, a width has arrived. */
const arrivedPx = 0.05;
/** A goal that differs by less from the last one is the same to the eye; a random spread wavers all the time. */
const samePx = 0.35;

type Moving = { width: number; goal: number; reach: number; phase: number };

/**
 * What moves on the stage between two reports: widths that grow or shrink smoothly, and the phase of the marks on each
 * stream. A stream whose goal is 0 is cut at once: a pod that ended gets nothing, not less and less.
 */
export class Motion {
  private readonly streams = new Map<string, Moving>();
  private first = true;

  /** New goals, px by stream; tells whether any stream came, went or has another goal. */
  aim(goals: ReadonlyMap<string, number>, still: boolean): boolean {
    let changed = false;
    for (const key of this.streams.keys()) if (!goals.has(key)) changed = this.streams.delete(key);
    for (const [key, goal] of goals) {
      const known = this.streams.get(key);
      if (goal <= 0) {
        changed = this.streams.delete(key) || changed;
      } else if (known === undefined) {
        changed = true;
        const done = still || this.first;
        this.streams.set(key, { width: done ? goal : Math.min(goal, 2), goal, reach: done ? 1 : 0, phase: seed(key) });
      } else {
        if (Math.abs(goal - known.goal) >= samePx) {
          known.goal = goal;
          changed = true;
        }
        if (still) {
          known.width = known.goal;
          known.reach = 1;
        }
      }
    }
    this.first = false;
    return changed;
  }

  /** Moves on by `ms`; true while widths are on their way, so that bodies must be drawn again. */
  step(ms: number): boolean {
    let moved = false;
    const part = 1 - Math.exp(-ms / easeMs);
    for (const each of this.streams.values()) {
      if (each.reach < 1) {
        each.reach = Math.min(1, each.reach + ms / reachMs);
        moved = true;
      }
      const left = each.goal - each.width;
      if (Math.abs(left) > arrivedPx) {
        each.width += left * part;
        moved = true;
      } else if (left !== 0) {
        each.width = each.goal;
        moved = true;
      }
    }
    return moved;
  }

  /** Marks that set out since the page began, with a fraction: how far the newest one is. */
  flow(key: string, marks: number): number {
    const known = this.streams.get(key);
    if (known === undefined) return 0;
    known.phase += marks;
    return known.phase;
  }

  widthOf(key: string): number {
    return this.streams.get(key)?.width ?? 0;
  }

  reachOf(key: string): number {
    return this.streams.get(key)?.reach ?? 0;
  }
}

/** Streams do not beat in time with each other. */
function seed(key: string): number {
  let hash = 7;
  for (let i = 0; i < key.length; i += 1) hash = (hash * 31 + key.charCodeAt(i)) % 1_009;
  return hash / 1_009;
}
