/**
 * The agent's clock as this page sees it: every message carries an instant, and the one that took the shortest way
 * here tells the offset best. Older measurements fade, so that a drifting clock is followed.
 */
export class AgentClock {
  private offset: number | undefined;
  private measuredAt = 0;
  private last = 0;

  /** `agentMs`: the instant in a message; `localMs`: when it arrived, by any monotonic local clock. */
  measure(agentMs: number, localMs: number): void {
    const offset = agentMs - localMs;
    // A shorter way shows as a larger offset. A measurement loses 1 ms of its weight in 10 s.
    const faded =
      this.offset === undefined ? Number.NEGATIVE_INFINITY : this.offset - (localMs - this.measuredAt) / 10_000;
    if (offset >= faded || Math.abs(offset - (this.offset ?? offset)) > 60_000) {
      this.offset = offset;
      this.measuredAt = localMs;
    }
  }

  /** Forgets: another agent may have another clock. */
  reset(): void {
    this.offset = undefined;
    this.last = 0;
  }

  get known(): boolean {
    return this.offset !== undefined;
  }

  /** Never goes back. */
  now(localMs: number): number {
    if (this.offset === undefined) return 0;
    this.last = Math.max(this.last, localMs + this.offset);
    return this.last;
  }
}
