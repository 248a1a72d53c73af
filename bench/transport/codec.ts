import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { SayHelloRequestSchema, SayHelloResponseSchema } from '../../gen/lbscope/greeter/v1/greeter_pb.js';

const times = 100_000;

/** What protobuf-es takes for one call, by itself, in microseconds of CPU. */
export function codecCost(): { readonly encodeUs: number; readonly decodeUs: number } {
  const pod = {
    uid: '0f4a6c1e-3f0b-4a53-9d0e-6f2d8c5b7a10',
    name: 'greeter-6b7f9-x2k4p',
    ip: '127.0.0.1',
    node: 'node-1',
  };
  const answer = { pod, sequence: 1, message: 'Hello!' };
  const bytes = toBinary(SayHelloResponseSchema, create(SayHelloResponseSchema, answer));
  return {
    encodeUs: cpuUs(() => toBinary(SayHelloRequestSchema, create(SayHelloRequestSchema, { name: 'bench' }))),
    decodeUs: cpuUs(() => fromBinary(SayHelloResponseSchema, bytes)),
  };
}

function cpuUs(run: () => unknown): number {
  for (let n = 0; n < times / 10; n++) run();
  const before = process.cpuUsage();
  for (let n = 0; n < times; n++) run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}
