const unitMs: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** setTimeout's own limit, about 24.8 days: longer deadlines are none. */
const longestMs = 2 ** 31 - 1;

/** `grpc-timeout`: at most 8 digits and a unit (gRPC over HTTP/2, "Timeout"). Undefined when it is not that. */
export function parseTimeoutMs(value: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value);
  if (match === null) return undefined;
  return Math.min(Number(match[1]) * (unitMs[match[2] as string] as number), longestMs);
}
