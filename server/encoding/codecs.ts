import { create, type DescMessage, fromBinary, type MessageShape, toBinary, toJson } from '@bufbuild/protobuf';
import { SliceChangedSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { SayHelloResponseSchema } from '../../gen/lbscope/greeter/v1/greeter_pb.js';

/** One message in both forms: bytes, and microseconds for one encoding and one decoding. */
export interface CodecFigures {
  readonly message: string;
  readonly protobufBytes: number;
  readonly jsonBytes: number;
  readonly protobufEncodeUs: number;
  readonly jsonEncodeUs: number;
  readonly protobufDecodeUs: number;
  readonly jsonDecodeUs: number;
}

const identity = {
  uid: '6d1ea2f0-4c3b-4a52-9c55-0f5a7d3b1c9e',
  name: 'greeter-7594f5b8bc-cw7tm',
  ip: '10.244.1.17',
  node: 'node-1',
  version: '0.1.0',
  incarnation: 0,
};
const slices = (count: number) =>
  create(SliceChangedSchema, {
    service: 'greeter',
    all: Array.from({ length: count }, (_, i) => ({
      address: `10.244.${i >> 8}.${i & 255}:50051`,
      podUid: identity.uid.replace(/^.{4}/, i.toString(16).padStart(4, '0')),
      pod: `greeter-7594f5b8bc-${i.toString(36).padStart(5, '0')}`,
      ready: i % 7 !== 0,
      serving: true,
    })),
  });

/**
 * Structured messages of this project, as services exchange them: an answer of a greeter, and a list of 20 and of 1,000 endpoints.
 * JSON is what a REST service does: JSON.stringify and JSON.parse of plain objects, the runtime's own.
 */
export async function measureCodecs(eachMs: number): Promise<CodecFigures[]> {
  return [
    await figures(
      'small: an answer',
      SayHelloResponseSchema,
      create(SayHelloResponseSchema, { pod: identity, sequence: 4_711, message: 'Hello, Ada' }),
      eachMs,
    ),
    await figures('medium: 20 endpoints', SliceChangedSchema, slices(20), eachMs),
    await figures('large: 1,000 endpoints', SliceChangedSchema, slices(1_000), eachMs),
  ];
}

async function figures<D extends DescMessage>(
  name: string,
  schema: D,
  message: MessageShape<D>,
  eachMs: number,
): Promise<CodecFigures> {
  const bytes = toBinary(schema, message);
  const plain = toJson(schema, message);
  const text = JSON.stringify(plain);
  const jsonBytes = Buffer.from(text);
  // In turns, so that a busy moment of the machine meets them all; the best round is the least disturbed one.
  const runs: (() => unknown)[] = [
    () => toBinary(schema, message),
    () => Buffer.from(JSON.stringify(plain)),
    () => fromBinary(schema, bytes),
    () => JSON.parse(jsonBytes.toString('utf8')),
  ];
  const best = runs.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < 3; round += 1) {
    for (const [index, run] of runs.entries()) {
      best[index] = Math.min(best[index] as number, usPerRun(run, eachMs / 3));
      // Whatever else this process has to do comes in between.
      await new Promise(setImmediate);
    }
  }
  const [protobufEncodeUs = 0, jsonEncodeUs = 0, protobufDecodeUs = 0, jsonDecodeUs = 0] = best;
  return {
    message: name,
    protobufBytes: bytes.length,
    jsonBytes: jsonBytes.length,
    protobufEncodeUs,
    jsonEncodeUs,
    protobufDecodeUs,
    jsonDecodeUs,
  };
}

function usPerRun(run: () => unknown, ms: number): number {
  const begun = performance.now();
  const end = begun + ms;
  let runs = 0;
  let now = begun;
  do {
    // One reading of the clock for several runs.
    for (let i = 0; i < 8; i += 1) run();
    runs += 8;
    now = performance.now();
  } while (now < end);
  return ((now - begun) * 1_000) / runs;
}
