import type { RunEncodingBenchmarkResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';

export type EncodingFigure = {
  readonly what: 'size' | 'encode' | 'decode';
  readonly protobuf: string;
  readonly json: string;
  /** JSON's figure over protobuf's, and whose is the better one; undefined where nothing was measured. */
  readonly ratio: { readonly text: string; readonly better: 'protobuf' | 'JSON' | 'neither' } | undefined;
};

export type EncodingMessage = { readonly message: string; readonly figures: readonly EncodingFigure[] };

export type EncodingWay = {
  readonly key: string;
  readonly way: string;
  readonly atOnce: string;
  readonly perSecond: string;
  readonly p50: string;
  readonly p99: string;
  readonly failed: number;
};

/** Closer than this the two are alike: rounds of one benchmark differ by as much. */
const alike = 0.05;

/** Protobuf against JSON in words for a table; whoever wins. */
export function encodingTables({ codecs, calls }: Pick<RunEncodingBenchmarkResponse, 'codecs' | 'calls'>): {
  readonly messages: readonly EncodingMessage[];
  readonly ways: readonly EncodingWay[];
} {
  return {
    messages: codecs.map((codec) => ({
      message: codec.message,
      figures: [
        figure('size', codec.protobufBytes, codec.jsonBytes, bytes),
        figure('encode', codec.protobufEncodeUs, codec.jsonEncodeUs, micros),
        figure('decode', codec.protobufDecodeUs, codec.jsonDecodeUs, micros),
      ],
    })),
    ways: calls.map(({ way, concurrency, callsPerSecond, p50Ms, p99Ms, failed }) => ({
      key: `${way} ${concurrency}`,
      way,
      atOnce: String(concurrency),
      perSecond: Math.round(callsPerSecond).toLocaleString('en'),
      p50: `${three(p50Ms)} ms`,
      p99: `${three(p99Ms)} ms`,
      failed,
    })),
  };
}

function figure(
  what: EncodingFigure['what'],
  protobuf: number,
  json: number,
  word: (n: number) => string,
): EncodingFigure {
  const ratio = protobuf > 0 && json > 0 ? json / protobuf : undefined;
  return {
    what,
    protobuf: word(protobuf),
    json: word(json),
    ratio: ratio === undefined ? undefined : { text: `${three(ratio)}×`, better: winner(ratio) },
  };
}

function winner(ratio: number): 'protobuf' | 'JSON' | 'neither' {
  if (Math.abs(Math.log(ratio)) <= Math.log(1 + alike)) return 'neither';
  return ratio > 1 ? 'protobuf' : 'JSON';
}

function bytes(n: number): string {
  return `${Math.round(n).toLocaleString('en')} B`;
}

function micros(n: number): string {
  return `${three(n)} µs`;
}

/** Three digits that count. */
function three(n: number): string {
  if (n >= 100) return Math.round(n).toLocaleString('en');
  return n >= 10 ? n.toFixed(1) : n.toFixed(2);
}
