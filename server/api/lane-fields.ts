/** The fields of a lane that depend on each other. */
export interface LaneFields {
  readonly target?: unknown;
  readonly resolver?: unknown;
  readonly profile?: unknown;
  readonly envoyStatus?: unknown;
  readonly pollIntervalSeconds?: unknown;
  readonly policy?: unknown;
  readonly client?: unknown;
  readonly keepAlive?: unknown;
  readonly tls?: unknown;
  readonly method?: unknown;
  readonly shuffle?: unknown;
  readonly choices?: unknown;
  readonly resolutionFloorSeconds?: unknown;
  readonly dnsCacheTtlSeconds?: unknown;
  readonly idleTimeoutSeconds?: unknown;
  readonly keepaliveTimeMs?: unknown;
  readonly keepaliveTimeoutMs?: unknown;
  readonly retry?: unknown;
  readonly waitForReady?: unknown;
}
