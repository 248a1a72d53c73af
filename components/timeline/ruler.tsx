import { duration } from '../../model/time.ts';

/** The axis: fixed, as its right end is always now. */
export function Ruler({ windowMs, frozen }: { windowMs: number; frozen: boolean }) {
  const parts = 6;
  return (
    <div className="ruler" aria-hidden>
      {Array.from({ length: parts }, (_, i) => {
        const before = (windowMs * (parts - i)) / parts;
        return (
          <span key={before} className="ruler-mark" style={{ left: `${(i / parts) * 100}%` }}>
            −
            {i === 0
              ? duration(before).replace(/^1\u202fmin\u00a030\u202fs$/, '90\u202fs')
              : Math.round(before / 1_000)}
          </span>
        );
      })}
      <span className="now-tag">{frozen ? 'frozen' : 'now'}</span>
    </div>
  );
}
