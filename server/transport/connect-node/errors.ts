import { constants } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import type { CallFailure, ConnectionEnd, ErrorClass } from '../port.ts';

/** All translation of foreign errors into ours happens in this file. */

export type EndCause =
  | { readonly t: 'connect_timeout' | 'ping_timeout' | 'local' | 'peer_closed' }
  | { readonly t: 'goaway'; readonly code: number }
  | { readonly t: 'error'; readonly error: unknown };

/** Why a session ended, and what was in flight when the first sign of it came. */
export interface SocketEnd {
  readonly cause: EndCause;
  readonly inFlight: number;
}

export function endOf({ cause, inFlight }: SocketEnd, wasConnected: boolean): ConnectionEnd {
  switch (cause.t) {
    case 'connect_timeout':
      return { errorClass: 'unavailable', reason: 'connect timeout', inFlight };
    case 'ping_timeout':
      return { errorClass: 'unavailable', reason: 'ping timeout', inFlight };
    case 'local':
      return { errorClass: 'reset', reason: 'closed by us', inFlight };
    case 'goaway':
      return { errorClass: 'unavailable', reason: 'goaway', inFlight };
    case 'peer_closed':
      return {
        errorClass: 'reset',
        reason: wasConnected ? 'closed by peer' : 'closed by peer before its SETTINGS',
        inFlight,
      };
    case 'error':
      return { ...socketError(cause.error), inFlight };
  }
}

function socketError(error: unknown): { errorClass: ErrorClass; reason: string } {
  const code = errorCode(error);
  switch (code) {
    case 'ECONNREFUSED':
      return { errorClass: 'refused', reason: 'refused' };
    case 'ECONNRESET':
    case 'EPIPE':
      return { errorClass: 'reset', reason: 'reset' };
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { errorClass: 'unavailable', reason: code };
    case undefined:
      return { errorClass: 'reset', reason: 'reset' };
    default:
      return code.startsWith('ERR_HTTP2')
        ? { errorClass: 'protocol', reason: `protocol error (${code})` }
        : { errorClass: 'unavailable', reason: code };
  }
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
  const { headers } = facts;
  const status = Number(headers.get('grpc-status') ?? Number.NaN);
  if (Number.isInteger(status) && status > 0) {
    const message = decodeMessage(headers.get('grpc-message') ?? '');
    return { errorClass: classOfStatus(status), code: status, message, headers, seen: 'maybe_processed' };
  }
  if (facts.cancelledByUs) {
    return { errorClass: 'status_other', code: Code.Canceled, message: 'cancelled', headers, seen: seenBy(facts) };
  }
  if (error instanceof ConnectError && error.code === Code.DeadlineExceeded) {
    return {
      errorClass: 'deadline',
      code: Code.DeadlineExceeded,
      message: facts.sent ? 'deadline exceeded' : 'deadline exceeded before the call could be sent',
      headers,
      seen: seenBy(facts),
    };
  }
  if (facts.aboveGoaway) {
    return unavailable('goaway_unprocessed', 'above the last stream id of GOAWAY', headers, 'unprocessed');
  }
  if (facts.rstCode === constants.NGHTTP2_REFUSED_STREAM) {
    // nghttp2 closes streams above GOAWAY's last id with this code too; those were told apart above.
    return unavailable('unavailable', 'stream refused (REFUSED_STREAM)', headers, 'unprocessed');
  }
  if (!facts.sent) {
    return unavailable(
      facts.end === undefined ? 'unavailable' : classOfEnd(facts.end),
      'never sent',
      headers,
      'never_sent',
    );
  }
  if (facts.end !== undefined) {
    const { errorClass, reason } = endOf(facts.end, true);
    return unavailable(classOfEnd(facts.end) ?? errorClass, `connection ended: ${reason}`, headers, 'maybe_processed');
  }
  const http = Number(headers.get(':status') ?? 200);
  if (http !== 200) return httpFailure(http, headers);
  if (facts.rstCode !== 0) return resetStream(facts.rstCode, headers);
  const reset = errorCode(error);
  if (reset === 'ECONNRESET' || reset === 'EPIPE') {
    return unavailable('reset', 'connection reset', headers, 'maybe_processed');
  }
  const message = error instanceof ConnectError ? error.rawMessage : 'the answer breaks the protocol';
  return { errorClass: 'protocol', code: Code.Internal, message, headers, seen: 'maybe_processed' };
}

/** A call on a connection that cannot take it. */
export function neverSent(message: string): CallFailure {
  return unavailable('unavailable', message, noHeaders, 'never_sent');
}

const noHeaders: ReadonlyMap<string, string> = new Map();

function seenBy(facts: CallFacts): CallFailure['seen'] {
  return facts.sent ? 'maybe_processed' : 'never_sent';
}

function classOfEnd(end: SocketEnd): ErrorClass {
  // A GOAWAY with an error code cuts what it does not list as unprocessed: for the call that is a reset.
  return end.cause.t === 'goaway' ? 'reset' : endOf(end, true).errorClass;
}

function unavailable(
  errorClass: ErrorClass,
  message: string,
  headers: ReadonlyMap<string, string>,
  seen: CallFailure['seen'],
): CallFailure {
  return { errorClass, code: Code.Unavailable, message, headers, seen };
}

function classOfStatus(status: number): ErrorClass {
  switch (status) {
    case Code.DeadlineExceeded:
      return 'deadline';
    case Code.PermissionDenied:
      return 'permission_denied';
    case Code.Unavailable:
      return 'unavailable';
    case Code.Unauthenticated:
      return 'unauthenticated';
    default:
      return 'status_other';
  }
}

/** gRPC's http-grpc-status-mapping document, for answers without a grpc-status. */
function httpFailure(http: number, headers: ReadonlyMap<string, string>): CallFailure {
  const message = `HTTP ${http} without a gRPC status`;
  const failure = (errorClass: ErrorClass, code: number): CallFailure => ({
    errorClass,
    code,
    message,
    headers,
    seen: 'maybe_processed',
  });
  switch (http) {
    case 401:
      return failure('unauthenticated', Code.Unauthenticated);
    case 403:
      return failure('permission_denied', Code.PermissionDenied);
    case 404:
      return failure('status_other', Code.Unimplemented);
    case 429:
    case 502:
    case 503:
    case 504:
      return failure('unavailable', Code.Unavailable);
    default:
      return failure('protocol', Code.Unknown);
  }
}

/** gRPC over HTTP/2, "Errors": what a RST_STREAM code means. */
function resetStream(rstCode: number, headers: ReadonlyMap<string, string>): CallFailure {
  const failure = (errorClass: ErrorClass, code: number): CallFailure => ({
    errorClass,
    code,
    message: `stream reset by peer (code ${rstCode})`,
    headers,
    seen: 'maybe_processed',
  });
  switch (rstCode) {
    case constants.NGHTTP2_CANCEL:
      return failure('reset', Code.Canceled);
    case constants.NGHTTP2_ENHANCE_YOUR_CALM:
      return failure('unavailable', Code.ResourceExhausted);
    case constants.NGHTTP2_INADEQUATE_SECURITY:
      return failure('permission_denied', Code.PermissionDenied);
    case constants.NGHTTP2_INTERNAL_ERROR:
      return failure('reset', Code.Internal);
    default:
      return failure('protocol', Code.Internal);
  }
}

/** grpc-message is percent-encoded; a broken one is shown as it came. */
function decodeMessage(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
