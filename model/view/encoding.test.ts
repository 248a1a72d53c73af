import { create } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { RunEncodingBenchmarkResponseSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { encodingTables } from './encoding.ts';

it('each figure beside the other one, with the ratio and whose is better', () => {
  const { messages, ways } = encodingTables(
    create(RunEncodingBenchmarkResponseSchema, {
      codecs: [
        {
          message: 'large',
          protobufBytes: 89_283,
          jsonBytes: 139_730,
          protobufEncodeUs: 349.4,
          jsonEncodeUs: 122.1,
          protobufDecodeUs: 10,
          jsonDecodeUs: 10.3,
        },
      ],
      calls: [{ way: 'HTTP/2 + protobuf', concurrency: 16, callsPerSecond: 11_130.4, p50Ms: 0.357, p99Ms: 15.68 }],
    }),
  );
  expect(messages).toEqual([
    {
      message: 'large',
      figures: [
        { what: 'size', protobuf: '89,283 B', json: '139,730 B', ratio: { text: '1.57×', better: 'protobuf' } },
        { what: 'encode', protobuf: '349 µs', json: '122 µs', ratio: { text: '0.35×', better: 'JSON' } },
        { what: 'decode', protobuf: '10.0 µs', json: '10.3 µs', ratio: { text: '1.03×', better: 'neither' } },
      ],
    },
  ]);
  expect(ways).toEqual([
    {
      key: 'HTTP/2 + protobuf 16',
      way: 'HTTP/2 + protobuf',
      atOnce: '16',
      perSecond: '11,130',
      p50: '0.36 ms',
      p99: '15.7 ms',
      failed: 0,
    },
  ]);
});

it('what was not measured has no ratio', () => {
  const { messages } = encodingTables(create(RunEncodingBenchmarkResponseSchema, { codecs: [{ message: 'none' }] }));
  expect(messages[0]?.figures.map(({ ratio }) => ratio)).toEqual([undefined, undefined, undefined]);
});
