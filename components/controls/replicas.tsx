'use client';

import { useActions, useLive, useMay } from '../live/provider.tsx';

/** Replicas of the Deployment; shows what is asked for at once. `secondary`: a second place on small screens. */
export function Replicas({ secondary = false }: { secondary?: boolean }) {
  const { snapshot, pending, access } = useLive();
  const { act, control } = useMay();
  const actions = useActions();
  const reported = snapshot?.deployment?.replicas;
  const replicas = pending.replicas ?? reported ?? 0;
  const disabled = !act || reported === undefined;
  const most = access.kind === 'granted' ? access.most?.replicas || undefined : undefined;
  const scale = (to: number) => void actions()?.scale(to);
  const test = (name: string) => (secondary ? undefined : name);
  if (!control) {
    return (
      <b className="replicas-count" data-testid={test('replicas')}>
        {reported === undefined ? '–' : replicas}
      </b>
    );
  }
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
        title={most !== undefined && replicas >= most ? `At most ${most} pods here` : undefined}
        disabled={disabled || (most !== undefined && replicas >= most)}
        onClick={() => scale(replicas + 1)}
      >
        +
      </button>
    </span>
  );
}
