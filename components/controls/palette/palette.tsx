'use client';

import { Command } from 'cmdk';
import { useEffect, useRef, useState } from 'react';
import type { RunInfo } from '../../../gen/lbscope/agent/v1/runs_pb.js';
import { openLane } from '../../lane/open.ts';
import { agentClient } from '../../live/client.ts';
import { useLive, useLiveStore, useMay } from '../../live/provider.tsx';
import { isPresenting, setPresenting, toggleFullScreen } from '../../present/presenting.ts';
import { openScenarios } from '../../scenario/open.ts';
import { setShownLanes } from '../../ui/shown-lanes.ts';
import { currentTheme, setTheme } from '../../ui/theme.ts';
import { useUrlParameter } from '../../ui/url.ts';
import { setView } from '../../ui/view.ts';
import { toggleFreeze } from '../freeze.ts';
import { copyLink } from '../link.ts';
import { openPanel } from '../panels/panels.ts';
import { paletteEntries } from './entries.ts';

/** Ctrl or Cmd and K: everything by its name. */
export function Palette({ close }: { close(): void }) {
  const view = useLive();
  const store = useLiveStore();
  const { act } = useMay();
  const picked = useUrlParameter('lanes')?.split(',');
  const dialog = useRef<HTMLDialogElement>(null);
  const [runs, setRuns] = useState<readonly RunInfo[]>([]);
  // Taken once: a list that moves under a finger is no list.
  const [snapshot] = useState(view.snapshot);
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
    let left = false;
    agentClient()
      .listRuns({ pageSize: 8 }, { timeoutMs: 5_000 })
      .then(({ runs: found }) => left || setRuns(found))
      // Where nothing is recorded there is nothing to list.
      .catch(() => undefined);
    return () => {
      left = true;
    };
  }, []);
  const entries = paletteEntries(
    snapshot,
    act ? store.actions : undefined,
    {
      panel: openPanel,
      scenarios: openScenarios,
      freeze: () => toggleFreeze(store),
      theme: () => setTheme(currentTheme() === 'dark' ? 'light' : 'dark'),
      view: setView,
      present: () => setPresenting(!isPresenting()),
      fullScreen: toggleFullScreen,
      copyLink: () => void copyLink(store),
      lanes: setShownLanes,
      openLane,
      go: (address) => window.location.assign(address),
    },
    { frozen: view.frozen, presenting: isPresenting(), picked, recorded: view.phase.kind === 'recorded' },
    runs,
  );
  const groups = [...new Set(entries.map((entry) => entry.group))];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a native dialog by itself
    <dialog
      ref={dialog}
      className="sheet palette"
      data-testid="palette"
      aria-label="Find a command"
      onClose={close}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <Command label="Find a command" loop>
        <Command.Input placeholder="Scale to 5, add nginx, crash x2k4p…" className="palette-input" />
        <Command.List className="palette-list" label="Commands" tabIndex={-1}>
          <Command.Empty className="palette-empty">Nothing is called that here.</Command.Empty>
          {groups.map((group) => (
            <Command.Group key={group} heading={group} className="palette-group">
              {entries
                .filter((entry) => entry.group === group)
                .map((entry) => (
                  <Command.Item
                    key={entry.id}
                    value={`${entry.name} ${entry.id}`}
                    className="palette-item"
                    onSelect={() => {
                      dialog.current?.close();
                      entry.run();
                    }}
                  >
                    <span>{entry.name}</span>
                    <small>{entry.what}</small>
                  </Command.Item>
                ))}
            </Command.Group>
          ))}
        </Command.List>
      </Command>
    </dialog>
  );
}
