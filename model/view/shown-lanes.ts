/** Which of the run's lanes are shown, and in which order; ids that the run does not have are passed over. */
export function lanesInOrder(
  all: readonly string[],
  picked: readonly string[] | undefined,
): { shown: string[]; hidden: string[] } {
  const wanted = [...new Set(picked ?? [])].filter((id) => all.includes(id));
  const shown = wanted.length === 0 ? [...all] : wanted;
  return { shown, hidden: all.filter((id) => !shown.includes(id)) };
}

/** Shown again, at its place of the run: behind the nearest lane before it that is shown. */
export function withLane(shown: readonly string[], id: string, all: readonly string[]): string[] {
  if (shown.includes(id)) return [...shown];
  const before = all.slice(0, all.indexOf(id)).findLast((each) => shown.includes(each));
  const place = before === undefined ? 0 : shown.indexOf(before) + 1;
  return shown.toSpliced(place, 0, id);
}

/** Hidden; the last one stays, as an empty picture says nothing. */
export function withoutLane(shown: readonly string[], id: string): string[] {
  return shown.length <= 1 ? [...shown] : shown.filter((each) => each !== id);
}

export function moved(shown: readonly string[], id: string, by: -1 | 1): string[] {
  const from = shown.indexOf(id);
  const to = from + by;
  if (from < 0 || to < 0 || to >= shown.length) return [...shown];
  return shown.toSpliced(from, 1).toSpliced(to, 0, id);
}
