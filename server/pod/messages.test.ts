import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  CollectHellosResponseSchema,
  PodIdentitySchema,
  SayHelloRequestSchema,
  SayHelloResponseSchema,
  StreamHellosRequestSchema,
} from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import { GetBehaviorResponseSchema, SetBehaviorRequestSchema } from '../../gen/lbscope/pod/v1/control_pb.js';
import {
  AnswerEncoder,
  decodeBehaviorChange,
  decodeName,
  decodeStreamRequest,
  encodeBehavior,
  encodeIdentity,
} from './messages.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 300 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const identity = fc.record({
  uid: text,
  name: text,
  ip: text,
  node: text,
  version: text,
  incarnation: uint32,
  startedAtMs: fc.integer({ min: 0, max: 4e12 }),
});

test('answers are what the generated code would write', () => {
  fc.assert(
    fc.property(identity, uint32, uint32, text, (who, sequence, count, message) => {
      const { startedAtMs, ...fields } = who;
      const pod = create(PodIdentitySchema, { ...fields, startedAt: timestampFromMs(startedAtMs) });
      expect(fromBinary(PodIdentitySchema, encodeIdentity(who))).toEqual(pod);
      const encoder = new AnswerEncoder(who);
      expect(fromBinary(SayHelloResponseSchema, encoder.hello(sequence, message))).toEqual(
        create(SayHelloResponseSchema, { pod, sequence, message }),
      );
      expect(fromBinary(CollectHellosResponseSchema, encoder.collected(sequence, count, message))).toEqual(
        create(CollectHellosResponseSchema, { pod, sequence, count, message }),
      );
    }),
  );
});

test('requests are read as the generated code writes them, unknown fields skipped', () => {
  fc.assert(
    fc.property(text, fc.uint8Array({ maxLength: 64 }), uint32, uint32, (name, payload, count, intervalMs) => {
      expect(decodeName(toBinary(SayHelloRequestSchema, create(SayHelloRequestSchema, { name, payload })))).toBe(name);
      const request = toBinary(
        StreamHellosRequestSchema,
        create(StreamHellosRequestSchema, { name, payload, count, intervalMs }),
      );
      expect(decodeStreamRequest(request)).toEqual({ name, count, intervalMs });
    }),
  );
});

test('behaviour keeps the difference between absent and zero', () => {
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  fc.assert(
    fc.property(
      optional(fc.boolean()),
      optional(fc.double({ noNaN: true })),
      optional(fc.double({ noNaN: true })),
      optional(fc.double({ noNaN: true })),
      optional(fc.double({ noNaN: true })),
      (ready, delayMs, errorRate, maxConnectionAgeMs, maxConnectionAgeGraceMs) => {
        const request = toBinary(
          SetBehaviorRequestSchema,
          create(SetBehaviorRequestSchema, {
            ready,
            delayMs,
            errorRate,
            maxConnectionAgeMs,
            maxConnectionAgeGraceMs,
          }),
        );
        const change = decodeBehaviorChange(request);
        expect([change.ready, change.delayMs, change.errorRate]).toEqual([ready, delayMs, errorRate]);
        expect([change.maxConnectionAgeMs, change.maxConnectionAgeGraceMs]).toEqual([
          maxConnectionAgeMs,
          maxConnectionAgeGraceMs,
        ]);
      },
    ),
  );
  const behavior = {
    ready: true,
    delayMs: 12.5,
    errorRate: 0.25,
    maxConnectionAgeMs: 30_000,
    maxConnectionAgeGraceMs: -1,
  };
  expect(fromBinary(GetBehaviorResponseSchema, encodeBehavior(behavior)).behavior).toMatchObject(behavior);
});
