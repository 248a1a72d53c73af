import type { Json } from '../store-port.ts';

/**
 * Some kubectl commands (create deployment, auth can-i) send protobuf only. This reads the fields that they set, by the
 * numbers of k8s.io/api's generated.proto; a field that is not listed here is skipped, like any unknown one.
 */
type FieldType = 'string' | 'int' | 'bool' | 'bytes' | 'quantity' | 'intOrString' | 'time' | Message;
type Field = readonly [name: string, type: FieldType, how?: 'list' | 'map'];
type Message = () => Readonly<Record<number, Field>>;

const ownerReference: Message = () => ({
  1: ['kind', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
  5: ['apiVersion', 'string'],
  6: ['controller', 'bool'],
  7: ['blockOwnerDeletion', 'bool'],
});
const objectMeta: Message = () => ({
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  5: ['uid', 'string'],
  6: ['resourceVersion', 'string'],
  8: ['creationTimestamp', 'time'],
  11: ['labels', 'string', 'map'],
  12: ['annotations', 'string', 'map'],
  13: ['ownerReferences', ownerReference, 'list'],
  14: ['finalizers', 'string', 'list'],
});
const requirement: Message = () => ({
  1: ['key', 'string'],
  2: ['operator', 'string'],
  3: ['values', 'string', 'list'],
});
const labelSelector: Message = () => ({
  1: ['matchLabels', 'string', 'map'],
  2: ['matchExpressions', requirement, 'list'],
});
const reference: Message = () => ({ 1: ['name', 'string'] });
const containerPort: Message = () => ({
  1: ['name', 'string'],
  2: ['hostPort', 'int'],
  3: ['containerPort', 'int'],
  4: ['protocol', 'string'],
  5: ['hostIP', 'string'],
});
const envVar: Message = () => ({ 1: ['name', 'string'], 2: ['value', 'string'] });
const resourceRequirements: Message = () => ({ 1: ['limits', 'quantity', 'map'], 2: ['requests', 'quantity', 'map'] });
const container: Message = () => ({
  1: ['name', 'string'],
  2: ['image', 'string'],
  3: ['command', 'string', 'list'],
  4: ['args', 'string', 'list'],
  5: ['workingDir', 'string'],
  6: ['ports', containerPort, 'list'],
  7: ['env', envVar, 'list'],
  8: ['resources', resourceRequirements],
  13: ['terminationMessagePath', 'string'],
  14: ['imagePullPolicy', 'string'],
  16: ['stdin', 'bool'],
  17: ['stdinOnce', 'bool'],
  18: ['tty', 'bool'],
});
const podSpec: Message = () => ({
  2: ['containers', container, 'list'],
  3: ['restartPolicy', 'string'],
  4: ['terminationGracePeriodSeconds', 'int'],
  6: ['dnsPolicy', 'string'],
  7: ['nodeSelector', 'string', 'map'],
  8: ['serviceAccountName', 'string'],
  10: ['nodeName', 'string'],
  16: ['hostname', 'string'],
  17: ['subdomain', 'string'],
  20: ['initContainers', container, 'list'],
});
const podTemplate: Message = () => ({ 1: ['metadata', objectMeta], 2: ['spec', podSpec] });
const rollingUpdate: Message = () => ({ 1: ['maxUnavailable', 'intOrString'], 2: ['maxSurge', 'intOrString'] });
const strategy: Message = () => ({ 1: ['type', 'string'], 2: ['rollingUpdate', rollingUpdate] });
const deploymentSpec: Message = () => ({
  1: ['replicas', 'int'],
  2: ['selector', labelSelector],
  3: ['template', podTemplate],
  4: ['strategy', strategy],
  5: ['minReadySeconds', 'int'],
  6: ['revisionHistoryLimit', 'int'],
  7: ['paused', 'bool'],
  9: ['progressDeadlineSeconds', 'int'],
});
const servicePort: Message = () => ({
  1: ['name', 'string'],
  2: ['protocol', 'string'],
  3: ['port', 'int'],
  4: ['targetPort', 'intOrString'],
  5: ['nodePort', 'int'],
  6: ['appProtocol', 'string'],
});
const serviceSpec: Message = () => ({
  1: ['ports', servicePort, 'list'],
  2: ['selector', 'string', 'map'],
  3: ['clusterIP', 'string'],
  4: ['type', 'string'],
  7: ['sessionAffinity', 'string'],
  10: ['externalName', 'string'],
  13: ['publishNotReadyAddresses', 'bool'],
  18: ['clusterIPs', 'string', 'list'],
});
const scaleSpec: Message = () => ({ 1: ['replicas', 'int'] });
const policyRule: Message = () => ({
  1: ['verbs', 'string', 'list'],
  2: ['apiGroups', 'string', 'list'],
  3: ['resources', 'string', 'list'],
  4: ['resourceNames', 'string', 'list'],
  5: ['nonResourceURLs', 'string', 'list'],
});
const subject: Message = () => ({
  1: ['kind', 'string'],
  2: ['apiGroup', 'string'],
  3: ['name', 'string'],
  4: ['namespace', 'string'],
});
const roleRef: Message = () => ({ 1: ['apiGroup', 'string'], 2: ['kind', 'string'], 3: ['name', 'string'] });
const resourceAttributes: Message = () => ({
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
});
const nonResourceAttributes: Message = () => ({ 1: ['path', 'string'], 2: ['verb', 'string'] });
const accessSpec: Message = () => ({
  1: ['resourceAttributes', resourceAttributes],
  2: ['nonResourceAttributes', nonResourceAttributes],
});
const rulesSpec: Message = () => ({ 1: ['namespace', 'string'] });
const preconditions: Message = () => ({ 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] });
const deleteOptions: Message = () => ({
  1: ['gracePeriodSeconds', 'int'],
  2: ['preconditions', preconditions],
  3: ['orphanDependents', 'bool'],
  4: ['propagationPolicy', 'string'],
  5: ['dryRun', 'string', 'list'],
});
const budgetSpec: Message = () => ({
  1: ['minAvailable', 'intOrString'],
  2: ['selector', labelSelector],
  3: ['maxUnavailable', 'intOrString'],
});

