import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect } from 'vitest';
import {
  CollectHellosResponseSchema,
  SayHelloRequestSchema,
  SayHelloResponseSchema,
  StreamHellosRequestSchema,
} from '../../../gen/lbscope/greeter/v1/greeter_pb.js';
import { exchange, sayHello } from '../http2/testing/dial.ts';
import type { CallFailure, Connection } from '../port.ts';

const service = '/lbscope.greeter.v1.Greeter';

export const hello = (name: string, bytes = 0) =>
  toBinary(SayHelloRequestSchema, create(SayHelloRequestSchema, { name, payload: new Uint8Array(bytes) }));

const textOf = (message: Uint8Array) => fromBinary(SayHelloResponseSchema, message).message;

/** All four kinds of RPC against any server of the Greeter that says "Hello, NAME". */
export async function fourKinds(connection: Connection): Promise<void> {
  const one = await connection.unary({ path: sayHello, message: hello('a'), timeoutMs: 15_000 });
  expect(one.ok && textOf(one.message)).toBe('Hello, a');
  const request = create(StreamHellosRequestSchema, { name: 'b', count: 50 });
  const stream = await exchange(connection, `${service}/StreamHellos`, [toBinary(StreamHellosRequestSchema, request)]);
  expect([stream.end, stream.ends]).toEqual([{ ok: true }, 1]);
  expect(stream.got.map(textOf)).toEqual(new Array(50).fill('Hello, b'));
  const many = new Array(20).fill(hello('c'));
  const collected = await exchange(connection, `${service}/CollectHellos`, many);
  expect(collected.got.map((message) => fromBinary(CollectHellosResponseSchema, message).count)).toEqual([20]);
  const chat = await exchange(connection, `${service}/ChatHellos`, many);
  expect(chat.end).toEqual({ ok: true });
  expect(chat.got.map(textOf)).toEqual(new Array(20).fill('Hello, c'));
  expect(connection.inFlight).toBe(0);
}

/** Messages of 16 MiB up; and back, where the server sends what it got. */
export async function largeMessage(connection: Connection, path: string): Promise<void> {
  // With its tag and length the message has 16 MiB.
  const message = hello('', (16 << 20) - 5);
  expect(message.length).toBe(16 << 20);
  const outcome = await connection.unary({ path, message, timeoutMs: 20_000 });
  expect(outcome).toMatchObject({ ok: true });
}

export interface Counts {
  issued: number;
  answered: number;
  failures: CallFailure[];
}

/** Prepared calls, so many at a time; settles when each has its outcome. */
export function hammer(connection: Connection, total: number, concurrency: number): Promise<Counts> {
  return new Promise((resolve) => {
    const counts: Counts = { issued: 0, answered: 0, failures: [] };
    const next = () => {
      if (counts.issued < total) {
        counts.issued++;
        prepared.send(counts.issued);
      } else if (counts.answered + counts.failures.length === total) {
        resolve(counts);
      }
    };
    const prepared = connection.prepare(
      { path: sayHello, message: hello('n'), timeoutMs: 15_000 },
      {
        onMessage: () => {},
        onAnswered: () => {
          counts.answered++;
          next();
        },
        onFailed: (_, failure) => {
          counts.failures.push(failure);
          next();
        },
      },
    );
    for (let n = 0; n < concurrency; n++) next();
  });
}
