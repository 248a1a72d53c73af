'use client';

import { useActions, useLive } from '../live/provider.tsx';
import { KindMenu } from './kind-menu.tsx';
import { NumberWord } from './number-word.tsx';
import { Replicas } from './replicas.tsx';
import { byOne, nextRound } from './steps.ts';

/** "Each client sends 100 calls/s, unary, over 1 connection, to - 3 + pods": the underlined words are the controls. */
export function Sentence() {
  const { snapshot, pending, phase } = useLive();
  const actions = useActions();
  const traffic = snapshot?.traffic;
  if (traffic === undefined) return <p className="sentence sentence-wait">Asking the agent what runs…</p>;
  const asked = pending.traffic ?? {};
  const shown = { ...traffic, ...asked };
  const disabled = phase.kind !== 'live';
  const closed = asked.ratePerSecond === undefined && shown.concurrency > 0;
  return (
    <p className="sentence">
      <span className="phrase">
        Each client {closed ? 'keeps ' : 'sends '}
        {closed ? (
          <NumberWord
            value={shown.concurrency}
            label="Calls in flight per client"
            unit={shown.concurrency === 1 ? 'call in flight' : 'calls in flight'}
            pending={asked.concurrency !== undefined}
            disabled={disabled}
            testId="concurrency-input"
            step={byOne}
            commit={(concurrency) => void actions()?.setTraffic({ concurrency })}
          />
        ) : (
          <NumberWord
            value={shown.ratePerSecond}
            label="Calls per second and client"
            unit="calls/s"
            pending={asked.ratePerSecond !== undefined}
            disabled={disabled}
            testId="rate-input"
            step={nextRound}
            commit={(ratePerSecond) => void actions()?.setTraffic({ ratePerSecond })}
          />
        )}
        ,{' '}
      </span>
      <span className="phrase">
        <KindMenu
          kind={shown.kind}
          pending={asked.kind !== undefined}
          disabled={disabled}
          choose={(kind) => void actions()?.setTraffic({ kind })}
        />
        ,{' '}
      </span>
      <span className="phrase">
        over{' '}
        <NumberWord
          value={shown.connections}
          label="Connections per client"
          unit={shown.connections === 1 ? 'connection' : 'connections'}
          pending={asked.connections !== undefined}
          disabled={disabled}
          testId="connections-input"
          step={byOne}
          commit={(connections) => void actions()?.setTraffic({ connections })}
        />
        ,{' '}
      </span>
      <span className="phrase">
        to <Replicas /> pods.
      </span>
    </p>
  );
}
