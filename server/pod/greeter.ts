import type { Behavior } from './behavior.ts';
import type { Call, Handler, StreamCall, UnaryResult } from './grpc/handler.ts';
import { code, ok, type Status, status } from './grpc/status.ts';
import { AnswerEncoder, decodeName, decodeStreamRequest, type Identity } from './messages.ts';

const mostAnswers = 1_000_000;
const longestIntervalMs = 600_000;

/** lbscope.greeter.v1.Greeter: who answered, in each of the four kinds of call. */
export function greeterHandlers(identity: Identity, behavior: Behavior, random: () => number): [string, Handler][] {
  const encoder = new AnswerEncoder(identity);
  let sequence = 0;

  const hello = (name: string) => encoder.hello(++sequence, `Hello, ${name}`);

  /** Drawn once a call. */
  const fails = () => {
    const { errorRate } = behavior.values;
    return errorRate > 0 && random() < errorRate;
  };
  const failure = status(code.unavailable, `${identity.name} was told to fail`);

  const sayHello: Handler = {
    kind: 'unary',
    handle(message, call) {
      const { delayMs } = behavior.values;
      const name = decodeName(message);
      if (delayMs > 0) return slowly(name, call, delayMs);
      return fails() ? failure : hello(name);
    },
  };
  const slowly = async (name: string, call: Call, delayMs: number): Promise<UnaryResult> => {
    if (!(await call.sleep(delayMs))) return ok;
    return fails() ? failure : hello(name);
  };

  /** Waits as the pod was told to; false when the call has ended meanwhile. */
  const delay = async (call: Call) => {
    const { delayMs } = behavior.values;
    return delayMs > 0 ? await call.sleep(delayMs) : true;
  };

  const streamHellos: Handler = {
    kind: 'server_stream',
    async handle(message, call) {
      const { name, count, intervalMs } = decodeStreamRequest(message);
      if (count < 1 || count > mostAnswers)
        return status(code.invalidArgument, `count is ${count}; allowed: 1 to ${mostAnswers}`);
      if (intervalMs > longestIntervalMs)
        return status(code.invalidArgument, `interval_ms is ${intervalMs}; allowed: 0 to ${longestIntervalMs}`);
      if (fails()) return (await delay(call)) ? failure : ok;
      for (let i = 0; i < count; i++) {
        if (i > 0 && intervalMs > 0 && !(await call.sleep(intervalMs))) return ok;
        if (!(await delay(call))) return ok;
        if (!(await call.send(hello(name)))) return ok;
        // A client that reads as fast as we write must not keep the others waiting.
        if (i % 64 === 63) await new Promise(setImmediate);
      }
      return ok;
    },
  };

  const collectHellos: Handler = {
    kind: 'stream',
    async handle(call) {
      let count = 0;
      let name = '';
      for await (const message of call.messages()) {
        name = decodeName(message) || name;
        count++;
      }
      if (!(await delay(call))) return ok;
      if (fails()) return failure;
      await call.send(encoder.collected(++sequence, count, `Hello, ${name}`));
      return ok;
    },
  };

  const chatHellos: Handler = { kind: 'stream', handle: (call) => chat(call) };
  const chat = async (call: StreamCall): Promise<Status> => {
    if (fails()) return (await delay(call)) ? failure : ok;
    for await (const message of call.messages()) {
      const name = decodeName(message);
      if (!(await delay(call))) return ok;
      if (!(await call.send(hello(name)))) return ok;
    }
    return ok;
  };

  return [
    ['/lbscope.greeter.v1.Greeter/SayHello', sayHello],
    ['/lbscope.greeter.v1.Greeter/StreamHellos', streamHellos],
    ['/lbscope.greeter.v1.Greeter/CollectHellos', collectHellos],
    ['/lbscope.greeter.v1.Greeter/ChatHellos', chatHellos],
  ];
}