const withSpec =
  (spec: Message): Message =>
  () => ({ 1: ['metadata', objectMeta], 2: ['spec', spec] });
const kinds: Readonly<Record<string, Message>> = {
  Namespace: () => ({ 1: ['metadata', objectMeta] }),
  Pod: withSpec(podSpec),
  Deployment: withSpec(deploymentSpec),
  Service: withSpec(serviceSpec),
  Scale: withSpec(scaleSpec),
  PodDisruptionBudget: withSpec(budgetSpec),
  SelfSubjectAccessReview: withSpec(accessSpec),
  SelfSubjectRulesReview: withSpec(rulesSpec),
  SelfSubjectReview: () => ({ 1: ['metadata', objectMeta] }),
  ConfigMap: () => ({
    1: ['metadata', objectMeta],
    2: ['data', 'string', 'map'],
    3: ['binaryData', 'bytes', 'map'],
    4: ['immutable', 'bool'],
  }),
  Secret: () => ({
    1: ['metadata', objectMeta],
    2: ['data', 'bytes', 'map'],
    3: ['type', 'string'],
    4: ['stringData', 'string', 'map'],
    5: ['immutable', 'bool'],
  }),
  ServiceAccount: () => ({
    1: ['metadata', objectMeta],
    3: ['imagePullSecrets', reference, 'list'],
    4: ['automountServiceAccountToken', 'bool'],
  }),
  Role: () => ({ 1: ['metadata', objectMeta], 2: ['rules', policyRule, 'list'] }),
  RoleBinding: () => ({ 1: ['metadata', objectMeta], 2: ['subjects', subject, 'list'], 3: ['roleRef', roleRef] }),
  Eviction: () => ({ 1: ['metadata', objectMeta], 2: ['deleteOptions', deleteOptions] }),
  DeleteOptions: deleteOptions,
};

/** `k8s\0`, before a runtime.Unknown message. */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** The object in a `application/vnd.kubernetes.protobuf` body, or what keeps it from being read. */
export function decodeProtobuf(body: Buffer): { ok: true; object: Json } | { ok: false; problem: string } {
  if (!body.subarray(0, 4).equals(magic))
    return { ok: false, problem: 'the body does not start with the prefix "k8s\\0"' };
  try {
    const envelope = read(body.subarray(4), () => ({
      1: ['typeMeta', () => ({ 1: ['apiVersion', 'string'], 2: ['kind', 'string'] })],
      2: ['raw', 'bytes'],
    }));
    const { apiVersion, kind } = envelope.typeMeta ?? {};
    const message = kinds[kind];
    if (message === undefined) return { ok: false, problem: `kind "${kind}" can not be read as protobuf: send JSON` };
    const object = read(Buffer.from(envelope.raw ?? '', 'base64'), message);
    return { ok: true, object: { apiVersion, kind, ...object } };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** [value, next offset]. Node's numbers hold 53 bits; no field here has more. */
function varint(bytes: Buffer, at: number): [number, number] {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = bytes[at++];
    if (byte === undefined) throw new Error('the protobuf body ends early');
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return [Number(BigInt.asIntN(64, value)), at];
  }
  throw new Error('a number in the protobuf body is too long');
}

function read(bytes: Buffer, message: Message): Json {
  const fields = message();
  const result: Json = {};
  let at = 0;
  while (at < bytes.length) {
    let tag: number;
    [tag, at] = varint(bytes, at);
    const wire = tag & 7;
    const field = fields[tag >>> 3];
    let number = 0;
    let chunk: Buffer = Buffer.alloc(0);
    if (wire === 0) [number, at] = varint(bytes, at);
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      let length: number;
      [length, at] = varint(bytes, at);
      if (length < 0 || at + length > bytes.length) throw new Error('the protobuf body ends early');
      chunk = bytes.subarray(at, at + length);
      at += length;
    } else throw new Error(`wire type ${wire} is not known`);
    if (field === undefined) continue;
    const [name, type, how] = field;
    if (how === 'map') {
      const entry = read(chunk, () => ({ 1: ['key', 'string'], 2: ['value', type] }));
      result[name] ??= {};
      Object.defineProperty(result[name], entry.key ?? '', {
        value: entry.value ?? '',
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else {
      const value = convert(type, number, chunk);
      if (how === 'list') result[name] = [...(result[name] ?? []), value];
      // gogo's encoder writes every string and number that is not a pointer, empty or not: empty means unset.
      else if (value !== '' && value !== undefined) result[name] = value;
    }
  }
  return result;
}

function convert(type: FieldType, number: number, chunk: Buffer): Json {
  if (typeof type === 'function') return read(chunk, type);
  switch (type) {
    case 'string':
      return chunk.toString('utf8');
    case 'bytes':
      return chunk.toString('base64');
    case 'int':
      return number;
    case 'bool':
      return number !== 0;
    case 'quantity':
      return read(chunk, () => ({ 1: ['text', 'string'] })).text ?? '0';
    case 'intOrString': {
      const either = read(chunk, () => ({ 1: ['type', 'int'], 2: ['number', 'int'], 3: ['text', 'string'] }));
      return either.type === 1 ? (either.text ?? '') : (either.number ?? 0);
    }
    case 'time':
      // Only ever the zero time in what a client sends: the server stamps.
      return undefined;
  }
}
