/** Instants as the URL names them: RFC 3339 with milliseconds, UTC. */
export function stamp(ms: number): string {
  return new Date(Math.round(ms)).toISOString();
}

export function instant(text: string | null): number | undefined {
  const ms = text === null || text === '' ? Number.NaN : Date.parse(text);
  return Number.isFinite(ms) ? ms : undefined;
}
