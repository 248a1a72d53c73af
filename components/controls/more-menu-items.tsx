'use client';

import { DropdownMenu } from 'radix-ui';
import { useActions, useLive, useLiveStore, useMay } from '../live/provider.tsx';
import { setPresenting, toggleFullScreen, usePresenting } from '../present/presenting.ts';
import { openScenarios } from '../scenario/open.ts';
import type { MenuState } from '../ui/menu.ts';
import { MenuBody } from '../ui/menu-body.tsx';
import { useTheme } from '../ui/swatch.tsx';
import { setTheme } from '../ui/theme.ts';
import { copyLink } from './link.ts';
import { openPanel } from './panels/panels.ts';

/** Everything that is not needed all the time. */
export function MoreMenuItems({ menu }: { menu: MenuState }) {
  const { phase, snapshot, pending } = useLive();
  const { act, control } = useMay();
  const actions = useActions();
  const store = useLiveStore();
  const presenting = usePresenting();
  const theme = useTheme();
  const recorded = phase.kind === 'recorded';
  const running = pending.running ?? snapshot?.running ?? false;
  return (
    <MenuBody menu={menu} align="end">
      {presenting && !recorded && control && (
        <>
          <Item
            name={running ? 'Stop traffic' : 'Start traffic'}
            keys="Space"
            disabled={!act}
            act={() => (running ? actions()?.stop() : actions()?.start())}
          />
          <Item name="Lanes" keys="l" act={() => openPanel('lanes')} />
          <Item name="Cluster" keys="k" act={() => openPanel('cluster')} />
          <Item name="Traffic" keys="r" act={() => openPanel('traffic')} />
          <DropdownMenu.Separator className="menu-line" />
        </>
      )}
      <Item name="Find a command" keys="Ctrl K" testId="more-palette" act={() => openPanel('palette')} />
      <Item
        name={presenting ? 'End presenting' : 'Present'}
        keys="p"
        testId="more-present"
        act={() => setPresenting(!presenting)}
      />
      <Item name="Full screen" keys="" act={toggleFullScreen} />
      {presenting && (
        <Item
          name={theme === 'dark' ? 'Light theme' : 'Dark theme'}
          keys="t"
          act={() => setTheme(theme === 'dark' ? 'light' : 'dark')}
        />
      )}
      <DropdownMenu.Separator className="menu-line" />
      {!recorded && <Item name="Scenarios" keys="g" act={openScenarios} />}
      {!recorded && <Item name="Share" keys="s" testId="more-share" act={() => openPanel('share')} />}
      <Item name="Copy link" keys="c" testId="more-link" act={() => void copyLink(store)} />
      <Item name="Save picture or numbers" keys="e" testId="more-save" act={() => openPanel('save')} />
      <DropdownMenu.Separator className="menu-line" />
      {!recorded && control && (
        <Item
          name="Protobuf against JSON"
          keys=""
          what="measured now"
          testId="more-encoding"
          act={() => openPanel('encoding')}
        />
      )}
      {!recorded && control && (
        <Item
          name="New run"
          keys=""
          testId="new-run"
          disabled={!act}
          what="clears the counts"
          act={() => actions()?.newRun()}
        />
      )}
      <DropdownMenu.Item className="menu-item" asChild>
        <a href="/runs" data-testid="runs-link">
          Recorded runs
        </a>
      </DropdownMenu.Item>
    </MenuBody>
  );
}

function Item({
  name,
  keys,
  what,
  act,
  testId,
  disabled = false,
}: {
  name: string;
  keys: string;
  what?: string;
  act(): unknown;
  testId?: string;
  disabled?: boolean;
}) {
  return (
    <DropdownMenu.Item
      className="menu-item"
      data-testid={testId}
      disabled={disabled}
      textValue={name}
      onSelect={() => void act()}
    >
      <span>{name}</span>
      <small>{what ?? keys}</small>
    </DropdownMenu.Item>
  );
}
