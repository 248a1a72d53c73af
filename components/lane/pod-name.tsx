import type { Named } from '../../model/view/opened.ts';
import { Swatch } from '../ui/swatch.tsx';

/** A pod in a list: swatch and handle; an address where nobody knows whose it is. */
export function PodName({ of }: { of: Named | string }) {
  if (typeof of === 'string') return <span className="mono">{of}</span>;
  return (
    <span className="pod-name">
      <Swatch slot={of.slot} />
      <span className="mono">{of.handle}</span>
    </span>
  );
}
