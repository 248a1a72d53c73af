import { arch, cpus, platform, release, totalmem } from 'node:os';
import { apiTime } from './clock.ts';
import type { Store } from './store-port.ts';

/** Three nodes, so that spreading and `-o wide` show something. They are labels: every pod runs on this machine. */
export const nodeNames = ['node-1', 'node-2', 'node-3'] as const;

/** Creates the nodes, or brings those of an earlier run up to date. */
export function ensureNodes(store: Store, now: number, version: string, nodeIP: (index: number) => string): void {
  const time = apiTime(now);
  for (const [index, name] of nodeNames.entries()) {
    const capacity = { cpu: String(cpus().length), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: '110' };
    const status = {
      addresses: [
        { type: 'InternalIP', address: nodeIP(index) },
        { type: 'Hostname', address: name },
      ],
      capacity,
      allocatable: capacity,
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', time),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', time),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', time),
        condition('Ready', 'True', 'KubeletReady', time),
      ],
      nodeInfo: {
        kubeletVersion: version,
        kubeProxyVersion: version,
        containerRuntimeVersion: `process://${process.version}`,
        osImage: 'lbscope lab',
        kernelVersion: release(),
        operatingSystem: platform(),
        architecture: arch() === 'x64' ? 'amd64' : arch(),
        machineID: '',
        systemUUID: '',
        bootID: '',
      },
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
    };
    const known = store.modify('Node', undefined, name, (node) => ({ ...node, status }), { status: true });
    if (known) continue;
    store.create({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        labels: {
          'kubernetes.io/hostname': name,
          'kubernetes.io/os': platform(),
          'topology.kubernetes.io/zone': 'lab',
        },
      },
      spec: {},
      status,
    });
  }
}

const condition = (type: string, status: string, reason: string, time: string) => ({
  type,
  status,
  reason,
  message: reason,
  lastHeartbeatTime: time,
  lastTransitionTime: time,
});
