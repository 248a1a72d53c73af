let query: MediaQueryList | undefined;

/** Whether who looks asked for less motion. */
export function isStill(): boolean {
  query ??= matchMedia('(prefers-reduced-motion: reduce)');
  return query.matches;
}
