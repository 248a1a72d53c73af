import type { DeadlineWheel } from './deadlines.ts';
import { errorCode, type Fault, fault } from './frames.ts';
import type { SessionLife } from './life.ts';
import { OpenStreams } from './open-streams.ts';
import type { Output } from './output.ts';
import { PlainCalls } from './plain-calls.ts';
import { streamWindowBytes } from './receive-flow.ts';
import type { RequestHeads } from './request-head.ts';
import type { SendFlow } from './send-flow.ts';
import type { Stream } from './stream.ts';

export const largestStreamId = 2 ** 31 - 1;

export interface CallsParts {
  readonly life: SessionLife;
  readonly wheel: DeadlineWheel;
  readonly output: Output;
  readonly flow: SendFlow;
  readonly heads: RequestHeads;
  readonly maxQueued: number;
  /** The first call in flight after none. */
  readonly onBusy: () => void;
  /** The last stream id has been given away. */
  readonly onIdsUsedUp: () => void;
}

/** A connection's calls and how they begin: at once, or in turn when the peer's limit on streams has room. */
export class Calls {
  /** All streams the peer counts as open, but for plain calls. */
  readonly open = new OpenStreams();
  /** Calls the peer's limit on streams keeps here. */
  readonly waiting = new Set<Stream>();
  readonly plain = new PlainCalls();
  /** Calls without an outcome, those that wait too and plain ones not. */
  ordinary = 0;
  nextId = 1;
  /** The peer's MAX_CONCURRENT_STREAMS. */
  peerStreams = Number.POSITIVE_INFINITY;
  private readonly parts: CallsParts;

  constructor(parts: CallsParts) {
    this.parts = parts;
  }

  /** Calls without an outcome, also those that wait. */
  get inFlight(): number {
    return this.ordinary + this.plain.count;
  }

  /** The peer counts as many streams as it allows. */
  get full(): boolean {
    return this.open.size + this.plain.count >= this.peerStreams;
  }

  /** Why no call with this path and these headers can begin now. */
  refusal(path: string, extra: Uint8Array | string | undefined): string | undefined {
    const { life, heads, maxQueued } = this.parts;
    if (life.state !== 'open') return 'the connection takes no new calls';
    if (heads.block(path) === undefined) return `"${path}" is not a path of a gRPC method`;
    if (typeof extra === 'string') return extra;
    if (this.waiting.size >= maxQueued)
      return `${this.waiting.size} calls wait already for the peer's limit on streams`;
    return undefined;
  }

  begin(stream: Stream): void {
    const { wheel, output, onBusy } = this.parts;
    const { timeoutMs } = stream.request;
    stream.deadlineAt = output.tick() + (timeoutMs > 0 ? timeoutMs : 0);
    if (stream.deadlineAt < Number.POSITIVE_INFINITY) wheel.add(stream, stream.deadlineAt);
    this.ordinary++;
    if (this.inFlight === 1) onBusy();
    if (this.waiting.size > 0 || this.full) this.waiting.add(stream);
    else this.send(stream, timeoutMs);
  }

  sendWaiting(): void {
    const { life, wheel } = this.parts;
    if (life.state !== 'open') return;
    const now = wheel.now();
    for (const stream of this.waiting) {
      if (this.full) return;
      this.waiting.delete(stream);
      this.send(stream, stream.deadlineAt - now);
    }
  }

  /** A plain call goes on as an ordinary stream. */
  adopt(stream: Stream): void {
    this.ordinary++;
    this.open.add(stream);
    if (stream.deadlineAt < Number.POSITIVE_INFINITY) this.parts.wheel.add(stream, stream.deadlineAt);
  }

  /** A frame on a stream we don't know: closed is fine, as frames cross; never opened is not (RFC 9113, 5.1). */
  unknown(id: number, what: string): Fault | undefined {
    if (id % 2 === 1 && id < this.nextId) return undefined;
    return fault(errorCode.protocolError, `${what} on a stream that was never opened`);
  }

  private send(stream: Stream, timeoutMs: number): void {
    const { flow, heads, onIdsUsedUp } = this.parts;
    const id = this.nextId;
    this.nextId += 2;
    stream.id = id;
    stream.receiveWindow = streamWindowBytes;
    this.open.add(stream);
    const block = heads.block(stream.request.path) as Uint8Array;
    flow.begin(stream, block, heads.timeout(timeoutMs));
    if (id >= largestStreamId) onIdsUsedUp();
  }
}
