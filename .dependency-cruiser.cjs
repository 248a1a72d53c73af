/**
 * Import direction (docs/architecture.md): gen <- model <- {server, components} <- app.
 * A rule says why it exists, so that the failing check explains itself.
 */
const outside = (from, allowed) => ({
  from: { path: from },
  to: { path: '^(gen|model|server|components|app|e2e|bench|conformance|scripts)/', pathNot: allowed },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', comment: 'Data flows one way.', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'model-is-pure',
      comment: 'model/ is shared by server and browser: no I/O, nothing but gen.',
      severity: 'error',
      ...outside('^model/', '^(gen|model)/'),
    },
    {
      name: 'model-no-node',
      comment: 'model/ runs in a browser.',
      severity: 'error',
      from: { path: '^model/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'server-below-screen',
      comment: 'The server never imports the screen.',
      severity: 'error',
      ...outside('^server/', '^(gen|model|server)/'),
    },
    {
      name: 'components-not-server',
      comment: 'components/ reach the agent through components/live only.',
      severity: 'error',
      ...outside('^components/', '^(gen|model|components)/'),
    },
    {
      name: 'app-composes',
      comment: 'app/ composes components; it holds no server code.',
      severity: 'error',
      ...outside('^app/', '^(gen|model|components|app)/'),
    },
    {
      name: 'lab-apart',
      comment: 'The lab and the agent meet over sockets only; that keeps the lab honest.',
      severity: 'error',
      from: { path: '^server/lab/' },
      to: { path: '^server/', pathNot: '^server/(lab|process)/' },
    },
    {
      name: 'agent-apart',
      comment: 'The agent never knows whether it talks to the lab.',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/(lab|supervisor|manifests)/' },
      to: { path: '^server/lab/' },
    },
    {
      name: 'pod-apart',
      comment: 'A pod is a program of its own.',
      severity: 'error',
      from: { path: '^server/pod/' },
      to: { path: '^server/', pathNot: '^server/(pod|process)/' },
    },
    {
      name: 'pod-not-imported',
      comment: 'A pod is reached over a socket.',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/pod/|\\.test\\.ts$' },
      to: { path: '^server/pod/' },
    },
    {
      name: 'transport-lowest',
      comment: 'A transport knows nothing above it.',
      severity: 'error',
      from: { path: '^server/transport/', pathNot: '\\.test\\.ts$|/testing/' },
      to: { path: '^server/', pathNot: '^server/transport/' },
    },
    {
      name: 'balancing-cut',
      comment: 'balancing knows the transport port and the events port only.',
      severity: 'error',
      from: { path: '^server/balancing/', pathNot: '\\.test\\.ts$' },
      to: { path: '^server/', pathNot: '^server/(balancing|transport)/|^server/events/port\\.ts$' },
    },
    {
      name: 'traffic-cut',
      comment: 'traffic knows the channel port and the events port only.',
      severity: 'error',
      from: { path: '^server/traffic/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^server/',
        pathNot:
          '^server/traffic/|^server/balancing/channel-port\\.ts$|^server/transport/port\\.ts$|^server/events/port\\.ts$',
      },
    },
    {
      name: 'driver-cut',
      comment: 'driver knows channels, traffic and transports; nothing of the hub, the cluster or the API.',
      severity: 'error',
      from: { path: '^server/driver/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^server/',
        pathNot: '^server/(driver|balancing|clients|traffic|transport)/|^server/events/(port|clock|merge)\\.ts$',
      },
    },
    {
      name: 'agents-cut',
      comment:
        'Several agents share what an engine makes of lanes: agents know its port, frames and events; no hub, cluster or API.',
      severity: 'error',
      from: { path: '^server/agents/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^server/',
        pathNot:
          '^server/agents/|^server/events/(port|clock|merge)\\.ts$|^server/traffic/|^server/driver/open-connections\\.ts$|^server/balancing/resolver/port\\.ts$|^server/transport/(port\\.ts$|typed/)',
      },
    },
    {
      name: 'clients-beside-balancing',
      comment: 'Other client software stands behind the channel port, as balancing does.',
      severity: 'error',
      from: { path: '^server/clients/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^server/',
        pathNot:
          '^server/(clients|balancing|process)/|^server/transport/(port|connect-node/raw-method)\\.ts$|^server/events/port\\.ts$',
      },
    },
    {
      name: 'encoding-apart',
      comment: 'A benchmark knows the transport port only.',
      severity: 'error',
      from: { path: '^server/encoding/', pathNot: '\\.test\\.ts$' },
      to: { path: '^server/', pathNot: '^server/encoding/|^server/transport/port\\.ts$' },
    },
    {
      name: 'ads-apart',
      comment: "Envoys' ADS server is a program of its own over the Kubernetes client.",
      severity: 'error',
      from: { path: '^server/ads/', pathNot: '\\.test\\.ts$' },
      to: { path: '^server/', pathNot: '^server/(ads|kube|process)/|^server/events/(port|clock)\\.ts$' },
    },
    {
      name: 'presets-cut',
      comment: 'Presets apply objects and put lanes; they know the Kubernetes client and timers only.',
      severity: 'error',
      from: { path: '^server/presets/', pathNot: '\\.test\\.ts$' },
      to: { path: '^server/', pathNot: '^server/(presets|kube)/|^server/events/port\\.ts$' },
    },
    {
      name: 'reach-cut',
      comment: 'Whether something is reached is asked through ports: names, endpoints, connections.',
      severity: 'error',
      from: { path: '^server/reach/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^server/',
        pathNot:
          '^server/reach/|^server/events/port\\.ts$|^server/balancing/resolver/port\\.ts$|^server/transport/port\\.ts$',
      },
    },
    {
      name: 'kube-cut',
      comment: 'kube/ is one client for any cluster; it knows the events port, and reaches pods through typed clients.',
      severity: 'error',
      from: { path: '^server/kube/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^server/',
        pathNot: '^server/kube/|^server/events/port\\.ts$|^server/transport/(port\\.ts$|typed/)',
      },
    },
    {
      name: 'scenarios-ports',
      comment: 'A scenario acts as the API does: through the agent port and the hub, never on lanes, kube or the lab.',
      severity: 'error',
      from: { path: '^server/scenarios/', pathNot: '\\.test\\.ts$|^server/scenarios/cli/' },
      to: {
        path: '^server/',
        pathNot: '^server/(scenarios|api|events)/|^server/lanes/defaults\\.ts$',
      },
    },
    {
      name: 'conformance-below-screen',
      comment: 'The suite drives channels and the cluster; it knows no screen.',
      severity: 'error',
      ...outside('^conformance/', '^(gen|model|server|conformance)/'),
    },
    {
      name: 'recording-cut',
      comment: 'Recordings know the hub and how frames merge, and nothing of lanes, clusters or the API.',
      severity: 'error',
      from: { path: '^server/recording/', pathNot: '\\.test\\.ts$|/testing/' },
      to: { path: '^server/', pathNot: '^server/(recording|events)/' },
    },
    {
      name: 'one-door',
      comment: 'components/live is the only door to the agent.',
      severity: 'error',
      from: { path: '^components/', pathNot: '^components/live/' },
      to: { path: '@connectrpc/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(\\.next|dist|node_modules)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.mjs', '.js', '.json', '.d.ts'] },
  },
};
