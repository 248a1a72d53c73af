// The conformance suite's clients in other languages, built where their toolchains are present (bench/peers/).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './node.mjs';
import { step } from './say.mjs';
import { digest, isFresh, setFresh } from './stamp.mjs';

/** A first build fetches modules; a later one is a matter of seconds. */
const longestMs = 600_000;

/** What bench/peers/README.md names: where each program is, or why there is none here. */
export async function buildPeers() {
  const absent = {};
  const go = await built('grpc-go', 'bench/peers/go', buildGo, absent);
  const java = await built('grpc-java', 'bench/peers/java', buildJava, absent);
  return { ...(go ? { go } : {}), ...(java ? { java } : {}), absent };
}

async function built(name, folder, build, absent) {
  let outcome;
  await step(`Building the ${name} client`, async () => {
    outcome = build(folder);
  });
  if (outcome.path === undefined) absent[name] = outcome.why;
  return outcome.path;
}

function buildGo(folder) {
  const program = [process.env.GO_BIN, 'go', '/usr/local/go/bin/go'].find((one) => one && runs(one, ['version']));
  if (program === undefined) return { why: 'no go command on PATH (GO_BIN names another place)' };
  const path = join(root, '.cache', 'peers', 'grpc-go-client');
  const inputs = digest([folder]);
  if (isFresh('peer-go', inputs) && existsSync(path)) return { path };
  mkdirSync(join(root, '.cache', 'peers'), { recursive: true });
  const fault = command(program, ['build', '-mod=readonly', '-o', path, '.'], folder);
  if (fault !== undefined) return { why: `go build failed: ${fault}` };
  setFresh('peer-go', inputs);
  return { path };
}

function buildJava(folder) {
  if (!runs('java', ['-version'])) return { why: 'no java command on PATH' };
  // grpc-java asks the system's resolver, and that reads resolv.conf, where a server has no port.
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return { why: 'its lookups can be counted only on Linux as root (a resolv.conf of its own, and port 53)' };
  if (!runs('unshare', ['-m', 'true'])) return { why: 'no mount namespace can be made here (unshare -m)' };
  const target = join(root, '.cache', 'peers', 'java');
  const path = `${join(target, 'classes')}:${join(target, 'jars')}/*`;
  const inputs = digest([folder]);
  if (isFresh('peer-java', inputs) && existsSync(join(target, 'jars'))) return { path };
  if (!runs('mvn', ['-v'])) return { why: 'no mvn command on PATH' };
  const fault = command('mvn', ['-q', '-B', `-Dpeer.target=${target}`, 'process-classes'], folder);
  if (fault !== undefined) return { why: `mvn failed: ${fault}` };
  setFresh('peer-java', inputs);
  return { path };
}

function runs(program, args) {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/** Its last words where it fails, else undefined. */
function command(program, args, folder) {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    cwd: join(root, folder),
    encoding: 'utf8',
    timeout: longestMs,
    maxBuffer: 1 << 26,
  });
  if (status === 0) return undefined;
  const said = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').at(-1);
  return error?.message ?? said ?? `status ${status}`;
}
