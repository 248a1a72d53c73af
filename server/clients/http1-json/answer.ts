import type { ErrorClass } from '../../transport/port.ts';

/** What one call came to, before it is told with its route. */
export type JsonOutcome =
  | { readonly ok: true; readonly body: string }
  | { readonly ok: false; readonly errorClass: ErrorClass; readonly code: number; readonly message: string };

const names = [
  'ok',
  'canceled',
  'unknown',
  'invalid_argument',
  'deadline_exceeded',
  'not_found',
  'already_exists',
  'permission_denied',
  'resource_exhausted',
  'failed_precondition',
  'aborted',
  'out_of_range',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
  'unauthenticated',
];
export const grpcCode = { deadline: 4, unimplemented: 12, internal: 13, unavailable: 14 } as const;

/** An answer other than 200: Connect's error in JSON, or what a proxy says by its status alone. */
export function refusal(status: number, body: string): JsonOutcome {
  let name = '';
  let message = `HTTP ${status}`;
  try {
    const json = JSON.parse(body) as { code?: unknown; message?: unknown };
    name = String(json.code ?? '');
    if (typeof json.message === 'string') message = json.message;
  } catch {
    // Not Connect's: the status says it.
  }
  const code = names.indexOf(name) > 0 ? names.indexOf(name) : fromStatus(status);
  return { ok: false, errorClass: classOf(code), code, message };
}

/** https://connectrpc.com/docs/protocol/#http-to-error-code */
function fromStatus(status: number): number {
  switch (status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

function classOf(code: number): ErrorClass {
  if (code === 14) return 'unavailable';
  if (code === 16) return 'unauthenticated';
  if (code === 7) return 'permission_denied';
  if (code === 4) return 'deadline';
  return 'status_other';
}

/** A socket that could not be had, or that broke. */
export function broken(error: NodeJS.ErrnoException): JsonOutcome {
  const { code } = error;
  if (code === 'ECONNREFUSED') {
    return { ok: false, errorClass: 'refused', code: grpcCode.unavailable, message: 'connection refused' };
  }
  if (code === undefined || code === 'ECONNRESET' || code === 'EPIPE') {
    return { ok: false, errorClass: 'reset', code: grpcCode.unavailable, message: 'the connection broke' };
  }
  if (code.startsWith('HPE_')) {
    return { ok: false, errorClass: 'protocol', code: grpcCode.internal, message: `not HTTP/1.1: ${code}` };
  }
  return { ok: false, errorClass: 'unavailable', code: grpcCode.unavailable, message: code };
}
