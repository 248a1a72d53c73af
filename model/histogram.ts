import { create } from '@bufbuild/protobuf';
import { type Histogram, HistogramSchema } from '../gen/lbscope/events/v1/events_pb.js';

/**
 * Log-linear buckets of whole microseconds, as HdrHistogram and Prometheus' native histograms have them: each power of
 * two is cut into 32 equal parts. Below 32 us a bucket is one microsecond wide. Any value of a bucket is within 1/32
 * (3.125 %, stated as 3.2 %) of any other, so a quantile is that good whatever was merged.
 */
const subBits = 5;
const sub = 1 << subBits;
const maxExponent = 35;

/** Values from here on (9.5 hours) fall into the last bucket. */
export const maxUs = 2 ** maxExponent;
/** Buckets are numbered 0 to bucketCount - 1. */
export const bucketCount = (maxExponent - subBits + 1) * sub;
/** Largest relative distance between a value and the bounds of its bucket. */
export const relativeError = 0.032;

/** Negative counts as 0: a clock that is read twice may differ by a hair. */
export function bucketOf(us: number): number {
  if (!(us >= 1)) return 0;
  if (us >= maxUs) return bucketCount - 1;
  if (us < sub) return us | 0;
  // clz32 knows 32 bits only; larger values are cut by 2^16 first.
  const exponent = us < 0x8000_0000 ? 31 - Math.clz32(us) : 47 - Math.clz32(us / 65_536);
  const part = Math.floor(us / 2 ** (exponent - subBits)) & (sub - 1);
  return (exponent - subBits + 1) * sub + part;
}

/** Smallest value of the bucket, in microseconds. */
export function lowerBound(bucket: number): number {
  if (bucket < sub) return bucket;
  const exponent = Math.floor(bucket / sub) + subBits - 1;
  return (sub + (bucket % sub)) * 2 ** (exponent - subBits);
}

/** `counts` has one entry per bucket; `maxUs` is the exact maximum. Empty buckets are left out, numbers delta coded. */
export function toSparse(counts: ArrayLike<number>, exactMaxUs: number): Histogram {
  const bucket: number[] = [];
  const count: number[] = [];
  let before = 0;
  for (let i = 0; i < counts.length; i++) {
    const n = counts[i]!;
    if (n === 0) continue;
    bucket.push(bucket.length === 0 ? i : i - before);
    count.push(n);
    before = i;
  }
  return create(HistogramSchema, { bucket, count, maxUs: exactMaxUs });
}

/** A sum of histograms. Quantiles exist only here, after merging (over time, over pods, over agents). */
export class Merged {
  count = 0;
  /** Exact, in microseconds; 0 without values. */
  max = 0;
  readonly counts = new Float64Array(bucketCount);

  add(h: Histogram | undefined): this {
    if (h === undefined) return this;
    let at = 0;
    for (let i = 0; i < h.bucket.length; i++) {
      at = i === 0 ? h.bucket[0]! : at + h.bucket[i]!;
      const n = h.count[i] ?? 0;
      // A bucket that this version does not know still counts, as the largest.
      this.counts[Math.min(at, bucketCount - 1)]! += n;
      this.count += n;
    }
    if (h.maxUs > this.max) this.max = h.maxUs;
    return this;
  }

  /** `q` from 0 to 1. Microseconds: the middle of the bucket that holds the value of that rank; 0 without values. */
  quantile(q: number): number {
    if (this.count === 0) return 0;
    const rank = Math.min(this.count, Math.max(1, Math.ceil(q * this.count)));
    let seen = 0;
    for (let i = 0; i < bucketCount; i++) {
      seen += this.counts[i]!;
      if (seen >= rank) return Math.min(middle(i), this.max > 0 ? this.max : middle(i));
    }
    return this.max;
  }

  toHistogram(): Histogram {
    return toSparse(this.counts, this.max);
  }
}

function middle(bucket: number): number {
  const low = lowerBound(bucket);
  // Values are whole microseconds, so a bucket of width 1 holds one value only.
  return bucket + 1 >= bucketCount ? low : (low + lowerBound(bucket + 1) - 1) / 2;
}
