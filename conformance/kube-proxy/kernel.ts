/**
 * Runs inside namespaces of its own (can-run.ts says how it is started), which is what makes it a node: pods behind veth pairs,
 * and kube-proxy's rules. Tells the story and prints what came of it as JSON.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { dial } from './dial.ts';
import { hooks, serviceRules } from './rules.ts';
import { tell } from './story.ts';

const vip = '10.96.0.10';
const port = 50051;
const pods = [1, 2, 3, 4];
const ipOf = (pod: number): string => `10.244.0.${10 + pod}`;

const run = (program: string, ...args: string[]): void => {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
};
const ip = (text: string): void => run('ip', ...text.split(' '));
const restore = (rules: string): void => {
  execFileSync('iptables-restore', ['--noflush'], { input: rules, stdio: ['pipe', 'ignore', 'pipe'] });
};

ip('link set lo up');
// Where virtual addresses would leave the node, if no rule took them.
ip('link add uplink type veth peer name beyond');
ip('link set beyond up');
ip('addr add 192.0.2.2/24 dev uplink');
ip('link set uplink up');
ip('route add default via 192.0.2.1');
const programs = await Promise.all(
  pods.map(async (pod) => {
    ip(`netns add pod${pod}`);
    ip(`link add veth${pod} type veth peer name eth0 netns pod${pod}`);
    // As a routing network plug-in has it: a route for each pod, and a gateway that is the veth's other end.
    ip(`addr add 169.254.1.1/32 dev veth${pod}`);
    ip(`link set veth${pod} up`);
    ip(`route add ${ipOf(pod)}/32 dev veth${pod}`);
    ip(`-n pod${pod} link set lo up`);
    ip(`-n pod${pod} addr add ${ipOf(pod)}/32 dev eth0`);
    ip(`-n pod${pod} link set eth0 up`);
    ip(`-n pod${pod} route add 169.254.1.1 dev eth0`);
    ip(`-n pod${pod} route add default via 169.254.1.1 dev eth0`);
    const program = fileURLToPath(new URL('pod.ts', import.meta.url));
    const args = ['netns', 'exec', `pod${pod}`, process.execPath, program, String(pod), ipOf(pod), String(port)];
    const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return child;
  }),
);
restore(hooks);

const told = await tell({
  async endpoints(list) {
    restore(serviceRules({ ip: vip, port, endpoints: list.map((pod) => ({ id: `POD${pod}`, ip: ipOf(pod) })) }));
  },
  dial: () => dial(vip, port),
});
process.stdout.write(`${JSON.stringify(told)}\n`);
for (const child of programs) child.stdin.end();
