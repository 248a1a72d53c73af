import type { TransportFactory } from '../transport/port.ts';
import { type CallFigures, type CallTarget, measureCalls } from './calls.ts';
import { type CodecFigures, measureCodecs } from './codecs.ts';

const codecMs = 40;
const callMs = 400;

type Outcome =
  | {
      readonly ok: true;
      readonly codecs: readonly CodecFigures[];
      readonly calls: readonly CallFigures[];
      readonly note: string;
    }
  | { readonly ok: false; readonly code: 'failed_precondition'; readonly message: string };

/** The benchmark beside running lanes: bounded to a few seconds, and one at a time, as two would measure each other. */
export class EncodingBenchmark {
  readonly #transport: TransportFactory;
  readonly #target: () => CallTarget | undefined;
  #running = false;

  /** `target`: a pod that is ready now. */
  constructor(transport: TransportFactory, target: () => CallTarget | undefined) {
    this.#transport = transport;
    this.#target = target;
  }

  async run(): Promise<Outcome> {
    if (this.#running) return { ok: false, code: 'failed_precondition', message: 'the benchmark runs already' };
    this.#running = true;
    try {
      const codecs = await measureCodecs(codecMs);
      const target = this.#target();
      const calls = target === undefined ? undefined : await measureCalls(target, this.#transport, callMs);
      const note =
        calls === undefined
          ? 'no ready pod could be reached: messages only'
          : `calls to ${target?.host}, beside the lanes that run: read the ratios`;
      return { ok: true, codecs, calls: calls ?? [], note };
    } finally {
      this.#running = false;
    }
  }
}
