/** gRPC's connection-backoff document; resolvers use the same curve with their own first step. */
export interface BackoffCurve {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
  /** Share by which a step may differ, up or down. */
  readonly jitter: number;
  /** The document starts without jitter, and so do grpc-go and grpc-js; grpc-java (ExponentialBackoffPolicy) with it. */
  readonly jitterOnFirst: boolean;
  /**
   * A step grows from the last one as it was, jitter included: the jitters add up (grpc-js, BackoffTimeout.runOnce). By the
   * document it grows from the last one without.
   */
  readonly jitterAddsUp?: boolean;
}

export const connectionBackoff: BackoffCurve = {
  firstMs: 1000,
  factor: 1.6,
  maxMs: 120_000,
  jitter: 0.2,
  jitterOnFirst: false,
};

/** `failures` counts from 1; `lastMs` is what this gave for the failure before, which matters where jitter adds up. */
export function backoffMs(curve: BackoffCurve, failures: number, random: () => number, lastMs?: number): number {
  const grown =
    curve.jitterAddsUp && lastMs !== undefined && failures > 1
      ? lastMs * curve.factor
      : curve.firstMs * curve.factor ** (failures - 1);
  const base = Math.min(curve.maxMs, grown);
  if (failures <= 1 && !curve.jitterOnFirst) return base;
  return base * (1 + curve.jitter * (2 * random() - 1));
}
