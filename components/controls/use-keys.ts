'use client';

import { useEffect } from 'react';
import { mayControl } from '../live/access.ts';
import { useLiveStore } from '../live/provider.tsx';
import { isPresenting, setPresenting } from '../present/presenting.ts';
import { currentTheme, setTheme } from '../ui/theme.ts';
import { currentView, setView } from '../ui/view.ts';
import { toggleFreeze } from './freeze.ts';
import { copyLink } from './link.ts';
import { openPanel } from './panels/panels.ts';
import { type Command, commandOf } from './shortcuts.ts';

/** These act on the cluster, so they need an agent and the right to. */
const acting: readonly Command[] = ['start-stop', 'more', 'fewer'];
/** And these have nothing to say about a recorded run. */
const ofLive: readonly Command[] = [...acting, 'traffic', 'lanes', 'cluster', 'share'];

/** The keys work wherever a view is, also while presenting, where no button is seen. */
export function useKeys(): void {
  const store = useLiveStore();
  useEffect(() => {
    const scale = (by: number) => {
      const { pending, snapshot } = store.getView();
      const replicas = pending.replicas ?? snapshot?.deployment?.replicas;
      if (replicas !== undefined && replicas + by >= 0) void store.actions?.scale(replicas + by);
    };
    const run: Record<Command, () => void> = {
      'start-stop': () => {
        const { pending, snapshot } = store.getView();
        const running = pending.running ?? snapshot?.running ?? false;
        void (running ? store.actions?.stop() : store.actions?.start());
      },
      freeze: () => toggleFreeze(store),
      theme: () => setTheme(currentTheme() === 'dark' ? 'light' : 'dark'),
      view: () => setView(currentView() === 'stage' ? 'timeline' : 'stage'),
      more: () => scale(1),
      fewer: () => scale(-1),
      present: () => setPresenting(!isPresenting()),
      help: () => openPanel('help'),
      lanes: () => openPanel('lanes'),
      cluster: () => openPanel('cluster'),
      traffic: () => openPanel('traffic'),
      share: () => openPanel('share'),
      save: () => openPanel('save'),
      palette: () => openPanel('palette'),
      link: () => void copyLink(store),
    };
    const onKeyDown = (event: KeyboardEvent) => {
      const at = event.target instanceof Element ? event.target : undefined;
      // A sheet just closed keeps the focus until the next picture is drawn: that takes no keys any more.
      const target = at?.closest('dialog:not([open])') == null ? at : undefined;
      const command = commandOf({
        key: event.key,
        repeat: event.repeat,
        control: event.ctrlKey || event.metaKey,
        modified: event.altKey || event.defaultPrevented,
        taken:
          target?.closest('input:not([type="range"]), textarea, select, [contenteditable], [role="menu"], dialog') !=
          null,
        onButton: target?.closest('button, a, [role="radio"]') != null,
      });
      if (command === undefined || document.querySelector('dialog.sheet[open]') !== null) return;
      const { phase, access } = store.getView();
      if (phase.kind === 'recorded' && ofLive.includes(command)) return;
      if (acting.includes(command)) {
        if (phase.kind !== 'live') return;
        if (!mayControl(access)) {
          event.preventDefault();
          store.refused('You are watching; the presenter acts.');
          return;
        }
      }
      event.preventDefault();
      run[command]();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [store]);
}
