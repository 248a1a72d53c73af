import * as http2 from 'node:http2';
import type { Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { neverSent } from '../failure.ts';
import type {
  Address,
  CallFailure,
  Connection,
  ConnectionEnd,
  ConnectionListener,
  ConnectOptions,
  PreparedSink,
  PreparedUnary,
  StreamHandler,
  StreamRequest,
  StreamWriter,
  UnaryOutcome,
  UnaryRequest,
} from '../port.ts';
import { prepareOnUnary } from '../prepared.ts';
import { failureOf } from './errors.ts';
import { streamMethod, unaryMethod, unwrap, wrap } from './raw-method.ts';
import { RequestQueue } from './request-queue.ts';
import { originOf, Session } from './session.ts';

/**
 * Connect gives its session manager a method, a path and headers, but not the call they belong to. This header names it
 * between the two ends of Connect within this process; it is taken out before anything is written.
 */
const callHeader = 'lbscope-call';

/** One call between begin and end. */
class Call {
  readonly id: string;
  readonly headers = new Map<string, string>();
  /** Response headers that did not end the stream. */
  committed = false;
  readonly abort = new AbortController();
  stream: http2.ClientHttp2Stream | undefined;
  cancelled = false;
  settled = false;
  /** Ends the call when its stream is gone and Connect has not noticed. */
  onGone: (() => void) | undefined;

  constructor(id: string) {
    this.id = id;
  }
}

export class ConnectNodeConnection implements Connection {
  private readonly session: Session;
  private readonly transport: Transport;
  private readonly authority: string;
  private readonly scheme: string;
  private readonly calls = new Map<string, Call>();
  private nextCall = 1;

  constructor(address: Address, options: ConnectOptions, maxSessionMemoryMb: number, listener: ConnectionListener) {
    this.authority = options.authority;
    this.scheme = options.tls === undefined ? 'http' : 'https';
    this.session = new Session(address, options, maxSessionMemoryMb, {
      onConnected: () => listener.onConnected(),
      onGoaway: (goaway) => listener.onGoaway(goaway),
      onEnded: (end) => this.onEnded(end, listener),
    });
    const origin = originOf(address, options.tls !== undefined);
    this.transport = createGrpcTransport({
      baseUrl: origin,
      acceptCompression: [],
      sessionManager: {
        authority: origin,
        request: (method, path, headers) => this.open(method, path, headers),
        notifyResponseByteRead: () => this.session.heard(),
      },
    });
  }

  get inFlight(): number {
    return this.calls.size;
  }

  unary(request: UnaryRequest): Promise<UnaryOutcome> {
    const method = unaryMethod(request.path);
    if (method === undefined) return Promise.resolve(refusal(`"${request.path}" is not a path of a gRPC method`));
    if (!this.session.accepting) return Promise.resolve(refusal('the connection takes no new calls'));
    const call = this.begin();
    return new Promise((resolve) => {
      call.onGone = () => {
        if (this.finish(call)) resolve({ ok: false, ...this.failure(undefined, call) });
      };
      this.transport
        .unary(
          method,
          call.abort.signal,
          wholeMs(request.timeoutMs),
          { ...request.headers, [callHeader]: call.id },
          wrap(request.message),
        )
        .then(
          (answer) => {
            if (this.finish(call)) resolve({ ok: true, message: unwrap(answer.message), headers: call.headers });
          },
          (error) => {
            if (this.finish(call)) resolve({ ok: false, ...this.failure(error, call) });
          },
        );
    });
  }

  prepare(request: UnaryRequest, sink: PreparedSink): PreparedUnary {
    return prepareOnUnary(this, request, sink);
  }

  stream(request: StreamRequest, handler: StreamHandler): StreamWriter {
    const method = streamMethod(request.path);
    const problem =
      method === undefined
        ? `"${request.path}" is not a path of a gRPC method`
        : this.session.accepting
          ? undefined
          : 'the connection takes no new calls';
    const queue = new RequestQueue();
    if (method === undefined || problem !== undefined) {
      queue.end();
      queueMicrotask(() => handler.onEnd(refusal(problem ?? '')));
      return { write: () => Promise.resolve(), halfClose: () => {}, cancel: () => {} };
    }
    const call = this.begin();
    const end = (outcome: Parameters<StreamHandler['onEnd']>[0]) => {
      if (!this.finish(call)) return;
      void queue.return();
      handler.onEnd(outcome);
    };
    call.onGone = () => end({ ok: false, ...this.failure(undefined, call) });
    const run = async () => {
      const answer = await this.transport.stream(
        method,
        call.abort.signal,
        wholeMs(request.timeoutMs),
        { ...request.headers, [callHeader]: call.id },
        queue,
      );
      handler.onHeaders?.(call.headers);
      for await (const message of answer.message) {
        if (call.settled) return;
        handler.onMessage(unwrap(message));
      }
    };
    run().then(
      () => end({ ok: true }),
      (error) => end({ ok: false, ...this.failure(error, call) }),
    );
    return {
      write: (message) => queue.push(wrap(message)),
      halfClose: () => queue.end(),
      cancel: () => {
        if (call.settled) return;
        call.cancelled = true;
        call.abort.abort();
      },
    };
  }

  ping(): Promise<number | undefined> {
    return this.session.ping();
  }

  drain(): void {
    this.session.drain();
  }

  close(): void {
    this.session.close();
  }

  private begin(): Call {
    const call = new Call(String(this.nextCall++));
    this.calls.set(call.id, call);
    return call;
  }

  /** False if it had ended before: the first outcome counts. */
  private finish(call: Call): boolean {
    if (call.settled) return false;
    call.settled = true;
    this.calls.delete(call.id);
    return true;
  }

  private async open(
    method: string,
    path: string,
    headers: http2.OutgoingHttpHeaders,
  ): Promise<http2.ClientHttp2Stream> {
    const { [callHeader]: id, ...rest } = headers;
    const call = this.calls.get(String(id));
    for (let room = this.session.room(); room !== undefined; room = this.session.room()) {
      await room;
      if (call === undefined || call.settled) {
        this.session.passRoomOn();
        throw new NeverSent();
      }
      if (!this.session.accepting) throw new NeverSent();
    }
    if (!this.session.accepting) throw new NeverSent();
    const stream = this.session.open({
      ...rest,
      ':method': method,
      ':path': path,
      ':scheme': this.scheme,
      ':authority': this.authority,
    });
    // Also after Connect took its listeners away: an error nobody hears would end the process (connect-es 1768).
    stream.on('error', ignore);
    if (call === undefined) return stream;
    call.stream = stream;
    stream.once('response', (response, flags) => {
      keepHeaders(call.headers, response);
      call.committed = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) === 0;
    });
    stream.once('trailers', (trailers) => keepHeaders(call.headers, trailers));
    stream.once('close', () => {
      // Connect settles in microtasks after this. It waits for a deadline if a stream closed without an error and
      // without an answer, so what is left after them is ended here.
      if (!call.settled) setImmediate(() => this.giveUp(call));
    });
    return stream;
  }

  private giveUp(call: Call): void {
    if (call.settled) return;
    call.onGone?.();
    call.abort.abort();
  }

  private failure(error: unknown, call: Call): CallFailure {
    const { stream } = call;
    const streamId = stream?.id;
    const lastStreamId = this.session.goaway?.lastStreamId;
    const failure = failureOf(error, {
      headers: call.headers,
      sent: streamId !== undefined && stream?.pending === false,
      rstCode: stream?.rstCode ?? 0,
      aboveGoaway: streamId !== undefined && lastStreamId !== undefined && streamId > lastStreamId,
      end: this.session.ended ? this.session.endSoFar : undefined,
      cancelledByUs: call.cancelled,
    });
    return call.committed ? { ...failure, committed: true } : failure;
  }

  /** The port promises that calls in flight have their outcome before onClosed. */
  private onEnded(end: ConnectionEnd, listener: ConnectionListener): void {
    setImmediate(() => {
      for (const call of [...this.calls.values()]) this.giveUp(call);
      listener.onClosed(end);
    });
  }
}

/** Ends the call inside Connect; failureOf concludes from the facts, not from this. */
class NeverSent extends Error {}

function refusal(message: string): { ok: false } & CallFailure {
  return { ok: false, ...neverSent(message) };
}

/** gRPC's timeout header takes whole numbers, of 8 digits at most. */
/** Undefined: no limit. */
function wholeMs(ms: number): number | undefined {
  if (ms === Number.POSITIVE_INFINITY) return undefined;
  return Math.min(99_999_999, Math.max(1, Math.ceil(ms)));
}

function keepHeaders(into: Map<string, string>, from: http2.IncomingHttpHeaders): void {
  for (const name in from) {
    const value = from[name];
    if (value !== undefined) into.set(name, Array.isArray(value) ? value.join(', ') : String(value));
  }
}

function ignore(): void {}
