import { errorCode } from './http2/frames.ts';
import type { CallFailure, ConnectionEnd, ErrorClass } from './port.ts';

/** What happened, in the classes of the port: the only table of them, for all transports. */

/** Status codes of gRPC that we give ourselves. */
export const status = {
  cancelled: 1,
  unknown: 2,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export type EndCause =
  | { readonly t: 'connect_timeout' | 'ping_timeout' | 'local' | 'peer_closed' | 'goaway' }
  | { readonly t: 'protocol'; readonly reason: string }
  | { readonly t: 'error'; readonly code: string | undefined };

export function endOf(cause: EndCause, inFlight: number, wasConnected: boolean): ConnectionEnd {
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
    case 'protocol':
      return { errorClass: 'protocol', reason: `protocol error (${cause.reason})`, inFlight };
    case 'error':
      return { ...socketError(cause.code), inFlight };
  }
}

function socketError(code: string | undefined): { errorClass: ErrorClass; reason: string } {
  switch (code) {
    case 'ECONNREFUSED':
      return { errorClass: 'refused', reason: 'refused' };
    // Node had no code for it: something ended the socket.
    case undefined:
    case 'ECONNRESET':
    case 'EPIPE':
      return { errorClass: 'reset', reason: 'reset' };
    default:
      return { errorClass: 'unavailable', reason: code };
  }
}

const noHeaders: ReadonlyMap<string, string> = new Map();

export function neverSent(message: string, errorClass: ErrorClass = 'unavailable'): CallFailure {
  return { errorClass, code: status.unavailable, message, headers: noHeaders, seen: 'never_sent' };
}

/** A call cut off by the end of its connection. */
export function cutOff(
  cause: EndCause,
  sent: boolean,
  aboveGoaway: boolean,
  headers: ReadonlyMap<string, string>,
): CallFailure {
  if (aboveGoaway) return aboveLastStream(headers);
  const { errorClass, reason } = endOf(cause, 0, true);
  // A connection that ends after GOAWAY cuts what GOAWAY had promised to finish: for the call that is a reset.
  const forCall = cause.t === 'goaway' ? 'reset' : errorClass;
  if (!sent) return neverSent('never sent', forCall);
  return {
    errorClass: forCall,
    code: status.unavailable,
    message: `connection ended: ${reason}`,
    headers,
    seen: 'maybe_processed',
  };
}

export function aboveLastStream(headers: ReadonlyMap<string, string>): CallFailure {
  return {
    errorClass: 'goaway_unprocessed',
    code: status.unavailable,
    message: 'above the last stream id of GOAWAY',
    headers,
    seen: 'unprocessed',
  };
}

export function expired(sent: boolean, headers: ReadonlyMap<string, string>): CallFailure {
  return {
    errorClass: 'deadline',
    code: status.deadlineExceeded,
    message: sent ? 'deadline exceeded' : 'deadline exceeded before the call could be sent',
    headers,
    seen: sent ? 'maybe_processed' : 'never_sent',
  };
}

export function cancelled(sent: boolean, headers: ReadonlyMap<string, string>): CallFailure {
  return {
    errorClass: 'status_other',
    code: status.cancelled,
    message: 'cancelled',
    headers,
    seen: sent ? 'maybe_processed' : 'never_sent',
  };
}

/** The answer is no gRPC answer. */
export function broken(message: string, headers: ReadonlyMap<string, string>): CallFailure {
  return { errorClass: 'protocol', code: status.internal, message, headers, seen: 'maybe_processed' };
}

export function tooLarge(message: string, headers: ReadonlyMap<string, string>): CallFailure {
  return { errorClass: 'status_other', code: status.resourceExhausted, message, headers, seen: 'maybe_processed' };
}

/** A grpc-status other than 0. */
export function withStatus(code: number, headers: ReadonlyMap<string, string>): CallFailure {
  return {
    errorClass: classOfStatus(code),
    // Codes gRPC doesn't know count as UNKNOWN.
    code: code > status.unauthenticated ? status.unknown : code,
    message: decodeMessage(headers.get('grpc-message') ?? ''),
    headers,
    seen: 'maybe_processed',
  };
}

function classOfStatus(code: number): ErrorClass {
  switch (code) {
    case status.deadlineExceeded:
      return 'deadline';
    case status.permissionDenied:
      return 'permission_denied';
    case status.unavailable:
      return 'unavailable';
    case status.unauthenticated:
      return 'unauthenticated';
    default:
      return 'status_other';
  }
}

/** gRPC's http-grpc-status-mapping document, for answers without a grpc-status. */
export function httpFailure(http: number, headers: ReadonlyMap<string, string>): CallFailure {
  const [errorClass, code] = classOfHttp(http);
  return { errorClass, code, message: `HTTP ${http} without a gRPC status`, headers, seen: 'maybe_processed' };
}

function classOfHttp(http: number): [ErrorClass, number] {
  switch (http) {
    case 401:
      return ['unauthenticated', status.unauthenticated];
    case 403:
      return ['permission_denied', status.permissionDenied];
    case 404:
      return ['status_other', status.unimplemented];
    case 429:
    case 502:
    case 503:
    case 504:
      return ['unavailable', status.unavailable];
    default:
      return ['protocol', status.unknown];
  }
}

/** gRPC over HTTP/2, "Errors": what a RST_STREAM code means. */
export function resetByPeer(code: number, headers: ReadonlyMap<string, string>): CallFailure {
  if (code === errorCode.refusedStream) {
    return {
      errorClass: 'unavailable',
      code: status.unavailable,
      message: 'stream refused (REFUSED_STREAM)',
      headers,
      seen: 'unprocessed',
    };
  }
  const [errorClass, grpc] = classOfReset(code);
  return {
    errorClass,
    code: grpc,
    message: `stream reset by peer (code ${code})`,
    headers,
    seen: 'maybe_processed',
  };
}

function classOfReset(code: number): [ErrorClass, number] {
  switch (code) {
    case errorCode.cancel:
      return ['reset', status.cancelled];
    case errorCode.enhanceYourCalm:
      return ['unavailable', status.resourceExhausted];
    case errorCode.inadequateSecurity:
      return ['permission_denied', status.permissionDenied];
    case errorCode.internalError:
      return ['reset', status.internal];
    default:
      return ['protocol', status.internal];
  }
}

/** grpc-message is percent-encoded; a broken one is shown as it came. */
function decodeMessage(message: string): string {
  if (!message.includes('%')) return message;
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
