import { afterEach, expect, test } from 'vitest';
import type { Pod } from '../pod/pod.ts';
import { testPod } from '../pod/testing.ts';
import { createHttp2Transport } from '../transport/http2/index.ts';
import { measureCalls } from './calls.ts';
import { measureCodecs } from './codecs.ts';

let pod: Pod | undefined;
afterEach(() => pod?.stop());

test('three messages in both forms; protobuf is the smaller one of each', async () => {
  const found = await measureCodecs(6);
  expect(found.map(({ message }) => message.split(':')[0])).toEqual(['small', 'medium', 'large']);
  for (const { protobufBytes, jsonBytes, ...times } of found) {
    expect(protobufBytes).toBeLessThan(jsonBytes);
    for (const [name, us] of Object.entries(times)) if (name !== 'message') expect(us).toBeGreaterThan(0);
  }
});

test('whole calls both ways to one pod, none lost; a pod that is not there is no figure', async () => {
  pod = await testPod();
  const target = { host: '127.0.0.1', grpcPort: pod.port, jsonPort: pod.jsonPort as number };
  const found = await measureCalls(target, createHttp2Transport(), 40);
  expect(found?.map(({ way, concurrency }) => `${way} ${concurrency}`)).toEqual([
    'HTTP/2 + protobuf 1',
    'HTTP/1.1 + JSON 1',
    'HTTP/2 + protobuf 16',
    'HTTP/1.1 + JSON 16',
  ]);
  for (const { callsPerSecond, p50Ms, p99Ms, failed } of found ?? []) {
    expect(failed).toBe(0);
    expect(callsPerSecond).toBeGreaterThan(0);
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
  }
  pod.stop();
  expect(await measureCalls(target, createHttp2Transport(), 10)).toBeUndefined();
});
