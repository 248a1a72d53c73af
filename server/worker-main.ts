/**
 * The agent with `--role worker`: drives what one other agent asks for, with connections and beliefs of its own. It keeps nothing,
 * records nothing and serves no page. This file is its composition root.
 */
import { hostname } from 'node:os';
import type { AgentOptions } from './agent-options.ts';
import { peerToken } from './agents/token.ts';
import { startWorker } from './agents/worker.ts';
import { Engine } from './engine.ts';
import { createClock, nodeTimers } from './events/clock.ts';
import { connectKube } from './kube/connect.ts';
import { createLog } from './process/log.ts';
import { endWithStdin } from './process/stdin-life.ts';

const loopback = /^(127\.|::1$)/;

export async function runWorker(options: AgentOptions, version: string): Promise<void> {
  const log = createLog('worker', { ...process.env, LBSCOPE_LOG_LEVEL: options['log-level'] });
  const timers = nodeTimers;
  const kube = connectKube({
    kubeconfig: options.kubeconfig,
    server: options['kube-server'],
    token: options['lane-token'] ?? options['kube-token'],
  });
  const file = options['peer-token-file'];
  const fault =
    kube.kind === 'fault'
      ? kube.message
      : file === undefined && !loopback.test(options.host)
        ? `--host is "${options.host}": beyond loopback a worker needs --peer-token-file`
        : undefined;
  if (fault !== undefined || kube.kind === 'fault') {
    process.stderr.write(`${fault}\n`);
    process.exit(2);
  }

  const name = options.name ?? hostname();
  const worker = await startWorker({
    name,
    version,
    timers,
    host: options.host,
    port: options['agent-port'],
    token: file === undefined ? undefined : peerToken(file, createClock().now, (reason) => log.warn({}, reason)),
    onSession: (begins) => log.info(begins ? 'an agent asks for work' : 'nobody asks for work: nothing is driven'),
    makeEngine: ({ clock, events, onFrame }) =>
      new Engine({
        options,
        connect: kube.connect,
        clock,
        timers,
        random: Math.random,
        events,
        onFrame,
        onFault: (reason, message) => log.error({ reason }, message),
      }),
  });
  log.info({ port: worker.port, name }, 'the worker waits for work');
  process.stdout.write(`${JSON.stringify({ agent: 'ready', url: `http://${options.host}:${worker.port}` })}\n`);

  let ending = false;
  const end = async (why: string): Promise<void> => {
    if (ending) return;
    ending = true;
    log.info(why);
    setTimeout(() => process.exit(0), 4_000).unref();
    await worker.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void end('asked to end'));
  process.on('SIGINT', () => void end('interrupted'));
  endWithStdin(() => void end('the supervisor is gone'));
}
