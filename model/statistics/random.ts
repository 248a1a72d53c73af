/** For tests: a small generator with a seed (mulberry32), so that a simulated run can be had again. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `n` calls over pods with these weights. */
export function thrown(n: number, weights: readonly number[], random: () => number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const counts = weights.map(() => 0);
  for (let i = 0; i < n; i++) {
    let left = random() * sum;
    let pod = 0;
    while (pod < weights.length - 1 && left >= weights[pod]!) left -= weights[pod++]!;
    counts[pod]! += 1;
  }
  return counts;
}

/** Calls of ten out of a hundred that fail: a binomial count. */
export function hits(n: number, p: number, random: () => number): number {
  let count = 0;
  for (let i = 0; i < n; i++) if (random() < p) count += 1;
  return count;
}
