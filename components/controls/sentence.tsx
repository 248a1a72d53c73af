'use client';

import { useActions, useLive, useMay } from '../live/provider.tsx';
import { NumberWord } from './number-word.tsx';
import { openPanel } from './panels/panels.ts';
import { Replicas } from './replicas.tsx';
import { kindWord } from './rpc-kinds.ts';
import { byOne, nextRound } from './steps.ts';

/** "Each client sends 100 calls/s, unary, over 1 connection, to - 3 + pods": the underlined words are the controls. */
export function Sentence() {
  const { snapshot, pending, access } = useLive();
  const actions = useActions();
  const { act, control } = useMay();
  const traffic = snapshot?.traffic;
  if (access.kind === 'refused') return <p className="sentence" />;
  if (traffic === undefined) return <p className="sentence sentence-wait">Asking the agent what runs…</p>;
  const asked = pending.traffic ?? {};
  const shown = { ...traffic, ...asked };
  const disabled = !act;
  const closed = asked.ratePerSecond === undefined && shown.concurrency > 0;
  const rest = asked.messagesPerStream ?? asked.payloadBytes ?? asked.deadlineMs;
  return (
    <p className="sentence" data-plain={!control}>
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
        {control ? (
          <button
            type="button"
            className={asked.kind === undefined && rest === undefined ? 'word' : 'word word-pending'}
            data-testid="kind"
            aria-haspopup="dialog"
            aria-label={`RPC kind: ${kindWord(shown.kind)}; all of what is sent`}
            title="Kind, messages, payload, deadline"
            disabled={disabled}
            onClick={() => openPanel('traffic')}
          >
            {kindWord(shown.kind)}
          </button>
        ) : (
          <b>{kindWord(shown.kind)}</b>
        )}
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
