'use client';

import { useState } from 'react';
import { duration } from '../../../model/time.ts';
import { useActions, useLive, useMay } from '../../live/provider.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { spaced } from '../../ui/text.ts';
import { Notice } from '../notice.tsx';
import { Replicas } from '../replicas.tsx';

/** What servers are commonly told, and long enough that a connection carries calls in the shortest. */
const ages = [-1, 10_000, 30_000, 300_000] as const;
const graceMs = 5_000;

/** What is done to the Deployment and to all its pods; a pod alone has its menu. */
export function ClusterSheet({ close }: { close(): void }) {
  const { snapshot } = useLive();
  const { act } = useMay();
  const actions = useActions();
  const [asked, setAsked] = useState<number>();
  const told = snapshot?.maxConnectionAge;
  const now = told?.ageMs ?? snapshot?.deployment?.maxConnectionAgeMs ?? -1;
  const ask = async (ageMs: number) => {
    setAsked(ageMs);
    await actions()?.setMaxConnectionAge(ageMs, graceMs);
    setAsked(undefined);
  };
  return (
    <Sheet title="Cluster" testId="cluster-sheet" close={close}>
      <p className="sheet-lead">
        {snapshot?.cluster?.namespace ? `Namespace ${snapshot.cluster.namespace}, ` : ''}
        Deployment {snapshot?.deployment?.name || 'not seen yet'}
      </p>
      <div className="field">
        <span className="field-label">Pods</span>
        <Replicas secondary />
        <small className="field-hint">
          {snapshot?.deployment === undefined
            ? ''
            : `${snapshot.deployment.readyReplicas} of ${snapshot.deployment.replicas} ready`}
        </small>
      </div>
      <div className="field">
        <span className="field-label">Rollout</span>
        <button
          type="button"
          className="word"
          data-testid="rollout"
          disabled={!act}
          onClick={() => void actions()?.restartRollout()}
        >
          Restart
        </button>
        <small className="field-hint">One new pod after the other, then an old one goes: every address changes.</small>
      </div>
      <fieldset className="choice" disabled={!act}>
        <legend>
          MaxConnectionAge of every pod{' '}
          <span className="field-mark" role="status">
            {asked === undefined ? '' : 'asked…'}
          </span>
        </legend>
        {ages.map((age) => (
          <label key={age}>
            <input
              type="radio"
              name="max-age"
              data-testid={`max-age-${age}`}
              checked={(asked ?? now) === age}
              onChange={() => void ask(age)}
            />
            <span>{age < 0 ? 'None' : spaced(duration(age))}</span>
            <small>
              {age < 0
                ? 'A connection lives until something breaks: gRPC’s default.'
                : 'Then GOAWAY: a new connection, and for DNS clients a new lookup.'}
            </small>
          </label>
        ))}
      </fieldset>
      {!ages.some((age) => age === now) && (
        <p className="sheet-lead">
          Now {spaced(duration(now))},{' '}
          {told === undefined ? 'as the pods are started' : 'as it was asked for elsewhere'}.
        </p>
      )}
      <Notice inSheet />
    </Sheet>
  );
}
