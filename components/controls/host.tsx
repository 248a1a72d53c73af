'use client';

import dynamic from 'next/dynamic';
import type { ComponentType } from 'react';
import { useLivePart } from '../live/provider.tsx';
import { useAhead } from '../ui/ahead.ts';
import { loadMoreMenu } from './more-menu.tsx';
import { closePanel, type Panel, usePanel } from './panels/panels.ts';
import { loadPodMenu } from './pod-menu.tsx';
import { useKeys } from './use-keys.ts';

type PanelPart = ComponentType<{ close(): void }>;

/** What lies over the picture is not fetched with the page: when it is opened, or once the picture stands. */
const load = {
  help: () => import('./panels/help.tsx').then((part) => part.HelpSheet),
  traffic: () => import('./panels/traffic.tsx').then((part) => part.TrafficSheet),
  lanes: () => import('./panels/lanes.tsx').then((part) => part.LanesSheet),
  cluster: () => import('./panels/cluster.tsx').then((part) => part.ClusterSheet),
  encoding: () => import('./panels/encoding.tsx').then((part) => part.EncodingSheet),
  token: () => import('./panels/token.tsx').then((part) => part.TokenSheet),
  palette: () => import('./palette/palette.tsx').then((part) => part.Palette),
  share: () => import('../share/sheet.tsx').then((part) => part.ShareSheet),
  save: () => import('../export/sheet.tsx').then((part) => part.SaveSheet),
} satisfies Record<Panel, () => Promise<PanelPart>>;

const panels: Record<Panel, PanelPart> = {
  help: dynamic(load.help, { ssr: false }),
  traffic: dynamic(load.traffic, { ssr: false }),
  lanes: dynamic(load.lanes, { ssr: false }),
  cluster: dynamic(load.cluster, { ssr: false }),
  encoding: dynamic(load.encoding, { ssr: false }),
  token: dynamic(load.token, { ssr: false }),
  palette: dynamic(load.palette, { ssr: false }),
  share: dynamic(load.share, { ssr: false }),
  save: dynamic(load.save, { ssr: false }),
};

const ahead = [loadPodMenu, loadMoreMenu, ...Object.values(load)];

/** The keys, and whichever sheet is open; over every view, presenting included. */
export function ControlsHost() {
  useKeys();
  useAhead(
    useLivePart(({ snapshot }) => snapshot !== undefined),
    ahead,
  );
  const open = usePanel();
  if (open === undefined) return null;
  const Open = panels[open];
  return <Open key={open} close={() => closePanel(open)} />;
}
