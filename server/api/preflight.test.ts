import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { AgentService, ScaleDeploymentRequestSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { preflight } from './preflight.ts';
import { requestRules } from './rules.ts';

function method(name: string) {
  const found = AgentService.methods.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no method ${name}`);
  return found;
}
const json = (name: string, body: unknown) =>
  preflight(
    method(name),
    'application/json',
    new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
  );

const retry = { maxAttempts: 3, initialBackoffMs: 10, maxBackoffMs: 100, backoffMultiplier: 2, codes: ['UNAVAILABLE'] };
const lane = { id: 'x', label: 'X', target: 'a:1', resolver: 'dns', policy: 'round_robin' };

/** Each says what the message must name: the field, the value, what is allowed. */
const refused: [method: string, body: unknown, ...names: (string | RegExp)[]][] = [
  ['SetTraffic', {}, 'nothing to change', 'ratePerSecond'],
  ['SetTraffic', { ratePerSecond: -5 }, 'ratePerSecond is -5', 'from 0.1 to 100000'],
  ['SetTraffic', { ratePerSecond: 0 }, 'ratePerSecond is 0'],
  ['SetTraffic', { ratePerSecond: 100_001 }, 'ratePerSecond is 100001'],
  ['SetTraffic', { ratePerSecond: 'fast' }, 'ratePerSecond is "fast"', 'a number'],
  ['SetTraffic', { ratePerSecond: '50' }, 'ratePerSecond is "50"'],
  ['SetTraffic', { ratePerSecond: 'NaN' }, 'ratePerSecond is "NaN"'],
  ['SetTraffic', '{"ratePerSecond":1e400}', 'ratePerSecond is Infinity'],
  ['SetTraffic', { ratePerSecond: 5, concurrency: 5 }, 'ratePerSecond is 5 and concurrency is 5', 'one of them'],
  ['SetTraffic', { concurrency: 0 }, 'concurrency is 0', 'a whole number from 1 to 10000'],
  ['SetTraffic', { connections: 1.5 }, 'connections is 1.5', 'whole'],
  ['SetTraffic', { connections: 1_001 }, 'connections is 1001', 'from 1 to 1000'],
  ['SetTraffic', { kind: 'smoke' }, 'kind is "smoke"', 'unary, server_stream, client_stream, bidi'],
  ['SetTraffic', { kind: 3 }, 'kind is 3'],
  ['SetTraffic', { messagesPerStream: 0 }, 'messagesPerStream is 0'],
  ['SetTraffic', { payloadBytes: 17_000_000 }, 'payloadBytes is 17000000'],
  ['SetTraffic', { deadlineMs: 0 }, 'deadlineMs is 0', 'from 1 to 600000'],
  ['SetTraffic', { thinkTimeMs: -1 }, 'thinkTimeMs is -1'],
  ['SetTraffic', { laneId: '', ratePerSecond: 5 }, 'laneId is ""'],
  ['SetTraffic', { laneId: 7, ratePerSecond: 5 }, 'laneId is 7'],
  ['SetTraffic', { speed: 3 }, 'speed is not a field', '3', 'ratePerSecond'],
  ['SetTraffic', { speed: 3, kind: 'smoke' }, 'speed', 'kind is "smoke"'],
  ['SetTraffic', '{"ratePerSecond":1,"ratePerSecond":2}', /ratePerSecond|rate_per_second/],
  ['SetTraffic', '{"ratePerSecond":', 'not JSON'],
  ['SetTraffic', '[]', 'the request is []', 'object'],
  ['SetTraffic', 'null', 'the request is null'],
  ['NewRun', { verbose: true }, 'verbose is not a field', 'true', 'no fields'],
  ['GetSnapshot', { at: 'noon' }, 'at is "noon"', 'an instant'],
  ['ReadHistory', { eventKinds: ['scaled'] }, 'eventKinds[0] is "scaled"', 'scaleAsked'],
  ['GetRun', { runId: '../x' }, 'runId is "../x"'],
  ['UpdateRun', { runId: 'a' }, 'nothing to change'],
  ['UpdateRun', { runId: 'a', name: 'a\nb' }, 'name is', 'one line of at most 120'],
  ['UpdateRun', { runId: 'a', tags: { list: ['x'.repeat(41)] } }, 'tags.list[0]', '1 to 40'],
  ['ListRuns', { pageSize: 501 }, 'pageSize is 501', 'from 1 to 500'],
  ['StartTraffic', { laneId: 'Bad Id' }, 'laneId is "Bad Id"', 'a-z'],
  ['StopTraffic', { lane: 'envoy' }, 'lane is not a field', 'laneId'],
  ['PutLane', { lane: { ...lane, client: 'http1-json' } }, 'lane.client is "http1-json"', 'static and pick_first'],
  ['PutLane', { lane: { ...lane, keepAlive: false } }, 'lane.keepAlive is false', 'http1-json'],
  ['AddPreset', {}, 'presetId is missing'],
  ['AddPreset', { presetId: 'zzz' }, 'presetId is "zzz"', 'clusterip, headless'],
  ['AddPreset', { presetId: 'address' }, 'target is missing', 'host:port'],
  ['AddPreset', { presetId: 'address', target: 'x' }, 'target is "x"', 'host:port'],
  ['AddPreset', { presetId: 'clusterip', target: 'a:1' }, 'target is "a:1"', 'has its own'],
  ['AddPreset', { presetId: 'clusterip', workers: 2 }, 'workers is 2', 'no such setting'],
  ['RemoveLane', {}, 'laneId is missing', 'the id of a lane'],
  ['RemoveLane', { laneId: null }, 'laneId is missing'],
  ['ScaleDeployment', {}, 'replicas is missing', 'a whole number from 0 to 200'],
  ['ScaleDeployment', { replicas: 201 }, 'replicas is 201'],
  ['ScaleDeployment', { replicas: -1 }, 'replicas is -1'],
  ['ScaleDeployment', { replicas: 2.5 }, 'replicas is 2.5'],
  ['ScaleDeployment', { replicas: true }, 'replicas is true'],
  ['ScaleDeployment', { replicas: [3] }, 'replicas is [3]'],
  ['DeletePod', {}, 'pod is missing', 'name or UID'],
  ['DeletePod', { pod: '' }, 'pod is ""'],
  ['DeletePod', { pod: '../secrets' }, 'pod is "../secrets"'],
  ['DeletePod', { pod: 'a', gracePeriodSeconds: -1 }, 'gracePeriodSeconds is -1'],
  ['SetPodBehavior', { pod: 'a' }, 'nothing to change', 'errorRate'],
  ['SetPodBehavior', { pod: 'a', crash: false }, 'nothing to change'],
  ['SetPodBehavior', { pod: 'a', crash: true, delayMs: 5 }, 'crash is true', 'crash alone'],
  ['SetPodBehavior', { pod: 'a', crash: 'yes' }, 'crash is "yes"', 'true or false'],
  ['SetPodBehavior', { pod: 'a', errorRate: 1.1 }, 'errorRate is 1.1', 'from 0 to 1'],
  ['SetPodBehavior', { pod: 'a', delayMs: 600_001 }, 'delayMs is 600001'],
  ['SetPodBehavior', { ready: true }, 'pod is missing'],
  ['SetPodBehavior', { pod: 'a', maxConnectionAgeMs: 99 }, 'maxConnectionAgeMs is 99', '-1 for none'],
  ['SetPodBehavior', { pod: 'a', maxConnectionAgeGraceMs: -2 }, 'maxConnectionAgeGraceMs is -2', '-1 for ever'],
  ['SetPodBehavior', { pod: 'a', crash: true, maxConnectionAgeMs: 1000 }, 'crash is true'],
  ['SetMaxConnectionAge', {}, 'ageMs is missing', '-1 for none'],
  ['SetMaxConnectionAge', { ageMs: 0 }, 'ageMs is 0', 'from 100 to 86400000'],
  ['SetMaxConnectionAge', { ageMs: 1000.5 }, 'ageMs is 1000.5'],
  ['SetTraffic', { messageIntervalMs: 600_001 }, 'messageIntervalMs is 600001'],
  ['PutLane', {}, 'lane is missing', 'resolver'],
  ['PutLane', { lane: 'envoy' }, 'lane is "envoy"', 'an object'],
  ['PutLane', { lane: { id: 'x' } }, 'lane.target is missing', 'lane.resolver is missing', 'lane.policy is missing'],
  ['PutLane', { lane: { ...lane, id: 'Bad Id' } }, 'lane.id is "Bad Id"'],
  ['PutLane', { lane: { ...lane, id: 'a'.repeat(33) } }, 'lane.id is'],
  ['PutLane', { lane: { ...lane, label: 'two\nlines' } }, 'lane.label', 'one line'],
  ['PutLane', { lane: { ...lane, resolver: 'carrier-pigeon' } }, 'lane.resolver is "carrier-pigeon"', 'kubernetes'],
  ['PutLane', { lane: { ...lane, policy: 'ring_hash' } }, 'lane.policy is "ring_hash"', 'pick_first', 'least_request'],
  ['PutLane', { lane: { ...lane, shuffle: true } }, 'lane.shuffle is true', "pick_first's"],
  ['PutLane', { lane: { ...lane, choices: 3 } }, 'lane.choices is 3', "least_request's"],
  ['PutLane', { lane: { ...lane, policy: 'least_request', choices: 1 } }, 'lane.choices is 1', 'from 2 to 10'],
  ['PutLane', { lane: { ...lane, profile: 'kuberesolver' } }, 'lane.profile is "kuberesolver"', 'grpc-js'],
  ['PutLane', { lane: { ...lane, profile: 'poll', resolutionFloorSeconds: 5 } }, 'lane.resolutionFloorSeconds is 5'],
  ['PutLane', { lane: { ...lane, profile: 'grpc-go', dnsCacheTtlSeconds: -1 } }, 'lane.dnsCacheTtlSeconds is -1'],
  ['PutLane', { lane: { ...lane, profile: 'grpc-java', dnsCacheTtlSeconds: 1.5 } }, 'lane.dnsCacheTtlSeconds is 1.5'],
  ['PutLane', { lane: { ...lane, idleTimeoutSeconds: 0.5 } }, 'lane.idleTimeoutSeconds is 0.5', '30 min'],
  ['PutLane', { lane: { ...lane, keepaliveTimeMs: 10 } }, 'lane.keepaliveTimeMs is 10', '1000'],
  ['PutLane', { lane: { ...lane, keepaliveTimeoutMs: 10 } }, 'lane.keepaliveTimeoutMs is 10', 'no PING'],
  ['PutLane', { lane: { ...lane, retry: { ...retry, codes: [] } } }, 'lane.retry.codes is []', 'at least one'],
  ['PutLane', { lane: { ...lane, retry: { ...retry, codes: ['OK'] } } }, 'lane.retry.codes has "OK"'],
  ['PutLane', { lane: { ...lane, retry: { ...retry, budgetTokens: 10 } } }, 'budgetTokens is 10 and budgetRatio is 0'],
  ['PutLane', { lane: { ...lane, retry: { ...retry, maxAttempts: 6 } } }, 'lane.retry.maxAttempts is 6', 'from 2 to 5'],
  ['PutLane', { lane: { ...lane, profile: 'grpc-c' } }, 'lane.profile is "grpc-c"', 'grpc-java'],
  [
    'PutLane',
    { lane: { ...lane, resolver: 'static', profile: 'grpc-go' } },
    'lane.profile is "grpc-go"',
    'asks nobody',
  ],
  ['PutLane', { lane: { ...lane, connections: 1_001 } }, 'lane.connections is 1001'],
  ['PutLane', { lane: { ...lane, pollIntervalSeconds: 5 } }, 'lane.pollIntervalSeconds is 5', 'profile poll'],
  ['PutLane', { lane: { ...lane, profile: 'poll', pollIntervalSeconds: 0.5 } }, 'pollIntervalSeconds is 0.5'],
  ['PutLane', { lane: { ...lane, colour: 'red' } }, 'lane.colour is not a field'],
  ['PutLane', { lane: { ...lane, target: 'a' } }, 'lane.target is "a"', 'host:port'],
  ['PutLane', { lane: { ...lane, target: 'a:0' } }, 'lane.target is "a:0"', '65535'],
  ['PutLane', { lane: { ...lane, target: 'a:99999' } }, 'lane.target is "a:99999"', '65535'],
  ['PutLane', { lane: { ...lane, target: 'http://a:1' } }, 'lane.target is "http://a:1"'],
  ['PutLane', { lane: { ...lane, target: 'a b:1' } }, 'lane.target is "a b:1"'],
  ['PutLane', { lane: { ...lane, target: '-a-:1' } }, 'lane.target is "-a-:1"', 'host name'],
  ['PutLane', { lane: { ...lane, resolver: 'kubernetes', target: 'greeter:50051' } }, 'service.namespace:port'],
  ['PutLane', { lane: { ...lane, resolver: 'kubernetes', target: 'a.b:99999' } }, 'lane.target is "a.b:99999"'],
  ['PutLane', { lane: { ...lane, envoyStatus: 'a:1:2' } }, 'lane.envoyStatus is "a:1:2"'],
  ['Watch', { runId: 'a' }, 'runId and afterSequence'],
];

const accepted: [method: string, body: unknown][] = [
  ['GetSnapshot', {}],
  ['StartTraffic', { laneId: 'envoy' }],
  ['StopTraffic', {}],
  ['SetTraffic', { ratePerSecond: 0.1 }],
  ['SetTraffic', { rate_per_second: 100_000 }],
  ['SetTraffic', { concurrency: 10_000, thinkTimeMs: 0, payloadBytes: 0 }],
  ['SetTraffic', { kind: 'bidi', ratePerSecond: null }],
  ['NewRun', {}],
  ['ScaleDeployment', { replicas: 0 }],
  ['ScaleDeployment', { replicas: 2e2 }],
  ['DeletePod', { pod: 'greeter-7d9f-x2k4p', gracePeriodSeconds: 0 }],
  ['DeletePod', { pod: '0b0c8a58-3a53-4fd9-9d45-36aa8f4a7a55' }],
  ['RestartRollout', {}],
  ['SetPodBehavior', { pod: 'a', ready: false }],
  ['SetPodBehavior', { pod: 'a', crash: true }],
  ['SetPodBehavior', { pod: 'a', maxConnectionAgeMs: -1 }],
  ['SetMaxConnectionAge', { ageMs: 30_000 }],
  ['SetMaxConnectionAge', { ageMs: -1, graceMs: 0 }],
  ['SetTraffic', { kind: 'bidi', messageIntervalMs: 100 }],
  ['PutLane', { lane }],
  ['PutLane', { lane: { ...lane, target: '[::1]:50051', resolver: 'static' } }],
  ['PutLane', { lane: { ...lane, target: 'a.b.svc.cluster.local.:1', profile: 'poll', pollIntervalSeconds: 5 } }],
  ['PutLane', { lane: { ...lane, target: 'greeter.lbscope:grpc', resolver: 'kubernetes' } }],
  ['PutLane', { lane: { ...lane, envoyStatus: 'greeter-envoy.lbscope.svc.cluster.local:9902', profile: '' } }],
  ['PutLane', { lane: { ...lane, policy: 'pick_first', shuffle: true, waitForReady: true } }],
  ['PutLane', { lane: { ...lane, policy: 'least_request', choices: 10 } }],
  ['PutLane', { lane: { ...lane, profile: 'grpc-java', dnsCacheTtlSeconds: -1 } }],
  ['PutLane', { lane: { ...lane, resolutionFloorSeconds: 5, idleTimeoutSeconds: 60, keepaliveTimeMs: 10_000 } }],
  ['PutLane', { lane: { ...lane, target: 'a.b:1', resolver: 'kubernetes', profile: 'kuberesolver' } }],
  ['PutLane', { lane: { ...lane, retry: { ...retry, budgetTokens: 10, budgetRatio: 0.1 } } }],
];

describe('what is refused', () => {
  it.each(refused)('%s %j', (name, body, ...names) => {
    const fault =
      name === 'Watch'
        ? preflight(method(name), 'application/connect+json', envelope(JSON.stringify(body)))
        : json(name, body);
    for (const part of names) {
      if (part instanceof RegExp) expect(fault).toMatch(part);
      else expect(fault).toContain(part);
    }
  });
});

describe('what is taken', () => {
  it.each(accepted)('%s %j', (name, body) => {
    expect(json(name, body)).toBeUndefined();
  });
});

it('every method and every field has its rule', () => {
  for (const { name, input } of AgentService.methods) {
    expect(Object.keys(requestRules[name]?.fields ?? {}), name).toEqual(input.fields.map((field) => field.jsonName));
  }
});

describe('the binary format', () => {
  const scale = method('ScaleDeployment');
  const bytes = (replicas?: number) =>
    toBinary(ScaleDeploymentRequestSchema, create(ScaleDeploymentRequestSchema, { replicas }));
  it('is held to the same rules', () => {
    expect(preflight(scale, 'application/proto', bytes(3))).toBeUndefined();
    expect(preflight(scale, 'application/proto', bytes())).toContain('replicas is missing');
    expect(preflight(scale, 'application/proto', bytes(Number.NaN))).toContain('replicas is NaN');
    expect(preflight(scale, 'application/proto', bytes(1.5))).toContain('replicas is 1.5');
  });
  it("garbage is the caller's fault", () => {
    expect(preflight(scale, 'application/proto', new Uint8Array([255, 255, 255]))).toContain('ScaleDeploymentRequest');
  });
});

describe('the envelope of a stream', () => {
  const watch = method('Watch');
  const check = (body: Uint8Array) => preflight(watch, 'application/connect+json', body);
  it('takes one whole, plain message', () => {
    expect(check(envelope('{}'))).toBeUndefined();
    expect(check(new Uint8Array())).toContain('shorter');
    expect(check(envelope('{}').subarray(0, 6))).toContain('2 bytes');
    expect(check(envelope('{}', 1))).toContain('compressed');
    expect(check(envelope('{"from":1}'))).toContain('from is not a field');
  });
});

function envelope(text: string, flags = 0): Uint8Array {
  const body = Buffer.from(text);
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}
