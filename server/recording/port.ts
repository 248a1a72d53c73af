import type { Fault } from './fault.ts';

/**
 * What the recorder hands to the disk, in order. Plain, cloneable data: it crosses to a thread. Bytes are protobuf's
 * (proto/lbscope/recording).
 */
export type Item =
  /** A run begins, or begins anew after a gap: nothing of it that is older than the keyframe is to be expected. */
  | {
      readonly kind: 'begin';
      readonly runId: string;
      readonly keyframe: Uint8Array;
      /** Since when nothing was kept, and why. */
      readonly gap?: { readonly from: number; readonly reason: string };
    }
  /** Batch, and the Keyframe after it. */
  | { readonly kind: 'batch'; readonly batch: Uint8Array; readonly keyframe?: Uint8Array }
  | { readonly kind: 'end'; readonly at: number };

export interface Wrote {
  /** How many of the items were written, from the first on. */
  readonly done: number;
  /** Why not all of them. */
  readonly fault?: Fault;
}

/**
 * Where runs are kept. Called by the recorder, one call at a time; may take as long as the disk does, never throws and
 * never waits for the caller. What was not done is handed in again, or given up with a new `begin`.
 */
export interface Disk {
  write(items: readonly Item[]): Promise<Wrote>;
}

export interface Limits {
  /** All runs together, bytes. */
  readonly bytes: number;
  /** The oldest run, days. */
  readonly days: number;
}

/** What became of a question: the answer in protobuf's bytes, or why there is none. */
export type Answer =
  | { readonly ok: true; readonly body: Uint8Array }
  | {
      readonly ok: false;
      readonly code:
        | 'not_found'
        | 'failed_precondition'
        | 'invalid_argument'
        | 'out_of_range'
        | 'resource_exhausted'
        | 'unavailable'
        | 'data_loss';
      /** One sentence that names what was asked and what there is. */
      readonly message: string;
    };
