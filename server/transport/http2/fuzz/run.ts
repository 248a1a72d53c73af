import type { StreamWriter } from '../../port.ts';
import { setting } from '../frames.ts';
import { sessionWithPeer, settings } from '../testing/peer.ts';
import type { Input } from './input.ts';

const path = '/a.B/C';

/** What is to be seen of a session from outside, for comparison. */
export interface Seen {
  readonly fault: string;
  readonly ends: string;
}

/**
 * Feeds a session with calls of all kinds in flight. Throws if it throws, if a call does not end exactly once, or if
 * anything is left afterwards. `pieceBytes` cuts what the peer sends: that must make no difference.
 */
export async function run(input: Input, pieceBytes: number): Promise<Seen> {
  const peer = sessionWithPeer({ maxMessageBytes: 5000 });
  peer.receive(settings([setting.maxConcurrentStreams, 8], [setting.initialWindowSize, 100]));
  const ends: string[] = [];
  let issued = 0;
  const begin = () => issued++;
  const end = (call: number, what: string) => {
    if (ends[call] !== undefined) throw new Error(`call ${call} ended twice: ${ends[call]}, then ${what}`);
    ends[call] = what;
  };
  const textOf = (outcome: { ok: boolean; errorClass?: string; message?: unknown; seen?: string }) =>
    outcome.ok ? 'ok' : `${outcome.errorClass} ${outcome.seen} ${outcome.message}`;
  let again = 10;
  const prepared = peer.session.prepare(
    { path, message: Buffer.alloc(20), timeoutMs: 1000 },
    {
      onMessage: () => {},
      onAnswered: (slot) => end(slot, 'ok'),
      onFailed: (slot, failure) => {
        end(slot, textOf({ ok: false, ...failure }));
        // As a driver does that keeps so many calls in flight.
        if (again > 0) {
          again--;
          prepared.send(begin());
        }
      },
    },
  );
  const writers: StreamWriter[] = [];
  const calls = {
    unary: () => {
      const call = begin();
      const request = { path, message: Buffer.alloc(60), timeoutMs: 1000 };
      void peer.session.unary(request).then((outcome) => end(call, textOf(outcome)));
    },
    prepared: () => prepared.send(begin()),
    stream: () => {
      const call = begin();
      const writer = peer.session.stream(
        { path, timeoutMs: 1000, headers: { a: 'b' } },
        { onMessage: () => {}, onEnd: (outcome) => end(call, textOf(outcome)) },
      );
      void writer.write(Buffer.alloc(150));
      writers.push(writer);
    },
  };
  for (let n = 0; n < 3; n++) {
    calls.prepared();
    calls.unary();
    calls.stream();
  }
  let fault = '';
  for (const step of input) {
    if (step.t === 'bytes') {
      for (let at = 0; at < step.bytes.length && fault === ''; at += pieceBytes) {
        fault = peer.receive(step.bytes.subarray(at, at + pieceBytes))?.reason ?? '';
      }
      if (fault !== '') break;
    } else if (step.t === 'cancel') writers.pop()?.cancel();
    else if (step.t === 'time') peer.advance(300);
    else if (step.t === 'drain') peer.session.drain();
    else if (step.t === 'stuck') peer.state.backlog = 2 << 20;
    else if (step.t === 'room') {
      peer.state.backlog = 0;
      peer.session.onWritable();
    } else calls[step.t]();
  }
  peer.frames();
  peer.session.end({ t: 'peer_closed' }, 0, '', false);
  // Promises, and what is told a moment later.
  for (let n = 0; n < 30; n++) await Promise.resolve();
  for (let call = 0; call < issued; call++) if (ends[call] === undefined) throw new Error(`call ${call} never ended`);
  if (peer.session.inFlight !== 0) throw new Error(`${peer.session.inFlight} calls are left in flight`);
  if (peer.wheel.size !== 0) throw new Error(`${peer.wheel.size} deadlines are left`);
  return { fault, ends: ends.join('; ') };
}
