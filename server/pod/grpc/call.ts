import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { frame, MessageReader } from './framing.ts';
import { type Handler, type StreamCall, StreamFault, type UnaryResult } from './handler.ts';
import { code, encodeStatusMessage, ok, type Status, status } from './status.ts';
import { parseTimeoutMs } from './timeout.ts';

/** Payloads of up to 16 MiB, and room for the rest of the message. */
export const messageLimitBytes = 16 * 1024 * 1024;

/** From an early answer to telling the client to stop: enough for the answer to leave. */
const stopSendingAfterMs = 1_000;

const responseHeaders = {
  [constants.HTTP2_HEADER_STATUS]: 200,
  'content-type': 'application/grpc+proto',
};
const okTrailers = { 'grpc-status': '0' };
const withTrailers = { waitForTrailers: true };

/** One gRPC call on one HTTP/2 stream: from its headers to its trailers. */
export class ServerCall implements StreamCall {
  readonly #stream: ServerHttp2Stream;
  readonly #onEnd: (() => void)[] = [];
  #deadline: NodeJS.Timeout | undefined;
  #status: Status = ok;
  #finished = false;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    // A reset by the peer is how a cancelled call looks: 'close' follows and says all that is to be done.
    stream.on('error', ignore);
    stream.on('close', () => this.#ended());
  }

  get ended(): boolean {
    return this.#finished || this.#stream.destroyed || this.#stream.closed;
  }

  /** `refused`: whoever calls may not. */
  start(headers: IncomingHttpHeaders, handler: Handler | undefined, refused?: Status): void {
    if (!isGrpc(headers['content-type'])) {
      this.#refuseHttp(415);
      return;
    }
    if (headers[':method'] !== 'POST') {
      this.#refuseHttp(405);
      return;
    }
    if (refused !== undefined) {
      this.finish(refused);
      return;
    }
    if (handler === undefined) {
      this.finish(status(code.unimplemented, `unknown method ${headers[':path']}`));
      return;
    }
    const encoding = headers['grpc-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      this.finish(status(code.unimplemented, `grpc-encoding ${encoding} is not supported; identity is`));
      return;
    }
    const timeout = headers['grpc-timeout'];
    if (timeout !== undefined) {
      const ms = parseTimeoutMs(String(timeout));
      if (ms === undefined) {
        this.finish(
          status(code.internal, `grpc-timeout is "${timeout}"; allowed: up to 8 digits and one of H, M, S, m, u, n`),
        );
        return;
      }
      this.#deadline = setTimeout(() => this.finish(status(code.deadlineExceeded, 'deadline exceeded')), ms);
    }
    if (handler.kind === 'stream') this.#settle(() => handler.handle(this));
    else this.#readOne(handler);
  }

  /** Ends the call with a status. The first one counts. */
  finish(end: Status): void {
    if (this.ended) {
      this.#ended();
      return;
    }
    this.#finished = true;
    this.#status = end;
    const stream = this.#stream;
    if (!stream.headersSent) {
      // Trailers-Only: status and headers in one frame.
      stream.respond({ ...responseHeaders, ...trailers(end) }, { endStream: true });
    } else {
      stream.end();
    }
    this.#ended();
    if (!stream.readableEnded) this.#discardRequest();
  }

