import { fileURLToPath } from 'node:url';
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';

export interface ForeignServer {
  readonly port: number;
  /** Requests as they came. */
  readonly requests: unknown[];
  close(): void;
}

/** For tests: a server of @grpc/grpc-js with @grpc/reflection, none of the project's own code in between. */
export async function startOrders(hostName: string, host: string, port = 0): Promise<ForeignServer> {
  const server = new Server();
  const requests: unknown[] = [];
  const loaded = loadSync(fileURLToPath(new URL('orders.proto', import.meta.url)));
  const get: handleUnaryCall<{ number: string }, unknown> = ({ request }, callback) => {
    requests.push(request);
    callback(null, { number: request.number, meta: { server: { hostName } } });
  };
  server.addService(loaded['shop.orders.v2.Orders'] as ServiceDefinition, { Get: get as UntypedHandleCall });
  new ReflectionService(loaded).addToServer(server);
  return listen(server, requests, host, port);
}

/** For tests: as the above, and all it has is the health service. No reflection, no name. */
export async function startHealthOnly(host: string, port = 0): Promise<ForeignServer> {
  const server = new Server();
  const requests: unknown[] = [];
  const check: handleUnaryCall<Buffer, Buffer> = ({ request }, callback) => {
    requests.push(request);
    // HealthCheckResponse.status = SERVING.
    callback(null, Buffer.from([0x08, 1]));
  };
  const same = (bytes: Buffer): Buffer => bytes;
  server.addService(
    {
      Check: {
        path: '/grpc.health.v1.Health/Check',
        requestStream: false,
        responseStream: false,
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      },
    },
    { Check: check },
  );
  return listen(server, requests, host, port);
}

async function listen(server: Server, requests: unknown[], host: string, port: number): Promise<ForeignServer> {
  const bound = await new Promise<number>((done, failed) =>
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? done(at) : failed(error),
    ),
  );
  return { port: bound, requests, close: () => server.forceShutdown() };
}
