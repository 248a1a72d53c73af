'use client';

import { useRef, useState } from 'react';
import { useActions } from '../live/provider.tsx';
import { keepVote, voterOf, votesOf } from './voter.ts';

function ownStorage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    // A browser that forbids storage still votes, as long as the page is open.
    return undefined;
  }
}

/** 96 bits; also where the page came over plain http, which has no randomUUID. */
function makeUp(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export interface Ballot {
  /** What this device voted; undefined: nothing. */
  own(question: number): number | undefined;
  vote(question: number, choice: number): void;
}

/** This device's votes in a run: shown once the agent has taken them. */
export function useBallot(runId: string): Ballot {
  const actions = useActions();
  const voter = useRef<string>(undefined);
  const [cast, setCast] = useState<{ runId: string; votes: Readonly<Record<number, number>> }>({
    runId: '',
    votes: {},
  });
  const votes = cast.runId === runId ? cast.votes : typeof window === 'undefined' ? {} : votesOf(ownStorage(), runId);
  return {
    own: (question) => votes[question],
    vote(question, choice) {
      voter.current ??= voterOf(ownStorage(), makeUp);
      void actions()
        ?.vote(question, voter.current, choice)
        .then((outcome) => {
          if (!outcome.ok) return;
          keepVote(ownStorage(), runId, question, choice);
          setCast((old) => ({
            runId,
            votes: { ...(old.runId === runId ? old.votes : votesOf(ownStorage(), runId)), [question]: choice },
          }));
        });
    },
  };
}
