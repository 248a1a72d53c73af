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
    listenAddress: env.LISTEN_ADDRESS || '0.0.0.0',
    stateDir: env.STATE_DIR || undefined,
    // Less than the pod's grace period (30 s) less its preStop sleep (1 s), so that a drain is never cut short from outside.
    drainLimitMs: whole('GREETER_DRAIN_LIMIT_MS', 25_000, 0, 3_600_000),
    maxConnectionAgeMs: whole('GREETER_MAX_CONNECTION_AGE_MS', -1, leastAgeMs, longestAgeMs),
    maxConnectionAgeGraceMs: whole('GREETER_MAX_CONNECTION_AGE_GRACE_MS', -1, 0, longestAgeMs),
  };
  if (settings.port !== 0 && settings.port === settings.controlPort)
    faults.push(`PORT and CONTROL_PORT are both ${settings.port}; they must differ`);
  for (const [name, port] of Object.entries({ PORT: settings.port, CONTROL_PORT: settings.controlPort })) {
    if (port !== 0 && port === settings.jsonPort)
      faults.push(`${name} and JSON_PORT are both ${port}; they must differ`);
  }
  return faults.length === 0 ? { ok: true, settings } : { ok: false, faults };
}
