import { parseArgs } from 'node:util';

/** What `npm start` can be told. Every option is a flag and an environment variable; the flag wins. */
export interface Options {
  readonly port: number;
  readonly agentPort: number;
  readonly apiPort: number;
  readonly dnsPort: number;
  /** Replicas at the start; undefined: as the Deployment says. */
  readonly pods: number | undefined;
  /** Calls per second and lane at the start; undefined: the agent's default. */
  readonly rate: number | undefined;
  /** Clients in all: one is asked, the others are workers of it. */
  readonly agents: number;
  /** Where the calls are made, and how exactly they are paced; undefined: the agent's default. */
  readonly driver: string | undefined;
  readonly pacing: string | undefined;
  /** Use this cluster instead of the lab. */
  readonly kubeconfig: string | undefined;
  readonly namespace: string | undefined;
  readonly stateDir: string;
  /** Where runs are recorded; undefined: recordings/ in the state folder. */
  readonly dataDir: string | undefined;
  readonly resume: boolean;
  /** Others in the room may look and vote: the dashboard alone listens beyond loopback, and changing things needs a token. */
  readonly share: boolean;
}

const flags = {
  port: { type: 'string', env: 'LBSCOPE_PORT', help: 'dashboard, default 3000' },
  'agent-port': { type: 'string', env: 'LBSCOPE_AGENT_PORT', help: 'agent, default 3001' },
  'api-port': { type: 'string', env: 'LBSCOPE_API_PORT', help: "the lab's Kubernetes API, default 8001" },
  'dns-port': { type: 'string', env: 'LBSCOPE_DNS_PORT', help: "the lab's DNS, default 10053" },
  pods: { type: 'string', env: 'LBSCOPE_PODS', help: 'replicas at the start, 0 to 200' },
  rate: { type: 'string', env: 'LBSCOPE_RATE', help: 'calls per second and lane at the start, 0.1 to 100000' },
  agents: {
    type: 'string',
    env: 'LBSCOPE_AGENTS',
    help: 'clients that share the rate, 1 to 16, default 1: each a process with connections of its own',
  },
  driver: { type: 'string', env: 'LBSCOPE_DRIVER', help: 'worker (default) or main: the thread that makes the calls' },
  pacing: { type: 'string', env: 'LBSCOPE_PACING', help: 'timer (default) or precise, which takes a core' },
  kubeconfig: { type: 'string', env: 'LBSCOPE_KUBECONFIG', help: 'use this cluster; no lab is started' },
  namespace: { type: 'string', env: 'LBSCOPE_NAMESPACE', help: 'namespace, default lbscope' },
  'state-dir': { type: 'string', env: 'LBSCOPE_STATE_DIR', help: 'where state and logs are kept, default .run' },
  'data-dir': {
    type: 'string',
    env: 'LBSCOPE_DATA_DIR',
    help: 'where runs are recorded, default recordings in the state folder',
  },
  resume: { type: 'boolean', env: 'LBSCOPE_RESUME', help: 'go on with the pods, lanes and traffic of the last start' },
  share: { type: 'boolean', env: 'LBSCOPE_SHARE', help: 'let others look and vote from their own devices' },
  help: { type: 'boolean', env: undefined, help: 'this text' },
} as const;

export const usage = `npm start -- [options]\n\n${Object.entries(flags)
  .map(
    ([name, { type, env, help }]) =>
      `  --${`${name}${type === 'string' ? ' N' : ''}`.padEnd(16)} ${help}${env ? ` (${env})` : ''}`,
  )
  .join('\n')}\n`;

export type Parsed =
  | { readonly kind: 'options'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

/** Reads flags and environment. Lists every fault at once, each with its name, value and what is allowed. */
export function parseOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Parsed {
  const faults: string[] = [];
  const { values, tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(Object.entries(flags).map(([name, { type }]) => [name, { type }])),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional') faults.push(`"${token.value}" is not understood: options begin with --`);
    if (token.kind !== 'option') continue;
    if (!(token.name in flags))
      faults.push(
        `${token.rawName} is not known; known are ${Object.keys(flags)
          .map((f) => `--${f}`)
          .join(', ')}`,
      );
    else if (flags[token.name as keyof typeof flags].type === 'string' && token.value === undefined)
      faults.push(`--${token.name} needs a value`);
  }
  if (values.help === true) return { kind: 'help' };

  const text = (name: keyof typeof flags): { value: string; from: string } | undefined => {
    const flag = values[name];
    if (typeof flag === 'string') return { value: flag, from: `--${name}` };
    const variable = flags[name].env;
    const value = variable ? env[variable] : undefined;
    return value === undefined || value === '' ? undefined : { value, from: variable ?? name };
  };
  const number = (name: keyof typeof flags, least: number, most: number, whole: boolean): number | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = given.value.trim() === '' ? Number.NaN : Number(given.value);
    if (Number.isFinite(value) && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
    faults.push(
      `${given.from} is "${given.value}": allowed is a ${whole ? 'whole ' : ''}number from ${least} to ${most}`,
    );
    return undefined;
  };

  const oneOf = (name: keyof typeof flags, allowed: readonly string[]): string | undefined => {
    const given = text(name);
    if (given === undefined || allowed.includes(given.value)) return given?.value;
    faults.push(`${given.from} is "${given.value}": allowed is ${allowed.join(' or ')}`);
    return undefined;
  };

  const options: Options = {
    port: number('port', 1, 65_535, true) ?? 3000,
    agentPort: number('agent-port', 1, 65_535, true) ?? 3001,
    apiPort: number('api-port', 1, 65_535, true) ?? 8001,
    dnsPort: number('dns-port', 1, 65_535, true) ?? 10_053,
    pods: number('pods', 0, 200, true),
    rate: number('rate', 0.1, 100_000, false),
    agents: number('agents', 1, 16, true) ?? 1,
    driver: oneOf('driver', ['worker', 'main']),
    pacing: oneOf('pacing', ['timer', 'precise']),
    kubeconfig: text('kubeconfig')?.value,
    namespace: text('namespace')?.value,
    stateDir: text('state-dir')?.value ?? '.run',
    dataDir: text('data-dir')?.value,
    resume: values.resume === true || ['1', 'true'].includes(env.LBSCOPE_RESUME ?? ''),
    share: values.share === true || ['1', 'true'].includes(env.LBSCOPE_SHARE ?? ''),
  };
  const ports = {
    port: options.port,
    'agent-port': options.agentPort,
    'api-port': options.apiPort,
    'dns-port': options.dnsPort,
  };
  for (const [name, value] of Object.entries(ports)) {
    const same = Object.entries(ports).find(([other, port]) => other > name && port === value);
    if (same) faults.push(`--${name} and --${same[0]} are both ${value}: each needs a port of its own`);
  }
  if (options.namespace !== undefined && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(options.namespace)) {
    faults.push(`--namespace is "${options.namespace}": allowed are 1 to 63 of a-z, 0-9 and -, not - at an end`);
  }
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'options', options };
}
