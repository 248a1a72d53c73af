/**
 * Runs one foreign program and never lets it outlive those who started it: `node keeper.mjs -- PROGRAM [ARGUMENT ...]`.
 * Such a program (Envoy) does not end when its stdin closes; this one does, and takes it along.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';

/** Between SIGTERM and SIGKILL once stdin closed: nobody is left to wait for a long drain. */
const graceMs = 2_000;

/** Linux: the child gets SIGKILL when its parent dies, however that died. */
const setpriv =
  process.platform === 'linux' ? ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path)) : undefined;

const separator = process.argv.indexOf('--');
const [program, ...args] = separator < 0 ? [] : process.argv.slice(separator + 1);

if (program === undefined) {
  process.stderr.write('usage: node keeper.mjs -- PROGRAM [ARGUMENT ...]\n');
  process.exit(2);
}
keep(program, args);

function keep(program: string, args: string[]): void {
  const [command, ...rest] =
    setpriv === undefined ? [program, ...args] : [setpriv, '--pdeathsig', 'KILL', '--', program, ...args];
  const child = spawn(command ?? program, rest, { stdio: ['ignore', 'inherit', 'inherit'] });

  child.on('error', (error) => {
    process.stderr.write(`keeper: ${program} could not be started: ${error.message}\n`);
    process.exit(127);
  });
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));

  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), graceMs);
  };
  process.stdin.on('end', end);
  process.stdin.on('close', end);
  process.stdin.on('error', end);
  process.stdin.resume();
}
