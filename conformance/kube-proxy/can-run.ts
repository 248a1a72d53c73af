import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Told } from './story.ts';

/**
 * Network, mount and process namespaces of its own, so that nothing of it is seen outside and all of it ends with its first
 * process; /run is its own, as `ip netns` keeps names there.
 */
const ownNamespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const ownRun = 'mount -t tmpfs tmpfs /run && exec "$@"';
/** What the rules need of the kernel. */
const probe = `iptables -t nat -A OUTPUT -p tcp -m statistic --mode random --probability 0.5 -j ACCEPT &&
  iptables -t nat -A OUTPUT -p tcp -d 192.0.2.9 -j DNAT --to-destination 192.0.2.10:1 && iptables -A OUTPUT -p tcp -m conntrack --ctstate NEW -j REJECT &&
  ip link add v0 type veth peer name v1 && ip netns add probe`;

/** Why the kernel's side can't be run here; undefined: it can. */
export function whyNot(): string | undefined {
  if (process.env.LBSCOPE_TEST_FULL !== '1') return 'only in the full set (LBSCOPE_TEST_FULL=1)';
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  for (const program of ['unshare', 'ip', 'iptables', 'iptables-restore']) {
    if (spawnSync(program, ['--version']).error !== undefined) return `no program ${program} here`;
  }
  const tried = spawnSync('unshare', [...ownNamespaces, 'sh', '-c', ownRun, 'sh', 'sh', '-c', probe], {
    encoding: 'utf8',
  });
  return tried.status === 0 ? undefined : `no such rules here: ${tried.stderr.trim().split('\n').at(-1)}`;
}

export async function throughTheKernel(): Promise<Told> {
  const program = fileURLToPath(new URL('kernel.ts', import.meta.url));
  const args = [...ownNamespaces, 'sh', '-c', ownRun, 'sh', process.execPath, program];
  const { stdout } = await promisify(execFile)('unshare', args, { timeout: 50_000, killSignal: 'SIGKILL' });
  return JSON.parse(stdout) as Told;
}
