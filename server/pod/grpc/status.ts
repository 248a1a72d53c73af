/** gRPC status codes (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
export const code = {
  ok: 0,
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export interface Status {
  readonly code: number;
  readonly message: string;
}

export const ok: Status = { code: code.ok, message: '' };

export const status = (statusCode: number, message: string): Status => ({ code: statusCode, message });

/** grpc-message is percent-encoded UTF-8: all but printable ASCII, and "%" itself (gRPC over HTTP/2, "Status-Message"). */
export function encodeStatusMessage(message: string): string {
  let encoded = '';
  for (const byte of Buffer.from(message, 'utf8')) {
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
