/** Deadlines are met within this time, late and never early. */
const slotMs = 4;
const slots = 1024;

/** An entry of the wheel, linked into its slot, so that leaving costs no search and leaves nothing behind. */
export abstract class Deadline {
  deadlineAt = 0;
  /** -1: not in the wheel. */
  slot = -1;
  next: Deadline | undefined;
  previous: Deadline | undefined;

  abstract onDeadline(): void;
}

export interface WheelTimers {
  now(): number;
  /** One timer at a time; setting replaces. It must not keep the process alive. */
  set(run: () => void, ms: number): void;
}

/**
 * One timer for the deadlines of all calls of all connections. It is set for the first slot that holds one, so calls that
 * end in time cost no wake-up: by then their slot is empty and the next is looked for.
 */
export class DeadlineWheel {
  private readonly timers: WheelTimers;
  private readonly first: (Deadline | undefined)[] = new Array(slots).fill(undefined);
  private count = 0;
  /** Tick the timer is set for. */
  private wakeTick = Number.POSITIVE_INFINITY;
  /** All ticks before this one are done. */
  private doneTick = 0;

  constructor(timers: WheelTimers = realTimers()) {
    this.timers = timers;
  }

  get size(): number {
    return this.count;
  }

  now(): number {
    return this.timers.now();
  }

  /** One that is in the wheel already is moved. */
  add(entry: Deadline, deadlineAt: number): void {
    this.remove(entry);
    entry.deadlineAt = deadlineAt;
    if (this.count === 0) this.doneTick = Math.floor(this.timers.now() / slotMs);
    const tick = Math.max(this.doneTick, Math.ceil(deadlineAt / slotMs));
    const slot = tick % slots;
    entry.slot = slot;
    const next = this.first[slot];
    entry.next = next;
    entry.previous = undefined;
    if (next !== undefined) next.previous = entry;
    this.first[slot] = entry;
    this.count++;
    if (tick < this.wakeTick) this.wakeAt(tick);
  }

  remove(entry: Deadline): void {
    if (entry.slot < 0) return;
    if (entry.previous === undefined) this.first[entry.slot] = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    entry.slot = -1;
    entry.next = undefined;
    entry.previous = undefined;
    this.count--;
  }

  private wakeAt(tick: number): void {
    this.wakeTick = tick;
    this.timers.set(this.onTimer, Math.max(1, Math.ceil(tick * slotMs - this.timers.now())));
  }

  private readonly onTimer = (): void => {
    this.wakeTick = Number.POSITIVE_INFINITY;
    const now = this.timers.now();
    const nowTick = Math.floor(now / slotMs);
    // Every slot once at most, however late the timer is.
    const from = Math.max(this.doneTick, nowTick - slots + 1);
    this.doneTick = nowTick + 1;
    const due: Deadline[] = [];
    for (let tick = from; tick <= nowTick && this.count > 0; tick++) {
      for (let entry = this.first[tick % slots]; entry !== undefined; entry = entry.next) {
        if (entry.deadlineAt <= now) due.push(entry);
      }
    }
    for (const entry of due) {
      // One that is gone was ended by what another's deadline set off.
      if (entry.slot < 0) continue;
      this.remove(entry);
      entry.onDeadline();
    }
    this.wakeForNext();
  };

  private wakeForNext(): void {
    if (this.count === 0) return;
    for (let tick = this.doneTick; tick < this.doneTick + slots; tick++) {
      if (tick >= this.wakeTick) return;
      if (this.first[tick % slots] === undefined) continue;
      this.wakeAt(tick);
      return;
    }
  }
}

function realTimers(): WheelTimers {
  let timer: NodeJS.Timeout | undefined;
  return {
    now: () => performance.now(),
    set(run, ms) {
      clearTimeout(timer);
      timer = setTimeout(run, ms);
      // Sockets keep the process alive; a deadline alone need not.
      timer.unref();
    },
  };
}
