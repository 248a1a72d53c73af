import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createDialMap } from '../../server/lab/addresses.ts';
import { createStore } from '../../server/lab/apiserver/store.ts';
import { systemClock } from '../../server/lab/clock.ts';
import { KubeProxy } from '../../server/lab/clusterip/kube-proxy.ts';
import { dial } from './dial.ts';
import { type Told, tell } from './story.ts';

const net = `127.78.${1 + Math.floor(Math.random() * 250)}`;
const vip = `${net}.250`;
const ipOf = (pod: number): string => `${net}.${pod}`;

/** The story through the lab's ClusterIP, pods as programs on loopback. */
export async function throughTheLab(): Promise<Told> {
  const port = await freePort();
  const pods = await Promise.all(
    [1, 2, 3, 4].map(async (pod) => {
      const program = fileURLToPath(new URL('pod.ts', import.meta.url));
      const args = [program, String(pod), ipOf(pod), String(port)];
      const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      return child;
    }),
  );
  const store = createStore({ clock: systemClock, random: Math.random });
  store.create({
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'greeter', namespace: 'lbscope' } },
    spec: { clusterIP: vip, ports: [{ name: 'grpc', port, targetPort: 'grpc', protocol: 'TCP' }] },
  });
  store.create({
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4', endpoints: [] },
    metadata: { name: 'greeter-1', namespace: 'lbscope', labels: { 'kubernetes.io/service-name': 'greeter' } },
    ports: [{ name: 'grpc', port, protocol: 'TCP' }],
  });
  const faults: string[] = [];
  const proxy = new KubeProxy({
    ...{ store, clock: systemClock, delays: { proxySyncMs: 0 }, random: Math.random },
    dialMap: createDialMap('own'),
    addresses: 'own',
    onFault: (message) => void faults.push(message),
  });
  proxy.start();
  try {
    const told = await tell({
      async endpoints(list) {
        const conditions = { ready: true, serving: true, terminating: false };
        const endpoints = list.map((pod) => ({ addresses: [ipOf(pod)], conditions }));
        store.modify('EndpointSlice', 'lbscope', 'greeter-1', (slice) => ({ ...slice, endpoints }));
        const applied = () => {
          const [state] = proxy.state().ports;
          return state?.backends.length === list.length && state.listening === list.length > 0;
        };
        while (!applied()) await sleep(5);
      },
      dial: () => dial(vip, port),
    });
    if (faults.length > 0) throw new Error(faults.join('; '));
    return told;
  } finally {
    proxy.stop();
    for (const child of pods) child.stdin.end();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, vip, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
