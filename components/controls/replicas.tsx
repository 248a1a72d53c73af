'use client';

import { useActions, useLive } from '../live/provider.tsx';

/** Replicas of the Deployment; shows what is asked for at once. `secondary`: a second place on small screens. */
export function Replicas({ secondary = false }: { secondary?: boolean }) {
  const { snapshot, pending, phase } = useLive();
  const actions = useActions();
  const reported = snapshot?.deployment?.replicas;
  const replicas = pending.replicas ?? reported ?? 0;
  const disabled = phase.kind !== 'live' || reported === undefined;
  const scale = (to: number) => void actions()?.scale(to);
  const test = (name: string) => (secondary ? undefined : name);
  return (
    <span className="replicas">
      <button
        type="button"
        className="step"
        data-testid={test('replicas-minus')}
        aria-label="One pod fewer"
        disabled={disabled || replicas <= 0}
        onClick={() => scale(replicas - 1)}
      >
        −
      </button>
      <output
        className={pending.replicas === undefined ? 'replicas-count' : 'replicas-count word-pending'}
        data-testid={test('replicas')}
        aria-label="Pods asked for"
      >
        {reported === undefined ? '–' : replicas}
      </output>
      <button
        type="button"
        className="step"
        data-testid={test('replicas-plus')}
        aria-label="One pod more"
        disabled={disabled}
        onClick={() => scale(replicas + 1)}
      >
        +
      </button>
    </span>
  );
}
