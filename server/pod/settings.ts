import { leastAgeMs, longestAgeMs } from './behavior.ts';

export interface Settings {
  readonly podName: string;
  readonly podUid: string;
  readonly podIP: string;
  readonly nodeName: string;
  readonly version: string;
  readonly port: number;
  readonly controlPort: number;
  /** HTTP/1.1 and JSON; undefined: not served. */
  readonly jsonPort: number | undefined;
  /** Health alone, without TLS, for probes; undefined: not served. */
  readonly healthPort: number | undefined;
  /** Undefined: without TLS. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Tokens that calls must show; undefined: calls need none. */
  readonly callTokensFile: string | undefined;
  readonly listenAddress: string;
  /** Undefined: restarts are not counted. */
  readonly stateDir: string | undefined;
  readonly drainLimitMs: number;
  /** -1: none. */
  readonly maxConnectionAgeMs: number;
  readonly maxConnectionAgeGraceMs: number;
}

export type ParsedSettings = { ok: true; settings: Settings } | { ok: false; faults: string[] };

/** Reads the environment; all faults at once, so that a manifest is mended in one go. */
export function readSettings(env: NodeJS.ProcessEnv): ParsedSettings {
  const faults: string[] = [];

  const text = (name: string): string => {
    const value = env[name] ?? '';
    if (value === '') faults.push(`${name} is missing`);
    return value;
  };
  const whole = (name: string, fallback: number, least: number, most: number): number => {
    const value = env[name];
    if (value === undefined || value === '') return fallback;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    faults.push(`${name} is "${value}"; allowed: a whole number from ${least} to ${most}`);
    return fallback;
  };

  const settings: Settings = {
    podName: text('POD_NAME'),
    podUid: text('POD_UID'),
    podIP: text('POD_IP'),
    nodeName: text('NODE_NAME'),
    version: env.VERSION || 'dev',
    // 0: any free port, printed at start.
    port: whole('PORT', 50_051, 0, 65_535),
    controlPort: whole('CONTROL_PORT', 50_052, 0, 65_535),
    jsonPort: env.JSON_PORT ? whole('JSON_PORT', 0, 0, 65_535) : undefined,
    healthPort: env.HEALTH_PORT ? whole('HEALTH_PORT', 0, 0, 65_535) : undefined,
    tls: env.TLS_CERT_FILE && env.TLS_KEY_FILE ? { certFile: env.TLS_CERT_FILE, keyFile: env.TLS_KEY_FILE } : undefined,
    callTokensFile: env.CALL_TOKENS_FILE || undefined,
    listenAddress: env.LISTEN_ADDRESS || '0.0.0.0',
    stateDir: env.STATE_DIR || undefined,
    // Less than the pod's grace period (30 s) less its preStop sleep (1 s), so that a drain is never cut short from outside.
    drainLimitMs: whole('GREETER_DRAIN_LIMIT_MS', 25_000, 0, 3_600_000),
    maxConnectionAgeMs: whole('GREETER_MAX_CONNECTION_AGE_MS', -1, leastAgeMs, longestAgeMs),
    maxConnectionAgeGraceMs: whole('GREETER_MAX_CONNECTION_AGE_GRACE_MS', -1, 0, longestAgeMs),
  };
  if (!env.TLS_CERT_FILE !== !env.TLS_KEY_FILE) faults.push('TLS_CERT_FILE and TLS_KEY_FILE must be given together');
  // A token in plain text is everybody's; and what takes JSON asks for none.
  if (settings.callTokensFile !== undefined && settings.tls === undefined)
    faults.push('CALL_TOKENS_FILE needs TLS_CERT_FILE and TLS_KEY_FILE');
  if (settings.callTokensFile !== undefined && settings.jsonPort !== undefined)
    faults.push('CALL_TOKENS_FILE and JSON_PORT are both given; JSON is served without credentials only');
  const ports = Object.entries({
    PORT: settings.port,
    CONTROL_PORT: settings.controlPort,
    JSON_PORT: settings.jsonPort,
    HEALTH_PORT: settings.healthPort,
  });
  for (const [index, [name, port]] of ports.entries()) {
    if (port === undefined || port === 0) continue;
    const other = ports.slice(index + 1).find(([, value]) => value === port);
    if (other !== undefined) faults.push(`${name} and ${other[0]} are both ${port}; they must differ`);
  }
  return faults.length === 0 ? { ok: true, settings } : { ok: false, faults };
}
