/** The next round value of a rate: 1, 2, 5, 10, 20, 50, 100, 200 ... */
export function nextRound(value: number, up: boolean): number {
  const series = [1, 2, 5, 10];
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 0.1)) + 1e-9);
  const all = [...series.map((each) => (each * power) / 10), ...series.map((each) => each * power)];
  const sorted = [...new Set(all.map((each) => Number(each.toPrecision(3))))].sort((a, b) => a - b);
  const found = up ? sorted.find((each) => each > value) : sorted.findLast((each) => each < value);
  return found ?? value;
}

export function byOne(value: number, up: boolean): number {
  return Math.max(1, Math.round(value) + (up ? 1 : -1));
}

/** Sizes and pauses begin at nothing: 0, 1, 2, 5, 10 ... */
export function nextSize(value: number, up: boolean): number {
  if (value < 1) return up ? 1 : 0;
  if (value === 1 && !up) return 0;
  return Math.round(nextRound(value, up));
}
