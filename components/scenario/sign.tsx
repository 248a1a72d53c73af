import type { Mark } from '../../model/view/scenario.ts';

/** A drawing for each finding: never colour alone, and no colour but that of failures. */
const paths: Record<Mark, string> = {
  pass: 'M2 8.5 6 12.5 14 3.5',
  fail: 'M3 3 13 13 M13 3 3 13',
  inconclusive: 'M5 5.6a3 3 0 1 1 3.9 2.9c-.6.2-.9.7-.9 1.4v.6 M8 13v.6',
  pending: 'M3 8h10',
};

export function Sign({ mark }: { mark: Mark }) {
  return (
    <svg className={`sign sign-${mark}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[mark]} />
    </svg>
  );
}
