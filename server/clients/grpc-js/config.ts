import type { ChannelSpec } from '../../balancing/spec.ts';

const codes = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** A lane's settings as grpc-js knows them: channel options, and the service config (gRFC A2, A6, A62). */
export function channelOptions(spec: ChannelSpec): Record<string, string | number> {
  const policy =
    spec.policy === 'pick_first' ? { pick_first: { shuffleAddressList: spec.shuffle === true } } : { round_robin: {} };
  const { retry } = spec;
  const config = {
    loadBalancingConfig: [policy],
    ...(retry === undefined
      ? {}
      : {
          methodConfig: [
            {
              name: [{}],
              retryPolicy: {
                maxAttempts: retry.maxAttempts,
                initialBackoff: `${retry.initialBackoffMs / 1_000}s`,
                maxBackoff: `${retry.maxBackoffMs / 1_000}s`,
                backoffMultiplier: retry.backoffMultiplier,
                retryableStatusCodes: retry.codes.map((code) => codes[code] ?? 'UNAVAILABLE'),
              },
            },
          ],
          ...(retry.budget === undefined
            ? {}
            : { retryThrottling: { maxTokens: retry.budget.tokens, tokenRatio: retry.budget.ratio } }),
        }),
  };
  return {
    // Two lanes to the same pods must not share connections.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.service_config': JSON.stringify(config),
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    ...(spec.floorMs === undefined ? {} : { 'grpc.dns_min_time_between_resolutions_ms': spec.floorMs }),
    ...(spec.idleTimeoutMs === undefined ? {} : { 'grpc.client_idle_timeout_ms': spec.idleTimeoutMs }),
    ...(spec.pingIntervalMs ? { 'grpc.keepalive_time_ms': spec.pingIntervalMs } : {}),
    ...(spec.pingTimeoutMs ? { 'grpc.keepalive_timeout_ms': spec.pingTimeoutMs } : {}),
  };
}
