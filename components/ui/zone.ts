/** Minutes east of UTC at this instant, where the viewer is. */
export function offsetMinutes(ms: number): number {
  return -new Date(ms).getTimezoneOffset();
}
