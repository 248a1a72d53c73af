/** Numbers of RFC 9113: frame types (6), flags, error codes (7), settings (6.5.2). */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const errorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
} as const;

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

export const frameHeadBytes = 9;
export const defaultFrameBytes = 16_384;
export const defaultWindowBytes = 65_535;
export const largestWindow = 2 ** 31 - 1;
export const defaultTableBytes = 4096;

/** Why a connection can't go on: the code goes to the peer in GOAWAY, the reason to the screen. */
export interface Fault {
  readonly code: number;
  readonly reason: string;
}

export function fault(code: number, reason: string): Fault {
  return { code, reason };
}
