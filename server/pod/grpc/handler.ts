import type { Status } from './status.ts';

/**
 * What answers a path. The server calls it for each call; it may be asked again at once, and often: `handle` of a
 * unary handler is the hot path and runs without a promise where it can.
 * An exception counts as a fault of the program and is answered with INTERNAL.
 */
export type Handler =
  | {
      readonly kind: 'unary';
      /** The response message, or a status other than OK. */
      handle(message: Uint8Array, call: Call): UnaryResult | Promise<UnaryResult>;
    }
  | {
      /** One request; responses through `call.send`, then the status. */
      readonly kind: 'server_stream';
      handle(message: Uint8Array, call: Call): Promise<Status>;
    }
  | {
      /** Requests through `call.messages()`. */
      readonly kind: 'stream';
      handle(call: StreamCall): Promise<Status>;
    };

export type UnaryResult = Uint8Array | Status;

export interface Call {
  /** Sends one response. Resolves once there is room for the next (HTTP/2 flow control), false when the call has ended. */
  send(message: Uint8Array): Promise<boolean>;
  /** Waits; false when the call ended meanwhile (cancelled, deadline, connection lost). */
  sleep(ms: number): Promise<boolean>;
  /** Calls back once when the call has ended, however; at once if it has. */
  onEnd(run: () => void): void;
  readonly ended: boolean;
}

export interface StreamCall extends Call {
  /** Requests as they come; reads no faster than they are taken. Returns at half-close; throws a StreamFault. */
  messages(): AsyncGenerator<Uint8Array, void, undefined>;
}

/** What was wrong with the bytes of a request stream, or that it ended; the server turns it into the call's status. */
export class StreamFault extends Error {
  readonly status: Status;
  constructor(status: Status) {
    super(status.message);
    this.status = status;
  }
}
