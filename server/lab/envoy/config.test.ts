import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { patchConfig } from './config.ts';
import { envoyCommand } from './prepare.ts';
import { baseObject } from './testing.ts';

const place = { podIP: '127.77.0.9', dnsHost: '127.0.0.1', dnsPort: 10053 };

test('the patch changes the pod’s addresses and the DNS server, and nothing else', async () => {
  const yaml: string = (await baseObject('ConfigMap', 'envoy-config')).data['envoy.yaml'];
  const patched = patchConfig(yaml, place);
  if (!patched.ok) throw new Error(patched.reason);
  const expected = parse(yaml.replaceAll(/\b(0\.0\.0\.0|127\.0\.0\.1)\b/g, place.podIP));
  const greeter = expected.static_resources.clusters[0];
  greeter.typed_dns_resolver_config.typed_config.resolvers = [
    { socket_address: { address: '127.0.0.1', port_value: 10053 } },
  ];
  expect(parse(patched.yaml)).toEqual(expected);
});

test('patching twice is patching once', async () => {
  const yaml: string = (await baseObject('ConfigMap', 'envoy-config')).data['envoy.yaml'];
  const once = patchConfig(yaml, place);
  if (!once.ok) throw new Error(once.reason);
  expect(patchConfig(once.yaml, place)).toEqual(once);
});

test('the container’s arguments are kept, but for the configuration file', () => {
  const args = ['--config-path', '/etc/envoy/envoy.yaml', '--concurrency', '2', '--disable-hot-restart'];
  expect(envoyCommand({ binary: '/bin/envoy', configFile: '/dir/envoy.yaml', args })).toEqual({
    command: '/bin/envoy',
    args: ['--config-path', '/dir/envoy.yaml', '--concurrency', '2', '--disable-hot-restart'],
    env: {},
  });
  expect(envoyCommand({ binary: 'e', configFile: 'f', args: ['-c', 'x', '--config-path=y'] }).args).toEqual([
    '--config-path',
    'f',
    '--disable-hot-restart',
  ]);
});
