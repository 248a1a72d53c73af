/** Waiting times between attempts to reach the agent: 0.25 s, doubled up to 5 s, spread by a fifth. */
export function backoffMs(attempt: number, random: () => number): number {
  const base = Math.min(5_000, 250 * 2 ** Math.min(attempt - 1, 10));
  return base * (0.8 + 0.4 * random());
}
