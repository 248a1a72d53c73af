import type { PreparedSink, PreparedUnary, UnaryRequest } from '../port.ts';
import { Deadline } from './deadlines.ts';
import type { HeaderBlock } from './hpack/header-block.ts';
import { isWholeMessage, prefixBytes } from './message-reader.ts';
import type { RequestTemplate } from './output.ts';

/** What a prepared call asks of its session. */
export interface PreparedOwner {
  issue(call: PreparedCall, slot: number): void;
  expirePlain(call: PreparedCall): void;
}

/**
 * A request made ready on one connection. It stands in the deadlines' wheel for the oldest of its plain calls: as their
 * limits are all alike, those behind it end later.
 */
export class PreparedCall extends Deadline implements PreparedUnary {
  readonly request: UnaryRequest;
  /** The request's own headers, encoded; a text says what is wrong with them. */
  readonly extra: Uint8Array | string | undefined;
  readonly sink: PreparedSink;
  /** Undefined: too long for one frame, or no good request. */
  readonly template: RequestTemplate | undefined;
  /** No plain call of this request is older. */
  oldestId = 0;
  private readonly owner: PreparedOwner;

  constructor(
    owner: PreparedOwner,
    request: UnaryRequest,
    extra: Uint8Array | string | undefined,
    sink: PreparedSink,
    template: RequestTemplate | undefined,
  ) {
    super();
    this.owner = owner;
    this.request = request;
    this.extra = extra;
    this.sink = sink;
    this.template = template;
  }

  send(slot: number): void {
    this.owner.issue(this, slot);
  }

  override onDeadline(): void {
    this.owner.expirePlain(this);
  }
}

/** Calls at a time that may be plain; must be a power of two. */
const places = 2048;

export const plainState = { sent: 0, head: 1, message: 2 } as const;

/**
 * The calls of prepared requests whose life is plain: sent whole in one piece; answered by a head, one message in one frame,
 * and trailers that say OK. They are numbers in arrays, at the place of their stream id. Whatever else happens to one makes it
 * an ordinary stream first (FastPath.promote), so that there is one way only for all that is rare.
 */
export class PlainCalls {
  count = 0;
  // Empty until the first call: most connections have none.
  ids = new Int32Array(0);
  slots = new Int32Array(0);
  states = new Uint8Array(0);
  /** Flow-controlled bytes that came. */
  received = new Int32Array(0);
  deadlines = new Float64Array(0);
  heads: (HeaderBlock | undefined)[] = [];
  calls: (PreparedCall | undefined)[] = [];

  /** -1: that stream is no plain call. */
  find(id: number): number {
    const place = (id >>> 1) & (places - 1);
    return id > 0 && this.ids[place] === id ? place : -1;
  }

  placeFor(id: number): number {
    if (this.ids.length === 0) this.makeRoom();
    return (id >>> 1) & (places - 1);
  }

  private makeRoom(): void {
    this.ids = new Int32Array(places);
    this.slots = new Int32Array(places);
    this.states = new Uint8Array(places);
    this.received = new Int32Array(places);
    this.deadlines = new Float64Array(places);
    this.heads = new Array(places).fill(undefined);
    this.calls = new Array(places).fill(undefined);
  }

  add(place: number, id: number, call: PreparedCall, slot: number, deadlineAt: number): void {
    this.ids[place] = id;
    this.slots[place] = slot;
    this.states[place] = plainState.sent;
    this.deadlines[place] = deadlineAt;
    this.calls[place] = call;
    this.count++;
  }

  remove(place: number): void {
    this.ids[place] = 0;
    // Not `heads` and `calls`: the next call writes the same there, and until then they hold nothing large.
    this.count--;
  }

  /** Places of the calls of one request, oldest first; of all requests without one. */
  *of(call: PreparedCall | undefined, fromId: number, endId: number): Generator<number> {
    const recent = endId - 2 * places;
    // Ordinary streams take ids too and no places, so a call may stay while more of them begin than there are places.
    if (fromId < recent && this.count > 0) {
      for (const id of this.ids.filter((each) => each >= fromId && each > 0 && each < recent).sort()) {
        const place = this.find(id);
        if (place >= 0 && (call === undefined || this.calls[place] === call)) yield place;
      }
    }
    for (let id = Math.max(fromId, recent); id < endId; id += 2) {
      const place = this.find(id);
      if (place >= 0 && (call === undefined || this.calls[place] === call)) yield place;
    }
  }

  /** A head of an answer is next; false: it is no plain one. */
  takeHead(place: number, block: HeaderBlock): boolean {
    if (this.states[place] !== plainState.sent || !block.plainHead) return false;
    this.states[place] = plainState.head;
    this.heads[place] = block;
    return true;
  }

  /** DATA that is one message from its first byte to its last; false: it isn't. */
  takeMessage(place: number, bytes: Uint8Array, start: number, end: number, flowBytes: number, most: number): boolean {
    if (this.states[place] !== plainState.head) return false;
    if (!isWholeMessage(bytes, start, end, most)) return false;
    this.states[place] = plainState.message;
    this.received[place] = flowBytes;
    const { sink } = this.calls[place] as PreparedCall;
    try {
      sink.onMessage(this.slots[place] as number, bytes, start + prefixBytes, end);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
    return true;
  }

  /** The trailers; false: they are no plain ones. The call is over when this returns true. */
  takeTrailers(place: number, block: HeaderBlock, at: number): boolean {
    if (this.states[place] !== plainState.message || !block.plainTrailers) return false;
    const { sink } = this.calls[place] as PreparedCall;
    const head = this.heads[place] as HeaderBlock;
    this.remove(place);
    try {
      sink.onAnswered(this.slots[place] as number, head.with(block), at);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
    return true;
  }
}