  /**
   * What the client still sends is of no use, but must be read: without that it would wait for room for ever. A client
   * that goes on sending after its answer is asked to stop, as RFC 9113 (8.1) says, with RST_STREAM NO_ERROR; later,
   * as nghttp2 would drop an answer that has not left when the stream is reset.
   */
  #discardRequest(): void {
    const stream = this.#stream;
    stream.resume();
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), stopSendingAfterMs);
    stream.on('close', () => clearTimeout(timer));
  }

  async send(message: Uint8Array): Promise<boolean> {
    if (this.ended) return false;
    this.#respond();
    if (this.#stream.write(frame(message))) return true;
    return await new Promise((done) => {
      const stream = this.#stream;
      const settle = () => {
        stream.off('drain', settle);
        stream.off('close', settle);
        done(!this.ended);
      };
      stream.once('drain', settle);
      stream.once('close', settle);
    });
  }

  sleep(ms: number): Promise<boolean> {
    if (this.ended) return Promise.resolve(false);
    return new Promise((done) => {
      const timer = setTimeout(() => done(!this.ended), ms);
      this.onEnd(() => {
        clearTimeout(timer);
        done(false);
      });
    });
  }

  onEnd(run: () => void): void {
    if (this.ended) run();
    else this.#onEnd.push(run);
  }

  async *messages(): AsyncGenerator<Uint8Array, void, undefined> {
    const reader = new MessageReader(messageLimitBytes);
    // `destroyOnReturn: false`: whoever stops reading early still wants to answer.
    for await (const chunk of this.#stream.iterator({ destroyOnReturn: false })) {
      const messages = reader.push(chunk as Buffer);
      if (!Array.isArray(messages)) throw new StreamFault(messages);
      yield* messages;
      if (this.#finished) return;
    }
    if (!reader.between) throw new StreamFault(status(code.internal, 'the request ended inside a message'));
  }

  #readOne(handler: Extract<Handler, { kind: 'unary' | 'server_stream' }>): void {
    const reader = new MessageReader(messageLimitBytes);
    let request: Uint8Array | undefined;
    this.#stream.on('data', (chunk: Buffer) => {
      if (this.#finished) return;
      const messages = reader.push(chunk);
      if (!Array.isArray(messages)) {
        this.finish(messages);
        return;
      }
      if (messages.length > 1 || (request !== undefined && messages.length > 0)) {
        this.finish(status(code.internal, 'this method takes one request message'));
        return;
      }
      request ??= messages[0];
    });
    this.#stream.on('end', () => {
      if (this.ended) return;
      if (!reader.between) {
        this.finish(status(code.internal, 'the request ended inside a message'));
        return;
      }
      const message = request;
      if (message === undefined) {
        this.finish(status(code.internal, 'the request has no message'));
        return;
      }
      if (handler.kind === 'unary') this.#answerUnary(handler, message);
      else this.#settle(() => handler.handle(message, this));
    });
  }

  #answerUnary(handler: Extract<Handler, { kind: 'unary' }>, message: Uint8Array): void {
    let result: UnaryResult | Promise<UnaryResult>;
    try {
      result = handler.handle(message, this);
    } catch (error) {
      this.finish(faultStatus(error));
      return;
    }
    if (result instanceof Promise)
      result.then((value) => this.#endUnary(value)).catch((error) => this.finish(faultStatus(error)));
    else this.#endUnary(result);
  }

  #endUnary(result: UnaryResult): void {
    if (this.ended) {
      this.#ended();
      return;
    }
    if (!(result instanceof Uint8Array)) {
      this.finish(result);
      return;
    }
    this.#respond();
    this.#finished = true;
    this.#stream.end(frame(result));
    this.#ended();
  }

  #settle(handle: () => Promise<Status>): void {
    handle().then(
      (end) => this.finish(end),
      (error) => this.finish(faultStatus(error)),
    );
  }

  #respond(): void {
    const stream = this.#stream;
    if (stream.headersSent) return;
    stream.on('wantTrailers', () => stream.sendTrailers(trailers(this.#status)));
    stream.respond(responseHeaders, withTrailers);
  }

  #refuseHttp(httpStatus: number): void {
    this.#finished = true;
    this.#stream.respond({ [constants.HTTP2_HEADER_STATUS]: httpStatus }, { endStream: true });
    this.#stream.resume();
  }

  #ended(): void {
    clearTimeout(this.#deadline);
    for (const run of this.#onEnd.splice(0)) run();
  }
}

function trailers(end: Status): Record<string, string> {
  if (end.code === code.ok) return okTrailers;
  return { 'grpc-status': String(end.code), 'grpc-message': encodeStatusMessage(end.message) };
}

/** application/grpc, with a codec other than protobuf refused (gRPC over HTTP/2: 415). */
function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc(\+proto)?\s*(;|$)/i.test(contentType);
}

function faultStatus(error: unknown): Status {
  if (error instanceof StreamFault) return error.status;
  // The reader of protobuf throws on malformed input.
  return status(code.internal, error instanceof Error ? error.message : String(error));
}

function ignore(): void {}
