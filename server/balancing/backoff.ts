/** gRPC's connection-backoff document; resolvers use the same curve with their own first step. */
export interface BackoffCurve {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
  /** Share by which a step may differ, up or down. */
  readonly jitter: number;
  /** The document starts without jitter, and so do the implementations. */
  readonly jitterOnFirst: boolean;
}

export const connectionBackoff: BackoffCurve = {
  firstMs: 1000,
  factor: 1.6,
  maxMs: 120_000,
  jitter: 0.2,
  jitterOnFirst: false,
};

/** `failures` counts from 1. */
export function backoffMs(curve: BackoffCurve, failures: number, random: () => number): number {
  const base = Math.min(curve.maxMs, curve.firstMs * curve.factor ** (failures - 1));
  if (failures <= 1 && !curve.jitterOnFirst) return base;
  return base * (1 + curve.jitter * (2 * random() - 1));
}
