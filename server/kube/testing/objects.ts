/** Objects as the API writes them, with what tests vary. */

export function pod(
  name: string,
  options: {
    uid?: string;
    ip?: string;
    ready?: boolean;
    restarts?: number;
    deleted?: boolean;
    ended?: { reason: string; exitCode: number };
    created?: string;
    version?: string;
  } = {},
) {
  const { ready = true, restarts = 0, created = '2026-01-01T00:00:00Z' } = options;
  return {
    metadata: {
      name,
      uid: options.uid ?? `uid-${name}`,
      resourceVersion: options.version ?? '200',
      creationTimestamp: created,
      ...(options.deleted ? { deletionTimestamp: '2026-01-01T00:01:00Z', deletionGracePeriodSeconds: 30 } : {}),
    },
    spec: { nodeName: 'node-1' },
    status: {
      phase: 'Running',
      podIP: options.ip ?? '10.0.0.1',
      startTime: created,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [
        {
          name: 'greeter',
          restartCount: restarts,
          state: { running: { startedAt: created } },
          ...(options.ended ? { lastState: { terminated: options.ended } } : {}),
        },
      ],
    },
  };
}

type Conditions = { ready?: boolean | null; serving?: boolean | null; terminating?: boolean | null };

export function slice(
  name: string,
  endpoints: { ip: string; uid?: string; conditions?: Conditions }[] | null,
  options: { port?: number; portName?: string; addressType?: string; version?: string } = {},
) {
  return {
    metadata: { name, uid: `uid-${name}`, resourceVersion: options.version ?? '200' },
    addressType: options.addressType ?? 'IPv4',
    ports: [{ name: options.portName ?? 'grpc', port: options.port ?? 50_051, protocol: 'TCP' }],
    endpoints:
      endpoints?.map(({ ip, uid = `uid-${ip}`, conditions = {} }) => ({
        addresses: [ip],
        conditions,
        targetRef: { kind: 'Pod', name: `pod-${ip}`, uid },
      })) ?? null,
  };
}
