'use client';

import { rpcKinds } from '../../../model/words.ts';
import type { TrafficChange } from '../../live/actions.ts';
import { useActions, useLive, useMay } from '../../live/provider.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { Notice } from '../notice.tsx';
import { kinds } from '../rpc-kinds.ts';
import { byOne, nextRound, nextSize } from '../steps.ts';
import { NumberField } from './field.tsx';
import { Mark } from './mark.tsx';

/** Everything that the clients send, and how. Each field takes effect at once; no count is lost. */
export function TrafficSheet({ close }: { close(): void }) {
  const { snapshot, pending, access } = useLive();
  const actions = useActions();
  const { act } = useMay();
  const traffic = snapshot?.traffic;
  const asked = pending.traffic ?? {};
  const set = (change: TrafficChange) => void actions()?.setTraffic(change);
  const most = access.kind === 'granted' ? access.most : undefined;
  if (traffic === undefined) return null;
  const shown = { ...traffic, ...asked };
  const closed = asked.ratePerSecond === undefined && (asked.concurrency !== undefined || traffic.concurrency > 0);
  const streams = shown.kind !== 'unary';
  const field = (name: keyof TrafficChange) => ({
    value: Number(shown[name]),
    pending: asked[name] !== undefined,
    disabled: !act,
    testId: `traffic-${name}`,
    commit: (value: number) => set({ [name]: value }),
  });
  return (
    <Sheet title="What each client sends" testId="traffic-sheet" close={close}>
      <fieldset className="choice" disabled={!act}>
        <legend>When the next call is sent</legend>
        <label>
          <input
            type="radio"
            name="loop"
            checked={!closed}
            data-testid="loop-open"
            onChange={() => set({ ratePerSecond: Math.max(traffic.ratePerSecond, 100) })}
          />
          <span>On a schedule</span>
          <small>So many calls a second, however slow the answers: what users do.</small>
        </label>
        <label>
          <input
            type="radio"
            name="loop"
            checked={closed}
            data-testid="loop-closed"
            onChange={() => set({ concurrency: Math.max(traffic.concurrency, 4) })}
          />
          <span>When one is answered</span>
          <small>So many calls in flight: what a batch job does. A slow pod slows its client.</small>
        </label>
      </fieldset>
      {closed ? (
        <>
          <NumberField
            {...field('concurrency')}
            label="In flight"
            unit={shown.concurrency === 1 ? 'call' : 'calls'}
            step={byOne}
            hint={ceiling(most?.concurrency, 'calls in flight')}
          />
          <NumberField {...field('thinkTimeMs')} label="Pause after an answer" unit="ms" step={nextSize} />
        </>
      ) : (
        <NumberField
          {...field('ratePerSecond')}
          label="Rate"
          unit="calls/s"
          step={nextRound}
          hint={ceiling(most?.ratePerSecond, 'calls/s')}
        />
      )}
      <NumberField
        {...field('connections')}
        label="Connections"
        unit={shown.connections === 1 ? 'connection' : 'connections'}
        step={byOne}
        hint="Channels a client. With ClusterIP each of them draws a pod of its own."
      />
      <fieldset className="choice" disabled={!act}>
        <legend>
          What a call is <Mark pending={asked.kind !== undefined} value={shown.kind} />
        </legend>
        {rpcKinds.map((kind) => (
          <label key={kind}>
            <input
              type="radio"
              name="rpc-kind"
              checked={shown.kind === kind}
              data-testid={`kind-${kind}`}
              onChange={() => set({ kind })}
            />
            <span>{kinds[kind].word}</span>
            <small>{kinds[kind].what}</small>
          </label>
        ))}
      </fieldset>
      {streams && (
        <>
          <NumberField
            {...field('messagesPerStream')}
            label="Messages a stream"
            unit={shown.messagesPerStream === 1 ? 'message' : 'messages'}
            step={nextRoundWhole}
            hint="Balancers pick once a stream: long streams pin, whatever the path."
          />
          <NumberField {...field('messageIntervalMs')} label="Between messages" unit="ms" step={nextSize} />
        </>
      )}
      <NumberField {...field('payloadBytes')} label="Payload" unit="bytes" step={nextSize} />
      <NumberField
        {...field('deadlineMs')}
        label="Deadline"
        unit="ms"
        step={nextRoundWhole}
        hint="A call without an answer by then is lost."
      />
      <Notice inSheet />
    </Sheet>
  );
}

function nextRoundWhole(value: number, up: boolean): number {
  return Math.max(1, Math.round(nextRound(value, up)));
}

function ceiling(most: number | undefined, unit: string): string | undefined {
  return most === undefined || most === 0 ? undefined : `At most ${most.toLocaleString('en')} ${unit} here.`;
}
