import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { type LaneSpec, LaneSpecSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { laneOf, presets } from '../../model/presets.ts';
import { checkLaneSpec } from '../api/lane-spec.ts';
import { detourOf } from './detour.ts';
import { clusterTarget } from './dialled.ts';

const names = {
  namespace: 'shop',
  service: 'greeter',
  headlessService: 'greeter-headless',
  envoyService: 'greeter-envoy',
  port: 50_051,
};
const specOf = (id: string): LaneSpec => {
  const preset = presets.find((each) => each.id === id);
  if (preset === undefined) throw new Error(`no preset ${id}`);
  return laneOf(preset, names);
};
const around = (spec: LaneSpec, kubeconfig?: string) => {
  const target = clusterTarget(spec);
  return target === undefined ? undefined : detourOf(spec, target, { kubeconfig, namedPort: 50_051 });
};

test('what a lane needs of the cluster: pods, a name, or nothing', () => {
  expect(clusterTarget(specOf('kubewatch'))).toEqual({
    kind: 'pods',
    service: { namespace: 'shop', name: 'greeter' },
    port: 50_051,
  });
  expect(clusterTarget(specOf('headless'))).toMatchObject({
    kind: 'name',
    host: 'greeter-headless.shop.svc.cluster.local',
    port: 50_051,
  });
  const to = (target: string) => create(LaneSpecSchema, { resolver: 'static', target });
  for (const target of ['127.0.0.1:50051', '10.0.0.5:50051', 'greeter.example:443', 'greeter.example.com:443', 'a:1']) {
    expect(clusterTarget(to(target)), target).toBeUndefined();
  }
  expect(clusterTarget(create(LaneSpecSchema, { resolver: 'kubernetes', target: 'greeter.shop:grpc' }))?.port).toBe(
    'grpc',
  );
});

test('pods: one of them through kubectl, and it is said that this shows no balancing', () => {
  const detour = around(specOf('kubewatch'));
  expect(detour?.command).toBe('kubectl -n shop port-forward service/greeter 50051:50051');
  expect(detour?.inside).toBe('kubectl apply -k k8s/base');
  expect(detour?.limit).toContain('no balancing');
  expect(detour?.lane).toMatchObject({ id: 'forwarded-greeter', target: '127.0.0.1:50051', policy: 'pick_first' });
});

test('Envoy: its port and its status listener, so that what it believes in is seen', () => {
  const detour = around(specOf('envoy'), "/home/a b/it's/config");
  expect(detour?.command).toBe(
    "kubectl --kubeconfig '/home/a b/it'\\''s/config' -n shop port-forward service/greeter-envoy 10000:10000 9902:9902",
  );
  expect(detour?.lane).toMatchObject({ target: '127.0.0.1:10000', envoyStatus: '127.0.0.1:9902' });
  expect(detour?.limit).toContain('the proxy, which balances');
});

test('the lane of every detour is one that PutLane takes; TLS keeps the name that the certificate bears', () => {
  let detours = 0;
  for (const { id } of presets) {
    const lane = around(specOf(id))?.lane;
    if (lane === undefined) continue;
    detours += 1;
    expect(checkLaneSpec(lane), id).toEqual([]);
    expect(lane.id).toMatch(/^[a-z0-9-]{1,32}$/);
  }
  expect(detours).toBeGreaterThan(20);
  const tls = { ...specOf('clusterip'), tls: { ownCa: true } } as LaneSpec;
  expect(around(create(LaneSpecSchema, tls))?.lane?.tls).toMatchObject({
    serverName: 'greeter.shop.svc.cluster.local',
    ownCa: true,
  });
});

test('a privileged port gets a local one that anyone may listen on', () => {
  const spec = create(LaneSpecSchema, { resolver: 'kubernetes', policy: 'round_robin', target: 'web.shop:80' });
  expect(around(spec)?.command).toContain('50080:80');
});
