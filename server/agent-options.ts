import { parseArgs } from 'node:util';
import { z } from 'zod';

const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'a name of 1 to 63 of a-z, 0-9 and -');
const port = z.coerce.number().int().min(1).max(65_535);

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each !== ''),
);

const peers = list.refine((each) => each.every((peer) => /^[a-z0-9.-]+:\d{1,5}$/.test(peer)));

/** Each option: what is allowed (said in a fault), and its default with the reason where one is needed. */
const shape = {
  // agent: the one that is asked. worker: drives a part of the traffic for it, and nothing of its own.
  role: { schema: z.enum(['agent', 'worker']).default('agent'), allowed: 'agent or worker' },
  // A headless Service's name is all of its pods.
  peers: {
    schema: peers.default([]),
    allowed: 'HOST:PORT of other agents, separated by commas, such as lbscope-workers:3002',
  },
  // What agents show each other; without it a worker listens on loopback only.
  'peer-token-file': { schema: z.string().min(1).optional(), allowed: 'the path of a file that holds a token' },
  // A worker is called so on the screen; its host's name unless given.
  name: { schema: name.optional(), allowed: 'a name: 1 to 63 of a-z, 0-9 and -' },
  'agent-port': { schema: port.default(3001), allowed: 'a whole number from 1 to 65535' },
  // Beyond loopback whoever has no token only looks.
  host: {
    schema: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'),
    allowed: 'an address to listen on, such as 0.0.0.0',
  },
  'allowed-hosts': { schema: list.default([]), allowed: 'host names, separated by commas, that requests may name' },
  // Files, not values: arguments and environments are read by others more easily.
  'control-token-file': { schema: z.string().min(1).optional(), allowed: 'the path of a file that holds a token' },
  'vote-token-file': { schema: z.string().min(1).optional(), allowed: 'the path of a file that holds a token' },
  'view-token-file': { schema: z.string().min(1).optional(), allowed: 'the path of a file that holds a token' },
  viewing: { schema: z.enum(['open', 'token']).default('open'), allowed: 'open or token' },
  'most-rate': {
    schema: z.coerce.number().min(0.1).max(100_000).default(100_000),
    allowed: 'a number from 0.1 to 100000',
  },
  'most-concurrency': {
    schema: z.coerce.number().int().min(1).max(10_000).default(10_000),
    allowed: 'a whole number from 1 to 10000',
  },
  'most-replicas': {
    schema: z.coerce.number().int().min(1).max(200).default(200),
    allowed: 'a whole number from 1 to 200',
  },
  // For lanes over TLS that ask for it (LaneSpec.tls.ownCa).
  'call-ca': { schema: z.string().min(1).optional(), allowed: 'the path of a PEM file with a certificate authority' },
  // Per-RPC credentials, for lanes that show them (LaneSpec.tls.callCredentials). Read anew every few seconds.
  'call-token-file': { schema: z.string().min(1).optional(), allowed: 'the path of a file that holds a token' },
  // The lanes of a fresh start then speak TLS, trust --call-ca and show the token; their certificate must bear this name.
  'call-server-name': {
    schema: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/)
      .optional(),
    allowed: 'a host name, such as greeter.lbscope.svc.cluster.local',
  },
  // A preset may stand on objects (a proxy). Not applied unasked in a cluster that is somebody's own.
  objects: { schema: z.enum(['apply', 'print']).default('print'), allowed: 'apply or print' },
  'ways-in': { schema: z.string().min(1).optional(), allowed: "the path of a folder with the presets' objects" },
  'dashboard-port': { schema: port.optional(), allowed: 'a whole number from 1 to 65535' },
  kubeconfig: { schema: z.string().min(1).optional(), allowed: 'the path of a kubeconfig file' },
  'kube-server': { schema: z.url({ protocol: /^https?$/ }).optional(), allowed: 'a URL such as http://127.0.0.1:8001' },
  'kube-token': { schema: z.string().min(1).optional(), allowed: 'a bearer token' },
  // Lanes that watch the Kubernetes API do so as someone else than the truth, so that one can be forbidden without the other.
  'lane-token': { schema: z.string().min(1).optional(), allowed: 'a bearer token' },
  // Given by the supervisor when the cluster is the embedded one: where scenarios ask it for faults.
  'lab-url': { schema: z.url({ protocol: /^http$/ }).optional(), allowed: 'a URL such as http://127.0.0.1:8001' },
  'scenarios-dir': { schema: z.string().min(1).default('scenarios'), allowed: 'the path of a folder' },
  dns: {
    schema: z
      .string()
      .regex(/^(\d{1,3}\.){3}\d{1,3}:\d{1,5}$/)
      .optional(),
    allowed: 'ADDRESS:PORT of a DNS server; without it the system is asked',
  },
  namespace: { schema: name.default('lbscope'), allowed: 'a namespace: 1 to 63 of a-z, 0-9 and -' },
  service: { schema: name.default('greeter'), allowed: 'a Service: 1 to 63 of a-z, 0-9 and -' },
  'headless-service': { schema: name.default('greeter-headless'), allowed: 'a Service: 1 to 63 of a-z, 0-9 and -' },
  'envoy-service': { schema: name.default('greeter-envoy'), allowed: 'a Service: 1 to 63 of a-z, 0-9 and -' },
  deployment: { schema: name.default('greeter'), allowed: 'a Deployment: 1 to 63 of a-z, 0-9 and -' },
  'pod-port': { schema: port.default(50_051), allowed: 'a whole number from 1 to 65535' },
  'control-port': { schema: port.default(50_052), allowed: 'a whole number from 1 to 65535' },
  rate: { schema: z.coerce.number().min(0.1).max(100_000).optional(), allowed: 'a number from 0.1 to 100000' },
  'state-dir': { schema: z.string().min(1).default('.run/agent'), allowed: 'the path of a folder' },
  'data-dir': { schema: z.string().min(1).optional(), allowed: 'the path of a folder' },
  recording: { schema: z.enum(['on', 'off']).default('on'), allowed: 'on or off' },
  // An hour of four lanes at 200 calls/s has some 20 MB: a hundred hours.
  'data-limit-mb': {
    schema: z.coerce.number().min(10).max(10_000_000).default(2_000),
    allowed: 'MB from 10 to 10000000',
  },
  'data-limit-days': {
    schema: z.coerce.number().min(0.01).max(36_500).default(30),
    allowed: 'days from 0.01 to 36500',
  },
  // Which client carries the calls: the project's own, or connect-node, which costs far more CPU and behaves as its users know.
  transport: { schema: z.enum(['lbscope', 'connect-node']).default('lbscope'), allowed: 'lbscope or connect-node' },
  // Where the calls are made: in a thread of their own, so that nothing the agent does shifts their schedule; main to compare.
  driver: { schema: z.enum(['worker', 'main']).default('worker'), allowed: 'worker or main' },
  // timer: batches each millisecond; precise: to some microseconds, at the cost of a core.
  pacing: { schema: z.enum(['timer', 'precise']).default('timer'), allowed: 'timer or precise' },
  'log-level': {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    allowed: 'trace, debug, info, warn, error or silent',
  },
} as const;

