import { constants } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  aboveLastStream,
  broken,
  cancelled,
  cutOff,
  type EndCause,
  expired,
  httpFailure,
  neverSent,
  resetByPeer,
  withStatus,
} from '../failure.ts';
import type { CallFailure } from '../port.ts';

/** What Connect and node:http2 say, in terms of ../failure.ts. */

/** Why a session ended, and what was in flight when the first sign of it came. */
export interface SocketEnd {
  readonly cause: EndCause;
  readonly inFlight: number;
}

export function causeOf(error: unknown): EndCause {
  const code = errorCode(error);
  return code?.startsWith('ERR_HTTP2') ? { t: 'protocol', reason: code } : { t: 'error', code };
}

/** The first `code` along the chain of causes: connect-node's own code says less (pitfalls: EHOSTUNREACH becomes `internal`). */
function errorCode(error: unknown): string | undefined {
  let at = error;
  for (let depth = 0; depth < 8 && at instanceof Error; depth++) {
    const code: unknown = Reflect.get(at, 'code');
    if (typeof code === 'string') return code;
    at = at.cause;
  }
  return undefined;
}

/** What is known of a call when it failed. */
export interface CallFacts {
  readonly headers: ReadonlyMap<string, string>;
  /** The stream was opened and has a number: its headers were written. */
  readonly sent: boolean;
  /** RST_STREAM's code, 0 for none. */
  readonly rstCode: number;
  /** The stream lies above GOAWAY's last stream id. */
  readonly aboveGoaway: boolean;
  readonly end: SocketEnd | undefined;
  readonly cancelledByUs: boolean;
}

export function failureOf(error: unknown, facts: CallFacts): CallFailure {
  const { headers, sent, rstCode } = facts;
  const status = Number(headers.get('grpc-status') ?? Number.NaN);
  if (Number.isInteger(status) && status > 0) return withStatus(status, headers);
  if (facts.cancelledByUs) return cancelled(sent, headers);
  if (error instanceof ConnectError && error.code === Code.DeadlineExceeded) return expired(sent, headers);
  if (facts.aboveGoaway) return aboveLastStream(headers);
  // nghttp2 closes streams above GOAWAY's last id with this code too; those were told apart above.
  if (rstCode === constants.NGHTTP2_REFUSED_STREAM) return resetByPeer(rstCode, headers);
  if (facts.end !== undefined) return cutOff(facts.end.cause, sent, false, headers);
  if (!sent) return neverSent('never sent');
  const http = Number(headers.get(':status') ?? 200);
  if (http !== 200) return httpFailure(http, headers);
  if (rstCode !== 0) return resetByPeer(rstCode, headers);
  const reset = errorCode(error);
  if (reset === 'ECONNRESET' || reset === 'EPIPE') return cutOff({ t: 'error', code: reset }, true, false, headers);
  return broken(error instanceof ConnectError ? error.rawMessage : 'the answer breaks the protocol', headers);
}
