import { aboveLastStream } from '../failure.ts';
import type { Calls } from './calls.ts';
import type { Ends } from './ends.ts';
import type { FastPath } from './fast-path.ts';
import type { ControlSink } from './frame-reader.ts';
import { defaultFrameBytes, errorCode, type Fault, fault, largestWindow, setting } from './frames.ts';
import type { SessionLife, SessionOwner } from './life.ts';
import type { Output } from './output.ts';
import type { SendFlow } from './send-flow.ts';

/** A peer that asks for answers (PING, SETTINGS) and reads none. */
const mostBacklogBytes = 8 << 20;

export interface ControlParts {
  readonly life: SessionLife;
  readonly calls: Calls;
  readonly ends: Ends;
  readonly fast: FastPath;
  readonly output: Output;
  readonly flow: SendFlow;
  readonly owner: SessionOwner;
}

/** What the peer says of the connection: SETTINGS, PING, GOAWAY, and its window. */
export class ControlFrames implements ControlSink {
  private readonly parts: ControlParts;
  private goaways = 0;

  constructor(parts: ControlParts) {
    this.parts = parts;
  }

  onSettings(values: readonly (readonly [id: number, value: number])[]): Fault | undefined {
    const { flow, calls, life, output, owner } = this.parts;
    let window = flow.peerWindow;
    for (const [id, value] of values) {
      switch (id) {
        case setting.headerTableSize:
          flow.onTableSize(value);
          break;
        case setting.enablePush:
          if (value !== 0) return fault(errorCode.protocolError, 'a server that sets ENABLE_PUSH');
          break;
        case setting.maxConcurrentStreams:
          calls.peerStreams = value;
          break;
        case setting.initialWindowSize:
          if (value > largestWindow) return fault(errorCode.flowControlError, 'INITIAL_WINDOW_SIZE out of range');
          window = value;
          break;
        case setting.maxFrameSize:
          if (value < defaultFrameBytes || value > 0xffffff) {
            return fault(errorCode.protocolError, 'MAX_FRAME_SIZE out of range');
          }
          flow.peerFrameBytes = value;
      }
    }
    // Plain calls have sent all they had.
    if (!flow.onInitialWindow(window, calls.open.all())) {
      return fault(errorCode.flowControlError, 'a window out of range');
    }
    output.settingsAck();
    if (life.state === 'starting') {
      life.state = 'open';
      owner.onSettings();
    }
    flow.pumpAll();
    calls.sendWaiting();
    return this.deaf();
  }

  onSettingsAck(): void {}

  onPing(ack: boolean, bytes: Uint8Array, start: number): Fault | undefined {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, 8);
    if (ack) {
      if (view.readUInt32BE(0) === 0) this.parts.owner.onPingAnswer(view.readUInt32BE(4));
      return undefined;
    }
    this.parts.output.ping(true, view.readUInt32BE(0), view.readUInt32BE(4));
    return this.deaf();
  }

  onGoaway(last: number, code: number, debugData: string): void {
    const { life, calls, ends, fast, owner } = this.parts;
    // RFC 9113, 6.8: a later one may only be lower.
    const above = Math.min(last, life.goawayAbove ?? last);
    const news = above !== life.goawayAbove;
    life.goawayAbove = above;
    if (life.state !== 'ended') life.state = 'draining';
    // Two make a graceful end; more are no news to anybody.
    if (this.goaways++ < 2) owner.onGoaway({ code, lastStreamId: last, debugData, inFlight: calls.inFlight });
    if (life.state === 'ended') return;
    if (news) {
      fast.promoteAbove(above);
      for (const stream of calls.open.all()) {
        if (stream.id <= above) continue;
        ends.forget(stream);
        ends.fail(stream, aboveLastStream(stream.headers));
      }
    }
    ends.drain();
  }

  onConnectionWindow(increment: number): Fault | undefined {
    if (increment === 0) return fault(errorCode.protocolError, 'WINDOW_UPDATE by nothing');
    const { flow } = this.parts;
    flow.window += increment;
    if (flow.window > largestWindow) return fault(errorCode.flowControlError, 'a window out of range');
    flow.pumpAll();
    return undefined;
  }

  private deaf(): Fault | undefined {
    if (this.parts.owner.backlog <= mostBacklogBytes) return undefined;
    return fault(errorCode.enhanceYourCalm, 'the peer asks and does not read');
  }
}
