import { beforeAll, describe, expect, test } from 'vitest';
import { admitted, type Peer, type Port } from './policies.ts';
import { build, kubectlVersion, kustomizations, type Manifest } from './render.ts';

const dns: readonly Port[] = [
  { number: 53, protocol: 'UDP' },
  { number: 53, protocol: 'TCP' },
];
const kubeDns: Peer = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };

/** Who may reach what in the base, and nothing beside it: everything else is refused. */
const base = [
  'envoy > greeter grpc',
  'agent > agent http',
  'agent > dashboard http',
  'agent > envoy grpc',
  'agent > envoy status',
  'agent > greeter control',
  'agent > greeter grpc',
  'agent > greeter http',
  'dashboard > agent http',
  'elsewhere > dashboard http',
];
const dnsOf = ['envoy > DNS', 'agent > DNS', 'dashboard > DNS'];

/** What an overlay adds and takes away. */
const differences: Readonly<Record<string, { more?: readonly string[]; less?: readonly string[] }>> = {
  // JSON over HTTP/1.1 is not served. The port for health is the kubelet's alone.
  'overlays/tls': { less: ['agent > greeter http'] },
  'overlays/workers': {
    more: [
      'worker > dashboard http',
      'worker > envoy grpc',
      'worker > greeter grpc',
      'worker > greeter http',
      'agent > worker work',
      'worker > DNS',
    ],
  },
  'overlays/tls-workers': {
    less: ['agent > greeter http'],
    more: [
      'worker > dashboard http',
      'worker > envoy grpc',
      'worker > greeter grpc',
      'agent > worker work',
      'worker > DNS',
    ],
  },
  'overlays/traefik': { more: ['traefik > greeter grpc'] },
  'overlays/ingress-nginx': { more: ['ingress-nginx > greeter grpc'] },
  'overlays/haproxy-ingress': { more: ['haproxy-controller > greeter grpc'] },
  'overlays/istio-gateway': { more: ['istio-ingress > greeter grpc'] },
  'overlays/gateway-api': { more: ['envoy-gateway-system > greeter grpc', 'gateway > greeter grpc'] },
  // A proxy beside a greeter asks the control plane, which it finds by DNS.
  'overlays/linkerd': { more: ['greeter > linkerd', 'greeter > DNS'] },
};
const namespaces = ['traefik', 'ingress-nginx', 'haproxy-controller', 'istio-ingress', 'envoy-gateway-system'];

describe.skipIf(kubectlVersion === undefined)('network policies', () => {
  const built = new Map<string, Manifest[]>();
  beforeAll(async () => {
    await Promise.all(kustomizations.map(async (each) => built.set(each, await build(each))));
  }, 60_000);

  test.for(kustomizations)('%s: exactly what is needed gets through', (name) => {
    const objects = built.get(name) ?? [];
    const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
    const pods = objects
      .filter(({ kind }) => kind === 'Deployment')
      .map(({ metadata, spec: { template } }) => ({
        short: metadata.name.replace(/^lbscope-|^greeter-(?=envoy)/, ''),
        peer: { namespace: metadata.namespace, labels: template.metadata.labels } satisfies Peer,
        ports: template.spec.containers.flatMap(({ ports }: Manifest) => ports) as Manifest[],
      }));
    const others = [
      // Of the same namespace, but none of lbscope's.
      { short: 'stranger', peer: { namespace: 'lbscope', labels: { app: 'stranger' } } },
      { short: 'elsewhere', peer: { namespace: 'default', labels: { 'app.kubernetes.io/part-of': 'lbscope' } } },
      ...namespaces.map((namespace) => ({ short: namespace, peer: { namespace, labels: {} } })),
      {
        short: 'gateway',
        peer: {
          namespace: 'lbscope',
          labels: { 'gateway.networking.k8s.io/gateway-name': 'greeter-gateway' },
        },
      },
    ];
    const found: string[] = [];
    for (const from of [...pods, ...others]) {
      for (const to of pods) {
        for (const { name: port, containerPort } of to.ports) {
          const asked: Port = { name: port, number: containerPort, protocol: 'TCP' };
          if (admitted(policies, from.peer, to.peer, asked)) found.push(`${from.short} > ${to.short} ${port}`);
        }
      }
    }
    // Everyone may look at the dashboard: it is reached through an Ingress, wherever that runs.
    const lookers = others.map(({ short }) => `${short} > dashboard http`).filter((each) => !base.includes(each));
    for (const { short, peer } of pods) {
      if (dns.every((port) => admitted(policies, peer, kubeDns, port))) found.push(`${short} > DNS`);
      const identity: Peer = { namespace: 'linkerd', labels: {} };
      const restricted = policies.some(
        ({ spec }) =>
          spec.policyTypes.includes('Egress') && spec.podSelector.matchLabels['app.kubernetes.io/name'] === short,
      );
      if (restricted && admitted(policies, peer, identity, { number: 8080, protocol: 'TCP' })) {
        found.push(`${short} > linkerd`);
      }
    }
    const { more = [], less = [] } = differences[name] ?? {};
    expect(found.filter((each) => !lookers.includes(each)).sort()).toEqual(
      [...base, ...dnsOf, ...more].filter((each) => !less.includes(each)).sort(),
    );
  });

  test.for(kustomizations)('%s: nothing that a gateway copies onto its pods makes them greeters', (name) => {
    const objects = built.get(name) ?? [];
    const selectors = objects.filter(({ kind }) => kind === 'Service').map(({ spec }) => spec.selector);
    for (const { metadata } of objects.filter(({ apiVersion }) => apiVersion.startsWith('gateway.networking.k8s.io'))) {
      if (metadata.name !== 'greeter-gateway') continue;
      for (const selector of selectors) {
        const selected = Object.entries(selector).every(([key, value]) => metadata.labels[key] === value);
        expect(selected, JSON.stringify(selector)).toBe(false);
      }
    }
  });
});

test('the reading of policies: closed by default once selected, namespaces, ports by name and number', () => {
  const policy = (spec: object) => [{ metadata: { namespace: 'a' }, spec }];
  const one: Peer = { namespace: 'a', labels: { app: 'one' } };
  const two: Peer = { namespace: 'b', labels: { app: 'two' } };
  const port: Port = { name: 'http', number: 80, protocol: 'TCP' };
  expect(admitted([], two, one, port)).toBe(true);
  const closed = { podSelector: { matchLabels: { app: 'one' } }, policyTypes: ['Ingress'] };
  expect(admitted(policy(closed), two, one, port)).toBe(false);
  expect(admitted(policy(closed), one, two, port)).toBe(true);
  const from = (peer: object, ports?: object[]) => policy({ ...closed, ingress: [{ from: [peer], ports }] });
  expect(admitted(from({ podSelector: { matchLabels: { app: 'two' } } }), two, one, port)).toBe(false);
  const b = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'b' } } };
  expect(admitted(from(b), two, one, port)).toBe(true);
  expect(admitted(from(b, [{ port: 'http' }]), two, one, port)).toBe(true);
  expect(admitted(from(b, [{ port: 81 }]), two, one, port)).toBe(false);
  expect(admitted(from(b, [{ port: 80, protocol: 'UDP' }]), two, one, port)).toBe(false);
});
