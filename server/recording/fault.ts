/** Why something could not be kept, in the words of Recording.fault. */
export type FaultKind = 'full' | 'locked' | 'damaged' | 'behind' | 'denied' | 'other';

export interface Fault {
  readonly kind: FaultKind;
  readonly message: string;
  /** What was written so far cannot be added to: only a new beginning can be written. */
  readonly anew?: boolean;
}

/** SQLite's primary result codes, https://www.sqlite.org/rescode.html */
const byCode: Readonly<Record<number, FaultKind>> = {
  3: 'denied', // PERM
  5: 'locked', // BUSY
  6: 'locked', // LOCKED
  8: 'denied', // READONLY
  11: 'damaged', // CORRUPT
  13: 'full', // FULL
  14: 'denied', // CANTOPEN
  26: 'damaged', // NOTADB
};

const byErrno: Readonly<Record<string, FaultKind>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
};

const words: Readonly<Record<FaultKind, string>> = {
  full: 'the disk is full',
  locked: 'another program holds the file',
  damaged: 'the file is damaged',
  behind: 'the disk does not keep up',
  denied: 'the folder may not be written',
  other: 'the file cannot be written',
};

/** The one place where SQLite's and the system's errors become ours. No path goes into the message. */
export function faultOf(error: unknown): Fault {
  if (error instanceof NotBegunError) return { kind: 'other', message: error.message, anew: true };
  const { errcode, code, errstr } = error as { errcode?: number; code?: string; errstr?: string };
  if (typeof errcode === 'number') {
    const kind = byCode[errcode & 0xff] ?? 'other';
    return { kind, message: `${words[kind]} (SQLite: ${errstr ?? errcode})` };
  }
  const kind = (code !== undefined && byErrno[code]) || 'other';
  return { kind, message: code === undefined ? words[kind] : `${words[kind]} (${code})` };
}

/** The thread that keeps the files was started again, and knows of no run that has begun. */
export class NotBegunError extends Error {
  constructor() {
    super('no run has begun');
  }
}

/** A body that cannot be read is damage too, wherever it shows. */
export class DamagedError extends Error {
  readonly errcode = 11;
  readonly errstr: string;
  constructor(what: string) {
    super(what);
    this.errstr = what;
  }
}
