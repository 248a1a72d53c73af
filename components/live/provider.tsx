'use client';

import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { fromMs } from '../../model/time.ts';
import { mayControl, readAccess } from './access.ts';
import { type Actions, createActions } from './actions.ts';
import { agentClient } from './client.ts';
import { lookAt, restoreFromUrl } from './moment.ts';
import { LiveStore, type LiveView, type PageStore } from './store.ts';
import { Watcher } from './watch.ts';

const Context = createContext<PageStore | undefined>(undefined);

/** Hands another source of the page's state down: a recorded run. */
export const StoreProvider = Context;

/** An hour of a busy run is some megabytes. */
const historyTimeoutMs = 20_000;

/** Opens the one stream of this tab and hands its state down. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const [store] = useState(
    () => new LiveStore({ now: () => performance.now(), beforePaint: (run) => requestAnimationFrame(run) }),
  );
  useEffect(() => connect(store), [store]);
  return <Context value={store}>{children}</Context>;
}

function connect(store: LiveStore): () => void {
  const client = agentClient();
  store.actions = createActions(client, {
    expect: store.expect,
    refused: store.refused,
    done: store.done,
    snapshot: () => store.getView().snapshot,
  });
  const ask = () => {
    void readAccess(client).then((access) => {
      if (access !== undefined) store.setAccess(access);
    });
  };
  ask();
  store.history = (request) => client.readHistory(request, { timeoutMs: historyTimeoutMs });
  store.recorded = (runId, atMs) => client.getSnapshot({ runId, at: fromMs(atMs) }, { timeoutMs: historyTimeoutMs });
  store.lookAt = (atMs) => lookAt(store, atMs);
  restoreFromUrl(store);

  let lost = false;
  const watcher = new Watcher({
    open: (request, signal) => client.watch(request, { signal }),
    position: () => store.position(),
    receive: (message) => store.receive(message),
    phase: (phase) => {
      // Another agent may be there, with other tokens.
      if (phase.kind === 'lost') {
        if (!lost) ask();
        lost = true;
      }
      if (phase.kind === 'live' && lost) {
        lost = false;
        ask();
      }
      store.setPhase(phase);
    },
    now: () => performance.now(),
    setTimeout: (run, ms) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    random: Math.random,
  });
  void watcher.run();
  const ticking = setInterval(() => store.tick(), 250);
  // A hidden tab keeps its stream and folds on; it paints nothing, as no animation frame comes.
  const hurry = () => {
    if (document.visibilityState === 'visible') watcher.hurry();
  };
  document.addEventListener('visibilitychange', hurry);
  window.addEventListener('online', hurry);
  return () => {
    watcher.stop();
    clearInterval(ticking);
    document.removeEventListener('visibilitychange', hurry);
    window.removeEventListener('online', hurry);
  };
}

export function useLiveStore(): PageStore {
  const store = useContext(Context);
  if (store === undefined) throw new Error('useLiveStore needs a LiveProvider above it');
  return store;
}

export function useLive(): LiveView {
  const store = useLiveStore();
  return useSyncExternalStore(store.subscribe, store.getView, store.getServerView);
}

/** A part of the view that rarely changes: what uses it renders only then. `select` gives a primitive. */
export function useLivePart<T extends string | number | boolean | undefined>(select: (view: LiveView) => T): T {
  const store = useLiveStore();
  return useSyncExternalStore(
    store.subscribe,
    () => select(store.getView()),
    () => select(store.getServerView()),
  );
}

/** Whether this page's person may act now, and whether acting is theirs at all. */
export function useMay(): { act: boolean; control: boolean } {
  const live = useLivePart((view) => view.phase.kind === 'live');
  const control = useLivePart((view) => mayControl(view.access));
  return { act: live && control, control };
}

/** The typed client behind the buttons; absent only before the page has started. */
export function useActions(): () => Actions | undefined {
  const store = useLiveStore();
  return () => store.actions;
}
