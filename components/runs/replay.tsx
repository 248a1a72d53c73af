'use client';

import { type ReactNode, useEffect, useState } from 'react';
import { agentClient } from '../live/client.ts';
import { type OpenedRun, openRun } from '../live/open-run.ts';
import { reasonOf } from '../live/outcome.ts';
import { StoreProvider } from '../live/provider.tsx';
import { instant, stamp } from '../ui/instant.ts';
import { sentence } from '../ui/text.ts';
import { setUrlParameter } from '../ui/theme.ts';
import { Transport } from './transport.tsx';

type State = { kind: 'opening' } | { kind: 'open'; opened: OpenedRun } | { kind: 'refused'; reason: string };

/** A recorded run in the same dashboard as the live one, with a transport below it. */
export function Replay({ runId, children }: { runId: string; children: ReactNode }) {
  const [state, setState] = useState<State>({ kind: 'opening' });
  useEffect(() => {
    let over = false;
    let stop = () => {};
    openRun(agentClient(), runId).then(
      (opened) => {
        if (over) return;
        const { store } = opened;
        store.seek(instant(new URLSearchParams(window.location.search).get('at')) ?? firstMoment(opened));
        stop = rememberMoment(store);
        setState({ kind: 'open', opened });
      },
      (error: unknown) => over || setState({ kind: 'refused', reason: reasonOf(error) }),
    );
    return () => {
      over = true;
      stop();
    };
  }, [runId]);

  if (state.kind === 'refused') {
    return (
      <main className="runs-alone" data-testid="run-refused">
        <h1>This run cannot be shown</h1>
        <p>{sentence(state.reason)}</p>
        <a className="word" href="/runs">
          All runs
        </a>
      </main>
    );
  }
  if (state.kind === 'opening') {
    return (
      <main className="runs-alone" aria-busy="true">
        <p>Opening the run…</p>
      </main>
    );
  }
  return (
    <StoreProvider value={state.opened.store}>
      <div className="replay">
        {children}
        <Transport opened={state.opened} />
      </div>
    </StoreProvider>
  );
}

/** Ninety seconds in, or the end of a shorter run: an empty picture says nothing. */
function firstMoment({ store }: OpenedRun): number {
  return Math.min(store.startMs + 90_000, store.endMs);
}

/** The address names the moment at which the picture stands, so that it can be sent to someone. */
function rememberMoment(store: OpenedRun['store']): () => void {
  let written = '';
  return store.subscribe(() => {
    const { playing, atMs } = store.transport;
    const now = stamp(atMs);
    if (playing || now === written) return;
    written = now;
    setUrlParameter('at', now);
  });
}
