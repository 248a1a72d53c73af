import type { ReactNode } from 'react';

const pods = [70, 195, 320];
const clients = [
  { x: 70, y: 95 },
  { x: 70, y: 295 },
  { x: 730, y: 95 },
  { x: 730, y: 295 },
];

/** The stage before anything is known: who will stand where, in outline, and no number. */
export function Unlit({ children }: { children?: ReactNode }) {
  return (
    <div className="unlit">
      <svg viewBox="0 0 800 390" aria-hidden="true">
        {clients.map(({ x, y }) =>
          pods.map((pod) => {
            const [from, to] = x < 400 ? [x + 44, 302] : [x - 44, 498];
            const bend = (from + to) / 2;
            return <path key={`${x} ${y} ${pod}`} d={`M${from} ${y}C${bend} ${y} ${bend} ${pod} ${to} ${pod}`} />;
          }),
        )}
        {clients.map(({ x, y }) => (
          <g key={`${x} ${y}`} className="unlit-client">
            <rect x={x - 40} y={y - 40} width={80} height={80} rx={6} />
            <circle cx={x} cy={y} r={26} />
            <circle cx={x} cy={y} r={11} />
          </g>
        ))}
        {pods.map((pod) => (
          <rect key={pod} className="unlit-pod" x={306} y={pod - 50} width={188} height={100} rx={4} />
        ))}
      </svg>
      {children}
    </div>
  );
}
