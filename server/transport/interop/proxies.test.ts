import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { testPod } from '../../pod/testing.ts';
import { createHttp2Transport } from '../http2/index.ts';
import { dial, exchange, sayHello } from '../http2/testing/dial.ts';
import { fourKinds, hammer, hello, largeMessage } from './battery.ts';
import { find, folderWith, freePort, start } from './programs.ts';

interface Settings {
  /** MAX_CONCURRENT_STREAMS towards us. */
  readonly streams: number;
  /** INITIAL_WINDOW_SIZE towards us, bytes. */
  readonly window: number;
}

interface Running {
  readonly port: number;
  readonly child: ChildProcess;
  /** Has it say GOAWAY and finish what is under way. */
  drain(): Promise<void>;
}

interface Proxy {
  readonly name: string;
  start(program: string, podPort: number, settings: Settings): Promise<Running>;
}

const wide: Settings = { streams: 128, window: 1 << 20 };
const narrow: Settings = { streams: 1, window: 65_535 };

const proxies: readonly Proxy[] = [
  {
    name: 'envoy',
    async start(program, podPort, { streams, window }) {
      const port = await freePort();
      const adminPort = await freePort();
      const address = (at: number) => ({ socket_address: { address: '127.0.0.1', port_value: at } });
      const config = {
        admin: { address: address(adminPort) },
        static_resources: {
          listeners: [
            {
              name: 'in',
              address: address(port),
              filter_chains: [
                {
                  filters: [
                    {
                      name: 'http',
                      typed_config: {
                        '@type':
                          'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                        stat_prefix: 'in',
                        codec_type: 'HTTP2',
                        http2_protocol_options: {
                          max_concurrent_streams: streams,
                          initial_stream_window_size: window,
                          initial_connection_window_size: window,
                        },
                        drain_timeout: '0.1s',
                        route_config: {
                          virtual_hosts: [
                            {
                              name: 'all',
                              domains: ['*'],
                              routes: [{ match: { prefix: '/' }, route: { cluster: 'pod', timeout: '0s' } }],
                            },
                          ],
                        },
                        http_filters: [
                          {
                            name: 'router',
                            typed_config: {
                              '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                            },
                          },
                        ],
                      },
                    },
                  ],
                },
              ],
            },
          ],
          clusters: [
            {
              name: 'pod',
              type: 'STATIC',
              typed_extension_protocol_options: {
                'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
                  '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
                  explicit_http_config: { http2_protocol_options: {} },
                },
              },
              load_assignment: {
                cluster_name: 'pod',
                endpoints: [{ lb_endpoints: [{ endpoint: { address: address(podPort) } }] }],
              },
            },
          ],
        },
      };
      const folder = folderWith({ 'envoy.json': JSON.stringify(config) });
      const args = ['-c', `${folder}/envoy.json`, '--use-dynamic-base-id', '--concurrency', '1', '-l', 'error'];
      const child = await start(program, args, port);
      const drain = async () => {
        const url = `http://127.0.0.1:${adminPort}/drain_listeners?graceful&skip_exit`;
        expect((await fetch(url, { method: 'POST' })).ok).toBe(true);
      };
      return { port, child, drain };
    },
  },
  {
    name: 'haproxy',
    async start(program, podPort, { streams, window }) {
      const port = await freePort();
      const folder = folderWith({
        'haproxy.cfg': `
global
  tune.h2.max-concurrent-streams ${streams}
  tune.h2.initial-window-size ${window}
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:${port} proto h2
  default_backend pod
backend pod
  server pod 127.0.0.1:${podPort} proto h2
`,
      });
      const child = await start(program, ['-db', '-f', `${folder}/haproxy.cfg`], port);
      return { port, child, drain: async () => void child.kill('SIGUSR1') };
    },
  },
  {
    name: 'nginx',
    async start(program, podPort, { streams }) {
      const port = await freePort();
      const folder = folderWith({
        // It has no setting for windows.
        'nginx.conf': `
daemon off;
pid nginx.pid;
error_log error.log;
worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path body;
  client_max_body_size 0;
  client_body_buffer_size 20m;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 100000;
  server {
    listen 127.0.0.1:${port} http2;
    http2_max_concurrent_streams ${streams};
    location / { grpc_pass grpc://127.0.0.1:${podPort}; }
  }
}
`,
      });
      const child = await start(program, ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log'], port);
      return { port, child, drain: async () => void child.kill('SIGQUIT') };
    },
  },
];

describe.each(proxies)('through $name', (proxy) => {
  const program = find(proxy.name);
  const test = it.skipIf(program === undefined);
  const note = program === undefined ? ` (${proxy.name} is not installed)` : '';

  async function through(settings: Settings) {
    const pod = await testPod();
    onTestFinished(() => pod.stop());
    const running = await proxy.start(program as string, pod.port, settings);
    const dialled = dial(createHttp2Transport(), running.port);
    await dialled.connected;
    return { ...dialled, running };
  }

  test(`all four kinds of call, and 2,000 calls at 64 at a time${note}`, async () => {
    const { connection } = await through(wide);
    await fourKinds(connection);
    const { answered, failures } = await hammer(connection, 2000, 64);
    expect([answered, failures]).toEqual([2000, []]);
  });

  test(`one stream at a time and small windows${note}`, async () => {
    const { connection } = await through(narrow);
    await fourKinds(connection);
    const { answered, failures } = await hammer(connection, 200, 32);
    expect([answered, failures]).toEqual([200, []]);
  });

  test(`messages of 16 MiB${note}`, async () => {
    const { connection } = await through(narrow);
    await largeMessage(connection, sayHello);
    await largeMessage(connection, sayHello);
  });

  test(`it goes away with a stream and calls under way: each ends once${note}`, async () => {
    const { connection, running, goaways, ended } = await through(wide);
    const calls = hammer(connection, 3000, 16);
    const streams = Array.from({ length: 5 }, () =>
      exchange(connection, '/lbscope.greeter.v1.Greeter/ChatHellos', new Array(100).fill(hello('c'))),
    );
    await sleep(30);
    await running.drain();
    const { issued, answered, failures } = await calls;
    expect(answered + failures.length).toBe(issued);
    // Whoever says GOAWAY finishes what it has taken.
    expect(failures.filter(({ seen }) => seen === 'maybe_processed')).toEqual([]);
    for (const { end, ends } of await Promise.all(streams)) expect([end, ends]).toEqual([{ ok: true }, 1]);
    if (failures.length > 0) {
      expect(goaways.length).toBeGreaterThan(0);
      expect((await ended).reason).toBe('goaway');
    }
  });
});

describe('with nghttpd', () => {
  const program = find('nghttpd');
  const note = program === undefined ? ' (nghttpd is not installed)' : '';

  it.skipIf(program === undefined)(`uploads of all sizes, and a status in trailers${note}`, async () => {
    const port = await freePort();
    // It echoes bodies, but can't be told gRPC's content type: so the status it ends with is what there is to see.
    const args = ['--no-tls', '--echo-upload', '-a', '127.0.0.1', '--trailer', 'grpc-status: 7', String(port)];
    await start(program as string, args, port);
    const { connection, connected } = dial(createHttp2Transport(), port);
    await connected;
    for (const bytes of [0, 1, 16_379, 16_380, 70_000, 5 << 20]) {
      const outcomes = await Promise.all(
        Array.from({ length: 5 }, () =>
          connection.unary({ path: sayHello, message: new Uint8Array(bytes), timeoutMs: 15_000 }),
        ),
      );
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ ok: false, errorClass: 'permission_denied', code: 7 });
        expect(outcome.headers.get('nghttpd-response')).toBe('echo');
      }
    }
    const { failures } = await hammer(connection, 500, 64);
    expect(failures.map(({ errorClass }) => errorClass)).toEqual(new Array(500).fill('permission_denied'));
    expect(await connection.ping()).toBeGreaterThan(0);
  });
});
