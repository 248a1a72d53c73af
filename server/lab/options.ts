import { parseArgs } from 'node:util';
import { type Delays, delayFault, delayNames, labDelays } from './delays.ts';

/** What the lab can be told. Every option is a flag and an environment variable; the flag wins. */
export interface Options {
  /** Wanted ports; moved aside with a note when taken. 0: any free one. */
  readonly apiPort: number;
  readonly dnsPort: number;
  readonly stateDir: string;
  /** Replicas of Deployment greeter at the first boot; undefined: as k8s/base says. */
  readonly pods: number | undefined;
  readonly ttlSeconds: number;
  /** Goes on with the objects of the last run instead of booting k8s/base anew. */
  readonly resume: boolean;
  /** `auto`: an address of its own for each pod where this machine can; `shared`: everything on 127.0.0.1. */
  readonly addresses: 'auto' | 'shared';
  readonly delays: Delays;
  /** Folder with kustomization.yaml; undefined: k8s/base of this checkout. */
  readonly base: string | undefined;
}

const flags = {
  'api-port': { type: 'string', env: 'LBSCOPE_API_PORT', help: 'Kubernetes API, default 8001, 0 = any' },
  'dns-port': { type: 'string', env: 'LBSCOPE_DNS_PORT', help: 'cluster DNS, default 10053, 0 = any' },
  'state-dir': {
    type: 'string',
    env: 'LBSCOPE_LAB_STATE_DIR',
    help: 'objects, processes, kubeconfig; default .run/lab',
  },
  pods: { type: 'string', env: 'LBSCOPE_PODS', help: 'replicas of greeter at the first boot, 0 to 200' },
  replicas: { type: 'string', env: undefined, help: 'the same as --pods' },
  ttl: { type: 'string', env: 'LBSCOPE_DNS_TTL', help: 'TTL of DNS answers in seconds, default 5, 0 to 3600' },
  delay: { type: 'string', env: 'LBSCOPE_LAB_DELAYS', help: `NAME=MS[,NAME=MS]; names: ${delayNames.join(', ')}` },
  addresses: {
    type: 'string',
    env: 'LBSCOPE_LAB_ADDRESSES',
    help: 'auto (default) or shared: everything on 127.0.0.1',
  },
  base: { type: 'string', env: 'LBSCOPE_BASE', help: 'folder of the objects to boot from, default k8s/base' },
  resume: { type: 'boolean', env: 'LBSCOPE_RESUME', help: 'go on with the objects of the last run' },
  help: { type: 'boolean', env: undefined, help: 'this text' },
} as const;
type Flag = keyof typeof flags;

export const usage = `lbscope's lab: a Kubernetes API, cluster DNS, kube-proxy and pods as processes, on loopback.\n\n${Object.entries(
  flags,
)
  .map(([name, { type, env, help }]) => {
    const flag = `--${name}${type === 'string' ? ' VALUE' : ''}`;
    return `  ${flag.padEnd(20)} ${help}${env ? ` (${env})` : ''}`;
  })
  .join('\n')}\n`;

export type Parsed =
  | { readonly kind: 'options'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

/** Reads flags and environment; lists every fault at once, each with its name, value and what is allowed. */
export function parseOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Parsed {
  const faults: string[] = [];
  const { values, tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(Object.entries(flags).map(([name, { type }]) => [name, { type }])),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const known = Object.keys(flags).map((name) => `--${name}`);
  for (const token of tokens) {
    if (token.kind === 'positional') faults.push(`"${token.value}" is not understood: options begin with --`);
    if (token.kind !== 'option') continue;
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name as Flag] : undefined;
    if (flag === undefined) faults.push(`${token.rawName} is not known; known are ${known.join(', ')}`);
    else if (flag.type === 'string' && token.value === undefined) faults.push(`--${token.name} needs a value`);
  }
  if (values.help === true) return { kind: 'help' };

  const text = (name: Flag): { value: string; from: string } | undefined => {
    const flag = values[name];
    if (typeof flag === 'string') return { value: flag, from: `--${name}` };
    const variable = flags[name].env;
    const value = variable ? env[variable] : undefined;
    return value === undefined || value === '' ? undefined : { value, from: variable ?? name };
  };
  const whole = (name: Flag, least: number, most: number): number | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = /^\d{1,9}$/.test(given.value) ? Number(given.value) : Number.NaN;
    if (value >= least && value <= most) return value;
    faults.push(`${given.from} is "${given.value}": allowed is a whole number from ${least} to ${most}`);
    return undefined;
  };

  const delays: Delays = { ...labDelays };
  const delayText = text('delay');
  for (const part of delayText?.value.split(',') ?? []) {
    const [name = '', value = ''] = part.split('=', 2).map((one) => one.trim());
    const ms = value === '' ? Number.NaN : Number(value);
    const fault = delayFault(name, Number.isNaN(ms) ? value : ms);
    if (fault) faults.push(`${delayText?.from}: ${fault}`);
    else delays[name as keyof Delays] = ms;
  }
  const addresses = text('addresses');
  if (addresses && addresses.value !== 'auto' && addresses.value !== 'shared') {
    faults.push(`${addresses.from} is "${addresses.value}": allowed are auto and shared`);
  }
  const options: Options = {
    apiPort: whole('api-port', 0, 65_535) ?? 8_001,
    dnsPort: whole('dns-port', 0, 65_535) ?? 10_053,
    stateDir: text('state-dir')?.value ?? '.run/lab',
    pods: whole('replicas', 0, 200) ?? whole('pods', 0, 200),
    ttlSeconds: whole('ttl', 0, 3_600) ?? 5,
    resume: values.resume === true || ['1', 'true'].includes(env.LBSCOPE_RESUME ?? ''),
    addresses: addresses?.value === 'shared' ? 'shared' : 'auto',
    delays,
    base: text('base')?.value,
  };
  if (options.apiPort !== 0 && options.apiPort === options.dnsPort) {
    faults.push(`--api-port and --dns-port are both ${options.apiPort}: each needs a port of its own`);
  }
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'options', options };
}
