import { neverSent } from '../failure.ts';
import type { PreparedSink, UnaryRequest } from '../port.ts';
import { type Calls, largestStreamId } from './calls.ts';
import type { DeadlineWheel } from './deadlines.ts';
import type { HeaderBlock } from './hpack/header-block.ts';
import type { SessionLife } from './life.ts';
import type { Output } from './output.ts';
import { PreparedCall, type PreparedOwner, plainState } from './plain-calls.ts';
import { streamWindowBytes } from './receive-flow.ts';
import { encodeHeaders, type RequestHeads } from './request-head.ts';
import type { SendFlow } from './send-flow.ts';
import { PreparedStream, type StreamOwner } from './stream.ts';

export interface FastPathParts {
  readonly life: SessionLife;
  readonly calls: Calls;
  readonly wheel: DeadlineWheel;
  readonly output: Output;
  readonly flow: SendFlow;
  readonly heads: RequestHeads;
  /** Whom the calls ask that become ordinary streams. */
  readonly streams: StreamOwner;
  readonly onBusy: () => void;
}

/** Issues prepared calls: as plain ones while nothing keeps them from going out whole, as ordinary streams otherwise. */
export class FastPath implements PreparedOwner {
  private readonly life: SessionLife;
  private readonly calls: Calls;
  private readonly wheel: DeadlineWheel;
  private readonly output: Output;
  private readonly flow: SendFlow;
  private readonly parts: FastPathParts;
  /** Requests that stand in the deadlines' wheel for their plain calls. */
  private readonly armed = new Set<PreparedCall>();

  constructor(parts: FastPathParts) {
    this.parts = parts;
    this.life = parts.life;
    this.calls = parts.calls;
    this.wheel = parts.wheel;
    this.output = parts.output;
    this.flow = parts.flow;
  }

  prepare(request: UnaryRequest, sink: PreparedSink): PreparedCall {
    const extra = request.headers === undefined ? undefined : encodeHeaders(request.headers);
    const template = typeof extra === 'string' ? undefined : this.parts.heads.template(request, extra);
    return new PreparedCall(this, request, extra, sink, template);
  }

  issue(call: PreparedCall, slot: number): void {
    if (this.issuePlain(call, slot)) return;
    const { calls, life, wheel } = this;
    const { request, extra, sink } = call;
    const refusal = calls.refusal(request.path, extra);
    const own = typeof extra === 'string' ? undefined : extra;
    const stream = new PreparedStream(this.parts.streams, request, own, sink, slot);
    if (refusal === undefined) {
      calls.begin(stream);
      return;
    }
    stream.settled = true;
    queueMicrotask(() => {
      life.instant = wheel.now();
      stream.tell({ ok: false, ...neverSent(refusal) });
    });
  }

  expirePlain(call: PreparedCall): void {
    const { plain, nextId } = this.calls;
    const now = this.wheel.now();
    this.armed.delete(call);
    for (const place of plain.of(call, call.oldestId, nextId)) {
      const deadlineAt = plain.deadlines[place] as number;
      if (deadlineAt > now) {
        // Perhaps for the second time: what the sink heard of the one before may have issued another, which armed it.
        this.arm(call, plain.ids[place] as number, deadlineAt);
        return;
      }
      this.parts.streams.expire(this.promote(place));
      // What the sink did may have ended the connection.
      if (this.life.state === 'ended') return;
    }
  }

  /** From now on the call is a stream like any other. */
  promote(place: number): PreparedStream {
    const { plain } = this.calls;
    const call = plain.calls[place] as PreparedCall;
    const id = plain.ids[place] as number;
    const state = plain.states[place];
    const slot = plain.slots[place] as number;
    const stream = new PreparedStream(this.parts.streams, call.request, undefined, call.sink, slot);
    stream.id = id;
    stream.localClosed = true;
    stream.sendWindow = this.flow.peerWindow;
    stream.receiveWindow = streamWindowBytes;
    if (state !== plainState.sent) {
      const head = plain.heads[place] as HeaderBlock;
      stream.head = head;
      stream.headers = head.fields;
      stream.committed = true;
    }
    if (state === plainState.message) {
      stream.answered = true;
      stream.receiveWindow -= plain.received[place] as number;
    }
    stream.deadlineAt = plain.deadlines[place] as number;
    plain.remove(place);
    this.calls.adopt(stream);
    return stream;
  }

  promoteAbove(id: number): void {
    const { plain, nextId } = this.calls;
    for (const place of plain.of(undefined, 1, nextId)) {
      if ((plain.ids[place] as number) > id) this.promote(place);
    }
  }

  /** No deadline is looked after any more. */
  disarm(): void {
    for (const call of this.armed) this.wheel.remove(call);
  }

  /** False: something keeps this call from going out whole and at once. */
  private issuePlain(call: PreparedCall, slot: number): boolean {
    const { template } = call;
    const { flow, calls, output } = this;
    const { plain, nextId: id } = calls;
    if (template === undefined || this.life.state !== 'open' || calls.waiting.size > 0 || calls.full) return false;
    if (template.dataBytes > flow.window || template.dataBytes > flow.peerWindow) return false;
    if (flow.owesTableUpdate || !flow.socketHasRoom || id >= largestStreamId) return false;
    calls.nextId = id + 2;
    const place = plain.placeFor(id);
    // Still used by a call a few thousand streams older: that one goes on as an ordinary stream.
    if (plain.ids[place] !== 0) this.promote(place);
    const { timeoutMs } = call.request;
    const deadlineAt = output.tick() + (timeoutMs > 0 ? timeoutMs : 0);
    plain.add(place, id, call, slot, deadlineAt);
    flow.window -= template.dataBytes;
    output.request(template, id);
    if (call.slot < 0 && deadlineAt < Number.POSITIVE_INFINITY) this.arm(call, id, deadlineAt);
    if (calls.inFlight === 1) this.parts.onBusy();
    return true;
  }

  private arm(call: PreparedCall, oldestId: number, deadlineAt: number): void {
    call.oldestId = oldestId;
    this.armed.add(call);
    this.wheel.add(call, deadlineAt);
  }
}
