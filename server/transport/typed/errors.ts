import { Code, ConnectError } from '@connectrpc/connect';
import { findTrailerError } from '@connectrpc/connect/protocol-grpc';
import type { CallFailure } from '../port.ts';
import { fromWire } from './headers.ts';

/** A failure as Connect's clients know it; its cause is the failure. */
export function connectError(failure: CallFailure): ConnectError {
  const metadata = fromWire(failure.headers);
  const error = sentBy(metadata) ?? new ConnectError(failure.message, failure.code, metadata);
  error.cause = failure;
  return error;
}

/** The same for whoever gave this signal: what the signal says of an abort comes first. */
export function errorOf(failure: CallFailure, signal: AbortSignal | undefined): ConnectError {
  return signal?.aborted === true && failure.code === Code.Canceled ? aborted(signal) : connectError(failure);
}

export function aborted(signal: AbortSignal): ConnectError {
  return ConnectError.from(signal.reason, Code.Canceled);
}

/** What the server said, with its details. */
function sentBy(metadata: Headers): ConnectError | undefined {
  try {
    return findTrailerError(metadata);
  } catch {
    // A grpc-message or grpc-status-details-bin that can't be read: the failure says what it can.
    return undefined;
  }
}
