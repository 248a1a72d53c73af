import type { Json, KubeObject } from '../store-port.ts';

/** Fills in what the API server fills in, so that kubectl and the controllers see whole objects. Changes `object`. */
export function applyDefaults(object: KubeObject): void {
  object.spec ??= hasSpec.has(object.kind) ? {} : undefined;
  if (object.spec === undefined) delete object.spec;
  switch (object.kind) {
    case 'Namespace':
      object.spec.finalizers ??= ['kubernetes'];
      object.status ??= { phase: 'Active' };
      object.metadata.labels = { 'kubernetes.io/metadata.name': object.metadata.name, ...object.metadata.labels };
      break;
    case 'Pod':
      defaultPodSpec(object.spec);
      object.status ??= {};
      object.status.phase ??= 'Pending';
      break;
    case 'Deployment':
      defaultDeployment(object);
      break;
    case 'ReplicaSet':
      object.spec.replicas ??= 1;
      object.spec.selector ??= { matchLabels: object.spec.template?.metadata?.labels };
      defaultTemplate(object.spec.template);
      object.status ??= { replicas: 0 };
      break;
    case 'Service':
      defaultService(object);
      break;
    case 'Secret':
      defaultSecret(object);
      break;
    case 'EndpointSlice':
      object.endpoints ??= [];
      object.ports ??= [];
      break;
    case 'PodDisruptionBudget':
      object.status ??= { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
      break;
  }
}

const hasSpec = new Set(['Namespace', 'Pod', 'Deployment', 'ReplicaSet', 'Service', 'Node', 'PodDisruptionBudget']);

function defaultDeployment(object: KubeObject): void {
  const { spec } = object;
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  spec.strategy ??= {};
  spec.strategy.type ??= 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxSurge ??= '25%';
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
  }
  defaultTemplate(spec.template);
  object.status ??= {};
}

function defaultTemplate(template: Json): void {
  if (template === undefined || template === null) return;
  template.spec ??= {};
  defaultPodSpec(template.spec);
}

function defaultPodSpec(spec: Json): void {
  spec.restartPolicy ??= 'Always';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.securityContext ??= {};
  spec.schedulerName ??= 'default-scheduler';
  for (const volume of spec.volumes ?? []) if (volume.configMap) volume.configMap.defaultMode ??= 420;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    container.resources ??= {};
    container.terminationMessagePath ??= '/dev/termination-log';
    container.terminationMessagePolicy ??= 'File';
    container.imagePullPolicy ??= /:(?!latest$)[^:/]+$|@/.test(container.image ?? '') ? 'IfNotPresent' : 'Always';
    for (const port of container.ports ?? []) port.protocol ??= 'TCP';
    for (const variable of container.env ?? [])
      if (variable.valueFrom?.fieldRef) variable.valueFrom.fieldRef.apiVersion ??= 'v1';
    for (const probe of [container.readinessProbe, container.livenessProbe, container.startupProbe]) {
      if (!probe) continue;
      probe.periodSeconds ??= 10;
      probe.timeoutSeconds ??= 1;
      probe.successThreshold ??= 1;
      probe.failureThreshold ??= 3;
      if (probe.httpGet) {
        probe.httpGet.path ??= '/';
        probe.httpGet.scheme ??= 'HTTP';
      }
    }
  }
}

function defaultService(object: KubeObject): void {
  const { spec } = object;
  spec.type ??= 'ClusterIP';
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'ClientIP') spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: 10_800 } };
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0) port.targetPort = port.port;
  }
  if (spec.type !== 'ExternalName') {
    spec.internalTrafficPolicy ??= 'Cluster';
    spec.ipFamilies ??= ['IPv4'];
    spec.ipFamilyPolicy ??= 'SingleStack';
  }
  object.status ??= { loadBalancer: {} };
}

function defaultSecret(object: KubeObject): void {
  object.type ??= 'Opaque';
  for (const [key, value] of Object.entries(object.stringData ?? {})) {
    object.data ??= {};
    object.data[key] = Buffer.from(String(value)).toString('base64');
  }
  delete object.stringData;
}
