import { Code, ConnectError } from '@connectrpc/connect';
import type { ErrorClass } from '../../transport/port.ts';

/**
 * connect-node tells what happened by a code, a text and the chain of causes. The codes of causes say most: its own turn a
 * connection reset into `aborted` and an unreachable host into `internal`. What is not recognised counts by its code.
 */
export function outcomeOf(error: unknown): { errorClass: ErrorClass; code: number; message: string } {
  const known = ConnectError.from(error);
  const { code, rawMessage: message } = known;
  return { errorClass: classOf(known, causeCode(known)), code, message };
}

function classOf({ code, rawMessage }: ConnectError, cause: string | undefined): ErrorClass {
  if (code === Code.DeadlineExceeded) return 'deadline';
  if (cause === 'ECONNREFUSED') return 'refused';
  if (cause === 'ENOTFOUND') return 'no_endpoints';
  if (cause === 'ECONNRESET' || cause === 'EPIPE') return 'reset';
  if (/REFUSED_STREAM/.test(rawMessage)) return 'goaway_unprocessed';
  // How Connect words a stream that ended with RST_STREAM or with its session.
  if (/^http\/2 (stream closed|connection)/i.test(rawMessage) || cause?.startsWith('ERR_HTTP2')) return 'reset';
  switch (code) {
    case Code.Unavailable:
      return 'unavailable';
    case Code.Unauthenticated:
      return 'unauthenticated';
    case Code.PermissionDenied:
      return 'permission_denied';
    case Code.Canceled:
    case Code.Aborted:
      return 'reset';
    default:
      return 'status_other';
  }
}

function causeCode(error: Error): string | undefined {
  let at: unknown = error;
  for (let depth = 0; depth < 8 && at instanceof Error; depth++) {
    const code: unknown = Reflect.get(at, 'code');
    if (typeof code === 'string') return code;
    at = at.cause;
  }
  return undefined;
}
