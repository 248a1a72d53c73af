'use client';

import dynamic from 'next/dynamic';
import type { ComponentType } from 'react';
import { closePanel, type Panel, usePanel } from './panels/panels.ts';
import { useKeys } from './use-keys.ts';

type PanelPart = ComponentType<{ close(): void }>;

/** What lies over the picture is fetched when it is opened, not with the page. */
const panels: Record<Panel, PanelPart> = {
  help: dynamic(() => import('./panels/help.tsx').then((part) => part.HelpSheet), { ssr: false }),
  traffic: dynamic(() => import('./panels/traffic.tsx').then((part) => part.TrafficSheet), { ssr: false }),
  lanes: dynamic(() => import('./panels/lanes.tsx').then((part) => part.LanesSheet), { ssr: false }),
  cluster: dynamic(() => import('./panels/cluster.tsx').then((part) => part.ClusterSheet), { ssr: false }),
  token: dynamic(() => import('./panels/token.tsx').then((part) => part.TokenSheet), { ssr: false }),
  palette: dynamic(() => import('./palette/palette.tsx').then((part) => part.Palette), { ssr: false }),
  share: dynamic(() => import('../share/sheet.tsx').then((part) => part.ShareSheet), { ssr: false }),
  save: dynamic(() => import('../export/sheet.tsx').then((part) => part.SaveSheet), { ssr: false }),
};

/** The keys, and whichever sheet is open; over every view, presenting included. */
export function ControlsHost() {
  useKeys();
  const open = usePanel();
  if (open === undefined) return null;
  const Open = panels[open];
  return <Open key={open} close={() => closePanel(open)} />;
}
