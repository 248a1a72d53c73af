import { parseArgs } from 'node:util';

export interface Options {
  readonly files: readonly string[];
  /** Every scenario of the folder. */
  readonly all: boolean;
  /** Of them, the quick ones. */
  readonly quick: boolean;
  readonly kubeconfig: string | undefined;
  readonly namespace: string | undefined;
  /** The name server of that cluster, where this machine's does not know its Services: "ip:port". */
  readonly dns: string | undefined;
  /** Where the recorded runs stay; undefined: they go with the agent. */
  readonly dataDir: string | undefined;
  /** Use the agent that listens there; nothing is started. */
  readonly agent: string | undefined;
  readonly report: string | undefined;
  readonly junit: string | undefined;
  readonly json: boolean;
}

export type Parsed =
  | { readonly kind: 'options'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

const flags = {
  all: { type: 'boolean', help: 'every scenario of scenarios/' },
  quick: { type: 'boolean', help: 'the short ones of scenarios/' },
  kubeconfig: {
    type: 'string',
    help: 'run in this cluster; without it an embedded one is started (LBSCOPE_KUBECONFIG)',
  },
  namespace: { type: 'string', help: 'namespace in that cluster, default lbscope' },
  dns: { type: 'string', help: 'name server of that cluster, IP:PORT, if this machine’s does not know its Services' },
  'data-dir': { type: 'string', help: 'keep the recorded runs in this folder, for npm run parity' },
  agent: {
    type: 'string',
    help: 'URL of a running agent, such as http://127.0.0.1:3001, or of its dashboard with /rpc; nothing is started',
  },
  report: { type: 'string', help: 'write one self-contained HTML file' },
  junit: { type: 'string', help: 'write JUnit XML' },
  json: { type: 'boolean', help: 'print the results as JSON, and nothing else, on standard output' },
  help: { type: 'boolean', help: 'this text' },
} as const;

export const usage = `npm run scenario -- FILE.yaml ... | --all | --quick  [options]

${Object.entries(flags)
  .map(([name, { type, help }]) => `  --${`${name}${type === 'string' ? ' VALUE' : ''}`.padEnd(20)} ${help}`)
  .join('\n')}

Ends with status 0 if every expectation passed, 1 if one failed, 2 if one could not be told, 3 if a scenario could not run.
The control token of an agent that asks for one is read from LBSCOPE_TOKEN.
`;

/** All faults at once, each naming the flag, its value and what is allowed. */
export function parseOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Parsed {
  const faults: string[] = [];
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(Object.entries(flags).map(([name, { type }]) => [name, { type }])),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const known = Object.keys(flags).map((name) => `--${name}`);
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name as keyof typeof flags] : undefined;
    if (flag === undefined) faults.push(`${token.rawName} is not known; known are ${known.join(', ')}`);
    else if (flag.type === 'string' && (token.value ?? '') === '') faults.push(`--${token.name} needs a value`);
    else if (flag.type === 'boolean' && token.value !== undefined) faults.push(`--${token.name} takes no value`);
  }
  if (values.help === true) return { kind: 'help' };
  const text = (name: keyof typeof flags): string | undefined => {
    const value = values[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const many = values.all === true || values.quick === true;
  if (many && positionals.length > 0)
    faults.push(`${positionals.join(', ')} beside --all or --quick: give one or the other`);
  if (!many && positionals.length === 0) faults.push('no scenario is named: give files, or --all, or --quick');
  const agent = text('agent');
  if (agent !== undefined && !/^https?:\/\/[^/\s]+(\/[^\s?#]*)?$/.test(agent)) {
    faults.push(`--agent is "${agent}": allowed is a URL such as http://127.0.0.1:3001, or a dashboard’s with /rpc`);
  }
  const kubeconfig = text('kubeconfig') ?? (agent === undefined ? env.LBSCOPE_KUBECONFIG || undefined : undefined);
  if (agent !== undefined && kubeconfig !== undefined) {
    faults.push('--kubeconfig beside --agent: the agent has a cluster of its own; give one or the other');
  }
  const dns = text('dns');
  if (dns !== undefined && !/^(\d{1,3}\.){3}\d{1,3}:\d{1,5}$/.test(dns))
    faults.push(`--dns is "${dns}": allowed is an address and a port such as 10.96.0.10:53`);
  for (const name of ['dns', 'data-dir'] as const) {
    if (agent !== undefined && text(name) !== undefined)
      faults.push(`--${name} beside --agent: that agent was started with its own`);
  }
  if (dns !== undefined && agent === undefined && kubeconfig === undefined)
    faults.push('--dns without --kubeconfig: the embedded cluster has a name server of its own');
  if (faults.length > 0) return { kind: 'faults', faults };
  return {
    kind: 'options',
    options: {
      files: positionals,
      all: many,
      quick: values.quick === true && values.all !== true,
      kubeconfig,
      namespace: text('namespace'),
      dns,
      dataDir: text('data-dir'),
      agent: agent?.replace(/\/$/, ''),
      report: text('report'),
      junit: text('junit'),
      json: values.json === true,
    },
  };
}
