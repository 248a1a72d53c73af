/**
 * The supervisor: starts the lab, the agent and the dashboard, keeps them running, and ends them all.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, type ChildEvents } from './child.ts';
import { claim } from './claim.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { freePort } from './ports.ts';
import { links, prepareShare } from './share.ts';

const dist = dirname(fileURLToPath(import.meta.url));
const root = resolve(dist, '..');
const loopback = '127.0.0.1';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface LabReady {
  readonly api: string;
  readonly dns: string;
  readonly kubeconfig: string;
  readonly notes?: readonly string[];
}

/** The JSON line with which lab and agent say that they are ready. */
function readyMessage(kind: 'lab' | 'agent') {
  return (line: string): unknown => {
    if (!line.startsWith('{')) return undefined;
    try {
      const message = JSON.parse(line) as Record<string, unknown>;
      return message[kind] === 'ready' ? message : undefined;
    } catch {
      return undefined;
    }
  };
}

function portOf(url: string): number {
  return Number(url.slice(url.lastIndexOf(':') + 1));
}

async function run(options: Options): Promise<void> {
  const stateDir = resolve(root, options.stateDir);
  const held = claim(stateDir);
  if (held.kind === 'taken') {
    say(`lbscope already runs from this folder${held.url ? ` at ${held.url}` : ''} (process ${held.pid}).`);
    say('End that one first, or give this one a folder of its own with --state-dir.');
    process.exitCode = 1;
    process.stdin.destroy();
    return;
  }
  const logs = join(stateDir, 'log');
  mkdirSync(logs, { recursive: true });
  const logFile = (name: string): string => {
    const file = join(logs, `${name}.log`);
    try {
      renameSync(file, `${file}.1`);
    } catch {
      // The first start has no older log.
    }
    return file;
  };
  if (!options.resume) {
    // A fresh start shows the picture that the README promises. The lab's list of processes stays: it reaps by it.
    // In a real cluster what a scenario left behind is still to be restored.
    rmSync(join(stateDir, 'agent', options.kubeconfig ? 'lanes.json' : ''), { recursive: true, force: true });
  }

  const share = options.share ? prepareShare(join(stateDir, 'share')) : undefined;
  // Everything but the dashboard stays on loopback, also when it is shared.
  const dashboardHost = share === undefined ? loopback : '0.0.0.0';
  const names = share === undefined ? [] : [...share.addresses, share.name];

  const taken = new Set<number>();
  const claimPort = async (what: string, wanted: number, host = loopback): Promise<number> => {
    const port = await freePort(wanted, host, taken);
    if (port === undefined) throw new Error(`no free port from ${wanted} on for the ${what}; name another with a flag`);
    if (port !== wanted) say(`  port ${wanted} is taken: the ${what} uses ${port}`);
    taken.add(port);
    return port;
  };
  let dashboardPort = await claimPort('dashboard', options.port, dashboardHost);
  let agentPort = await claimPort('agent', options.agentPort);
  const workerPorts: number[] = [];
  for (let n = 2; n <= options.agents; n += 1) workerPorts.push(await claimPort(`agent ${n}`, agentPort + 99 + n));
  let apiPort = options.kubeconfig ? 0 : await claimPort("lab's Kubernetes API", options.apiPort);
  let dnsPort = options.kubeconfig ? 0 : await claimPort("lab's DNS", options.dnsPort);

  let ending = false;
  const reports = (name: string, onReady: (message: unknown, again: boolean) => void): ChildEvents => {
    let restarts = 0;
    return {
      onReady: (message) => {
        if (restarts > 0) say(`  ${name} runs again`);
        onReady(message, restarts > 0);
      },
      onEnded: (how, againInMs, lastLines) => {
        restarts += 1;
        say(`  ${name} ${how}; starting it again in ${againInMs / 1000} s`);
        // Repeated trouble needs its reason on the terminal, a single crash does not.
        if (restarts % 4 === 3 && lastLines)
          say(`${lastLines.replace(/^/gm, '    ')}\n    (all of it: ${join(options.stateDir, 'log', `${name}.log`)})`);
      },
    };
  };

  const common = { cwd: root, command: process.execPath };
  const resumeArgs = options.resume ? ['--resume'] : [];
  let labStarts = 0;
  let lab: Child | undefined;
  let labReady: LabReady | undefined;

  const url = (): string => `http://localhost:${dashboardPort}`;
  const up = { agent: false, dashboard: false, announced: false };
  const announce = (): void => {
    if (up.announced || !up.agent || !up.dashboard) return;
    up.announced = true;
    held.note(url());
    say('');
    if (share === undefined) say(`  lbscope  ${url()}`);
    else {
      const { presenter, viewers } = links(share, dashboardPort);
      say(`  lbscope  ${presenter}`);
      say('           (yours: this link may change things; do not show it)');
      say('');
      say(
        viewers.length === 0
          ? '  No address of this machine can be reached by others.'
          : '  For the room, to look and to vote:',
      );
      for (const link of viewers) say(`    ${link}`);
    }
    if (labReady) {
      say('');
      say('  The embedded cluster speaks the Kubernetes API; in another terminal:');
      say(`    kubectl --server ${labReady.api} --namespace lbscope get pods --watch`);
      say(`    kubectl --server ${labReady.api} --namespace lbscope scale deployment greeter --replicas 5`);
      for (const note of labReady.notes ?? []) say(`  Note: ${note}`);
    }
    say('');
    say('  Ctrl-C ends everything.');
  };

  /** How every agent reaches the cluster. */
  const clusterArgs = (): string[] => [
    ...(options.namespace ? ['--namespace', options.namespace] : []),
    ...(options.driver ? ['--driver', options.driver] : []),
    ...(options.pacing ? ['--pacing', options.pacing] : []),
    ...(options.kubeconfig
      ? ['--kubeconfig', options.kubeconfig]
      : [...['--kube-server', labReady?.api ?? '', '--dns', labReady?.dns ?? ''], ...['--lane-token', 'lab:lanes']]),
  ];
  const workers = workerPorts.map((port, index) => {
    const name = `agent-${index + 2}`;
    return new Child(
      {
        ...common,
        name,
        args: () => [
          join(dist, 'agent.mjs'),
          ...['--role', 'worker', '--name', name, '--agent-port', String(port)],
          ...clusterArgs(),
        ],
        env: () => ({}),
        logFile: logFile(name),
        readyLine: readyMessage('agent'),
        endWithinMs: 5_000,
      },
      reports(name, () => {}),
    );
  });

  const agent = new Child(
    {
      ...common,
      name: 'agent',
      args: () => [
        join(dist, 'agent.mjs'),
        ...['--agent-port', String(agentPort), '--state-dir', join(stateDir, 'agent')],
        // Recorded runs outlive a fresh start.
        ...[
          '--data-dir',
          options.dataDir === undefined ? join(stateDir, 'recordings') : resolve(root, options.dataDir),
        ],
        ...['--dashboard-port', String(dashboardPort), '--scenarios-dir', join(root, 'scenarios')],
        ...(workerPorts.length > 0 ? ['--peers', workerPorts.map((port) => `${loopback}:${port}`).join(',')] : []),
        ...clusterArgs(),
        ...(share === undefined
          ? []
          : [
              ...['--control-token-file', share.controlTokenFile, '--vote-token-file', share.voteTokenFile],
              ...['--allowed-hosts', names.join(',')],
            ]),
        ...(options.rate !== undefined ? ['--rate', String(options.rate)] : []),
        ...(options.kubeconfig ? [] : ['--objects', 'apply', '--lab-url', labReady?.api ?? '']),
      ],
      env: () => ({}),
      logFile: logFile('agent'),
      readyLine: readyMessage('agent'),
      endWithinMs: 5_000,
    },
    reports('agent', (message) => {
      agentPort = portOf((message as { url: string }).url);
      up.agent = true;
      announce();
    }),
  );

  const dashboard = new Child(
    {
      ...common,
      name: 'dashboard',
      args: () => ['--import', join(dist, 'dashboard-life.mjs'), join(root, '.next', 'standalone', 'server.js')],
      env: () => ({
        PORT: String(dashboardPort),
        HOSTNAME: dashboardHost,
        NODE_ENV: 'production',
        LBSCOPE_AGENT_URL: `http://${loopback}:${agentPort}`,
        LBSCOPE_ALLOWED_HOSTS: names.join(','),
        // What the page shows as link and QR code; the vote token is for everyone in the room.
        ...(share === undefined ? {} : { LBSCOPE_VIEWER_LINKS: links(share, dashboardPort).viewers.join(' ') }),
      }),
      logFile: logFile('dashboard'),
      readyLine: (line) => (/Ready in/.test(line) ? line : undefined),
      endWithinMs: 3_000,
    },
    reports('dashboard', () => {
      up.dashboard = true;
      announce();
    }),
  );

  if (options.kubeconfig === undefined) {
    lab = new Child(
      {
        ...common,
        name: 'lab',
        args: () => {
          labStarts += 1;
          const again = labStarts > 1;
          return [
            join(dist, 'lab.mjs'),
            ...['--api-port', String(apiPort), '--dns-port', String(dnsPort), '--state-dir', join(stateDir, 'lab')],
            ...(options.pods !== undefined ? ['--pods', String(options.pods)] : []),
            ...(again ? ['--resume'] : resumeArgs),
          ];
        },
        env: () => ({}),
        logFile: logFile('lab'),
        readyLine: readyMessage('lab'),
        // Pods drain when the lab is asked to end.
        endWithinMs: 8_000,
      },
      reports('lab', (message, again) => {
        labReady = message as LabReady;
        apiPort = portOf(labReady.api);
        dnsPort = portOf(labReady.dns);
        if (!again) for (const each of [...workers, agent]) each.start();
      }),
    );
  }

  const end = async (why: string): Promise<void> => {
    if (ending) return;
    ending = true;
    say(`\n  ${why}: ending everything`);
    await dashboard.end();
    await agent.end();
    await Promise.all(workers.map((each) => each.end()));
    await lab?.end();
    held.release();
    say('  ended');
    process.exit(0);
  };
  process.on('SIGINT', () => void end('interrupted'));
  process.on('SIGTERM', () => void end('asked to end'));
  if (process.env.LBSCOPE_SUPERVISED === '1') {
    process.stdin
      .on('end', () => void end('the starting process is gone'))
      .on('error', () => {})
      .resume();
  }

  dashboardPort = dashboardPort || options.port;
  dashboard.start();
  if (lab) lab.start();
  else for (const each of [...workers, agent]) each.start();
}

const parsed = parseOptions(process.argv.slice(2), process.env);
if (parsed.kind === 'help') {
  say(usage);
  process.exit(0);
} else if (parsed.kind === 'faults') {
  process.stderr.write(`${parsed.faults.length === 1 ? 'One option is' : 'Several options are'} not right:\n`);
  for (const fault of parsed.faults) process.stderr.write(`  ${fault}\n`);
  process.stderr.write('"npm start -- --help" lists them all.\n');
  process.exit(2);
} else {
  // A closed terminal must not end the supervisor before it has ended its children.
  process.stdout.on('error', () => {});
  run(parsed.options).catch((error: unknown) => {
    process.stderr.write(`lbscope could not start: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
}
