/**
 * How far an observed share may lie from the expected one when `calls` calls are spread at random: five standard
 * deviations of a binomial share. A balancer that rotates stays far inside; chance leaves it once in 1.7 million.
 */
export function shareTolerance(expected: number, calls: number): number {
  return 5 * Math.sqrt((expected * (1 - expected)) / calls);
}
