/** What a client of the suite says, one line of JSON each. Every program under bench/peers says the same. */
export type Line =
  /** Once, first: which software makes the calls. It begins when it is sent a line. */
  | { readonly t: 'client'; readonly name: string; readonly version: string }
  /** A connection stands. `at`: Unix milliseconds, as all programs of a run share one machine's clock. */
  | { readonly t: 'connected'; readonly at: number; readonly address: string }
  /** Each 200 ms: what ended since the last one. */
  | {
      readonly t: 'frame';
      readonly at: number;
      /** Answers by the pod's name. */
      readonly answers: Readonly<Record<string, number>>;
      /** Failures by gRPC status code. */
      readonly errors: Readonly<Record<string, number>>;
      /** One message for each of these codes. */
      readonly said: Readonly<Record<string, string>>;
    };

const kinds = ['client', 'connected', 'frame'];

/** Undefined: not one of ours (a runtime's own warning, say). */
export function readLine(text: string): Line | undefined {
  try {
    const line = JSON.parse(text);
    return kinds.includes(line?.t) ? line : undefined;
  } catch {
    return undefined;
  }
}
