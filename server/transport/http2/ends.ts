import { cancelled, cutOff, type EndCause, expired, neverSent } from '../failure.ts';
import type { CallFailure } from '../port.ts';
import { outcomeOf } from './answer.ts';
import { type Calls, largestStreamId } from './calls.ts';
import type { DeadlineWheel } from './deadlines.ts';
import { errorCode, flag, frameType } from './frames.ts';
import type { SessionLife } from './life.ts';
import type { Output } from './output.ts';
import { Resets } from './resets.ts';
import type { SendFlow } from './send-flow.ts';
import type { Outcome, Stream } from './stream.ts';

export interface EndsParts {
  readonly life: SessionLife;
  readonly calls: Calls;
  readonly wheel: DeadlineWheel;
  readonly output: Output;
  readonly flow: SendFlow;
  /** No new calls are taken, and the last has ended. */
  readonly onDrained: () => void;
}

/**
 * How calls end: each is told its outcome once. Its stream may live on, as the peer sees it, until the peer ends it or its turn
 * to be reset comes.
 */
export class Ends {
  private readonly parts: EndsParts;
  private readonly resets: Resets;

  constructor(parts: EndsParts) {
    this.parts = parts;
    this.resets = new Resets(
      () => parts.wheel.now(),
      (stream) => this.reset(stream),
    );
  }

  /** END_STREAM came: the call's outcome follows from what came before it. */
  finish(stream: Stream): void {
    const outcome = outcomeOf(stream);
    if (outcome.ok) this.settle(stream, outcome);
    else this.fail(stream, outcome);
    this.closeRemote(stream);
  }

  /** The peer has sent END_STREAM. */
  closeRemote(stream: Stream): void {
    const { life, calls, output } = this.parts;
    if (life.state === 'ended' || !calls.open.has(stream)) return;
    if (!stream.localClosed) {
      // Answered before we had finished. Ending our half closes the stream as a reset would, and no guard counts it.
      stream.localClosed = true;
      output.frame(0, frameType.data, flag.endStream, stream.id);
    }
    this.forget(stream);
    this.afterStream();
  }

  /** The call is over here; its stream is reset when its turn comes, unless the peer ends it before. */
  abandon(
    stream: Stream,
    failure: CallFailure,
    code: number,
    tellLater?: (run: () => void) => void,
    endStream = false,
  ): void {
    if (stream.settled) return;
    const sent = stream.id > 0;
    this.settle(stream, { ok: false, ...failure }, tellLater);
    if (!sent) {
      this.ifDrained();
    } else if (this.parts.calls.open.has(stream)) {
      if (endStream) this.closeRemote(stream);
      else this.resets.add(stream, code);
      this.ifDrained();
    }
  }

  expire(stream: Stream): void {
    this.parts.life.instant = this.parts.wheel.now();
    this.abandon(stream, expired(stream.id > 0, stream.headers), errorCode.cancel);
  }

  /** Told a moment later: whoever cancels does not expect onEnd before cancel() has returned. */
  cancel(stream: Stream): void {
    if (stream.settled) return;
    this.abandon(stream, cancelled(stream.id > 0, stream.headers), errorCode.cancel, queueMicrotask);
  }

  fail(stream: Stream, failure: CallFailure): void {
    this.settle(stream, { ok: false, ...failure });
  }

  /** The peer no longer counts the stream. */
  forget(stream: Stream): void {
    this.parts.calls.open.delete(stream);
    this.resets.remove(stream);
  }

  afterStream(): void {
    const { calls, life } = this.parts;
    if (calls.waiting.size > 0) calls.sendWaiting();
    if (life.state === 'draining') this.ifDrained();
  }

  /** No new calls; those that wait were never sent. */
  drain(): void {
    const { life, calls, wheel } = this.parts;
    if (life.state === 'ended') return;
    life.state = 'draining';
    life.instant = wheel.now();
    for (const stream of [...calls.waiting]) this.fail(stream, neverSent('never sent'));
    this.ifDrained();
  }

  /** The connection has ended, and with it all calls. */
  endAll(cause: EndCause): void {
    const { life, calls } = this.parts;
    const above = life.goawayAbove ?? largestStreamId;
    for (const stream of [...calls.waiting, ...calls.open.all()]) {
      this.fail(stream, cutOff(cause, stream.id > 0, stream.id > above, stream.headers));
    }
    calls.open.clear();
  }

  /** Nothing is reset any more. */
  close(): void {
    this.resets.close();
  }

  private settle(stream: Stream, outcome: Outcome, tellLater?: (run: () => void) => void): void {
    if (stream.settled) return;
    const { calls, wheel, flow } = this.parts;
    stream.settled = true;
    wheel.remove(stream);
    calls.ordinary--;
    if (stream.id === 0) calls.waiting.delete(stream);
    flow.drop(stream);
    if (stream.outgoing !== undefined) stream.dropOutgoing();
    if (tellLater === undefined) stream.tell(outcome);
    else tellLater(() => stream.tell(outcome));
  }

  private reset(stream: Stream): void {
    const { life, calls, output } = this.parts;
    if (life.state === 'ended' || !calls.open.has(stream)) return;
    output.rstStream(stream.id, stream.resetCode);
    this.forget(stream);
    this.afterStream();
  }

  private ifDrained(): void {
    const { life, calls, onDrained } = this.parts;
    if (life.state === 'draining' && calls.inFlight === 0) onDrained();
  }
}
