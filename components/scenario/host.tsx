'use client';

import dynamic from 'next/dynamic';
import { useCallback, useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { isUnderWay } from '../../model/scenario/fold.ts';
import { askedNow, nextScenario, offered, openQuestion } from '../../model/view/scenario.ts';
import { useActions, useLive, useLivePart } from '../live/provider.tsx';
import { useAhead } from '../ui/ahead.ts';
import { setUrlParameter } from '../ui/theme.ts';
import { useUrlParameter } from '../ui/url.ts';
import { placeOf, placeOfRecorded } from './place.ts';
import { useBallot } from './use-ballot.ts';
import { useKeys } from './use-keys.ts';
import { useScenarios } from './use-scenarios.ts';

/** Fetched when one is looked at or runs, or once the picture stands. */
const loadBand = () => import('./band.tsx');
const loadDrawer = () => import('./drawer.tsx');
const ahead = [loadDrawer, loadBand];
const Band = dynamic(() => loadBand().then((part) => part.Band), { ssr: false });
const Drawer = dynamic(() => loadDrawer().then((part) => part.Drawer), { ssr: false });

const go = (place: string | undefined) => setUrlParameter('scenario', place);

/** Scenarios over whatever view is below: a band while one runs, and a drawer that moves the picture aside. */
export function ScenarioHost() {
  const { snapshot, frozen } = useLive();
  const actions = useActions();
  const role = useLivePart(({ access }) => (access.kind === 'granted' ? access.role : access.kind));
  const asked = useUrlParameter('scenario');
  const run = snapshot?.scenario;
  const under = run !== undefined && isUnderWay(run);
  // Of a recorded run one sees how its scenario stood at that moment; nothing there can be acted on.
  const recorded = useLivePart(({ phase }) => phase.kind === 'recorded');
  const place = recorded ? placeOfRecorded(asked, run) : placeOf(asked, run);
  const shelf = useScenarios(place.kind !== 'closed' && !recorded);
  const ballot = useBallot(run?.id ?? '');
  useAhead(snapshot !== undefined, ahead);
  const [aborting, setAborting] = useState(false);
  const drawer = useRef<HTMLElement>(null);
  useFollow(run?.id, under && run.guided && !recorded, run === undefined ? undefined : askedNow(run));

  const control = role === 'control' && !recorded;
  const mayVote = control || (role === 'vote' && !recorded);
  const offer = run === undefined || !under ? undefined : offered(run);
  // A tally that nobody has asked for yet may be shown after the end too.
  const hidden = run === undefined ? undefined : offered(run).reveal;
  const question = run === undefined ? undefined : openQuestion(run);
  const rows = shelf.kind === 'shown' ? shelf.rows : [];
  const following = run?.scenario === undefined ? undefined : nextScenario(rows, run.scenario.id);
  const open = place.kind !== 'closed';
  const shown = open && !(place.kind === 'run' && run === undefined);

  const toggle = useCallback(() => {
    if (recorded) go(shown ? undefined : 'run');
    else if (under) go(shown ? 'watch' : 'run');
    else go(shown ? undefined : 'all');
  }, [recorded, under, shown]);
  const begin = useCallback(() => {
    if (place.kind === 'read') void actions()?.startScenario(place.id);
  }, [place, actions]);

  useKeys(
    {
      place,
      offered: offer,
      control,
      reveal: hidden,
      ballot:
        mayVote && question !== undefined
          ? { question, choices: run?.scenario?.questions[question]?.choices.length ?? 0 }
          : undefined,
    },
    (command) => {
      switch (command.kind) {
        case 'toggle':
          return toggle();
        case 'begin':
          return begin();
        case 'goOn':
          return void actions()?.nextStep();
        case 'reveal':
          return void actions()?.revealVotes(command.question);
        case 'vote':
          return ballot.vote(command.question, command.choice);
        case 'askAbort':
          return setAborting((before) => !before);
        case 'close':
          return go(under && !recorded ? 'watch' : place.kind === 'read' ? 'all' : undefined);
        case 'nextScenario':
          return following === undefined ? go('all') : go(following.id);
        case 'move':
          return move(drawer.current, command.by);
      }
    },
  );

  useEffect(() => {
    const page = document.documentElement;
    page.dataset.scenario = `${shown ? 'drawer' : ''} ${under ? 'band' : ''}`.trim();
    return () => {
      delete page.dataset.scenario;
    };
  }, [shown, under]);

  return (
    <>
      {under && offer !== undefined && (
        <Band
          run={run}
          offered={offer}
          control={control && !frozen}
          aborting={aborting}
          setAborting={setAborting}
          drawerOpen={shown}
          toggleDrawer={toggle}
        />
      )}
      {shown &&
        createPortal(
          <aside
            className="scenario-drawer"
            ref={drawer}
            data-testid="scenario-drawer"
            data-place={place.kind}
            aria-label="Scenarios"
          >
            <header className="scenario-bar">
              <span>{place.kind === 'run' ? run?.scenario?.title : 'Scenarios'}</span>
              <button
                type="button"
                className="word"
                data-testid="scenario-close"
                onClick={() => go(under && !recorded ? 'watch' : undefined)}
              >
                Close
              </button>
            </header>
            <Drawer
              place={place}
              shelf={shelf}
              run={run}
              under={under}
              recorded={recorded}
              control={role === 'asking' ? undefined : control}
              mayVote={mayVote}
              mayReveal={control && hidden !== undefined}
              following={following}
              ballot={ballot}
              begin={begin}
              go={go}
            />
          </aside>,
          document.body,
        )}
    </>
  );
}

/** A new run, a new question and the end each bring the drawer back to what the moment calls for. */
function useFollow(runId: string | undefined, guided: boolean, question: number | undefined): void {
  const before = useRef({ runId, guided, question });
  useEffect(() => {
    const last = before.current;
    before.current = { runId, guided, question };
    if (last.guided && !guided && last.runId === runId) go('run');
    else if (guided && (!last.guided || (question !== undefined && question !== last.question))) go(undefined);
  }, [runId, guided, question]);
}

function move(drawer: HTMLElement | null, by: 1 | -1): void {
  const entries = [...(drawer?.querySelectorAll<HTMLElement>('.scenario-entry') ?? [])];
  const at = entries.indexOf(document.activeElement as HTMLElement);
  entries[at < 0 ? (by === 1 ? 0 : entries.length - 1) : Math.min(entries.length - 1, Math.max(0, at + by))]?.focus();
}