type Shape = typeof shape;
export type AgentOptions = { readonly [K in keyof Shape]: z.output<Shape[K]['schema']> };

export type ParsedOptions =
  | { readonly kind: 'options'; readonly options: AgentOptions }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

/** "--agent-port" is LBSCOPE_AGENT_PORT in the environment; the flag wins. All faults are listed at once. */
export function parseAgentOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ParsedOptions {
  const faults: string[] = [];
  const { values, tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(Object.keys(shape).map((key) => [key, { type: 'string' as const }])),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional') faults.push(`"${token.value}" is not understood: options begin with --`);
    else if (token.kind === 'option' && !(token.name in shape)) faults.push(`${token.rawName} is not known`);
    else if (token.kind === 'option' && token.value === undefined) faults.push(`--${token.name} needs a value`);
  }
  const options: Record<string, unknown> = {};
  for (const [key, { schema, allowed }] of Object.entries(shape)) {
    const variable = `LBSCOPE_${key.toUpperCase().replaceAll('-', '_')}`;
    const flag = values[key];
    const given = typeof flag === 'string' ? flag : env[variable] || undefined;
    const parsed = schema.safeParse(given === '' ? ' ' : given);
    if (parsed.success) options[key] = parsed.data;
    else faults.push(`${typeof flag === 'string' ? `--${key}` : variable} is "${given}": allowed is ${allowed}`);
  }
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'options', options: options as AgentOptions };
}
