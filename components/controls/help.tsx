'use client';

import { useEffect, useRef } from 'react';
import { useLiveStore } from '../live/provider.tsx';
import { axisKeys } from '../timeline/keys.ts';
import { currentTheme, setTheme } from '../ui/theme.ts';
import { currentView, setView } from '../ui/view.ts';
import { toggleFreeze } from './freeze.ts';
import { type Command, commandOf, shortcuts } from './shortcuts.ts';

/** The key `?`: what the picture says, and the keys. The sheet is a dialog, so Escape closes it and keeps the focus. */
export function Help() {
  const sheet = useRef<HTMLDialogElement>(null);
  const store = useLiveStore();
  useEffect(() => {
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
      help: () => sheet.current?.showModal(),
    };
    const scale = (by: number) => {
      const { pending, snapshot } = store.getView();
      const replicas = pending.replicas ?? snapshot?.deployment?.replicas;
      if (replicas !== undefined && replicas + by >= 0) void store.actions?.scale(replicas + by);
    };
    const needsAgent: readonly Command[] = ['start-stop', 'more', 'fewer'];
    const onKeyDown = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : undefined;
      const command = commandOf({
        key: event.key,
        repeat: event.repeat,
        modified: event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented,
        taken: target?.closest('input, textarea, select, [contenteditable], [role="menu"], dialog') != null,
        onButton: target?.closest('button, a, [role="radio"]') != null,
      });
      if (command === undefined || sheet.current?.open === true) return;
      if (needsAgent.includes(command) && store.getView().phase.kind !== 'live') return;
      event.preventDefault();
      run[command]();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [store]);
  return (
    <>
      <button
        type="button"
        className="theme help-open"
        data-testid="help-open"
        aria-label="Help and keys"
        title="Help and keys (?)"
        onClick={() => sheet.current?.showModal()}
      >
        ?
      </button>
      <dialog ref={sheet} className="help" data-testid="help" aria-labelledby="help-title">
        <h2 id="help-title">What you see</h2>
        <ul className="help-orientation">
          <li>
            Each lane is one way to reach the same Service; all lanes send the same calls at the same moment, and each
            stripe is one pod, as thick as its share of the answers.
          </li>
          <li>
            A vertical line is a change to the cluster, and the bracket that begins there is how long that path took
            until a new pod answered.
          </li>
          <li>
            Under a band, hatching means that the client’s list of pods is out of date, and a tick is a lookup or a
            message that told it something.
          </li>
          <li>
            Right of now is who answers and what each client knows; red, with a cross and a number, is lost calls.
          </li>
        </ul>
        <h2>Keys</h2>
        <dl className="help-keys">
          {[...shortcuts, ...axisKeys].map(({ keys, what }) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
          <div>
            <dt>
              <kbd>Esc</kbd>
            </dt>
            <dd>Close this sheet</dd>
          </div>
        </dl>
        <form method="dialog">
          <button type="submit" className="word" data-testid="help-close">
            Close
          </button>
        </form>
      </dialog>
    </>
  );
}
