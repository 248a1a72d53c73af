'use client';

import type { ScenarioRun } from '../../gen/lbscope/events/v1/scenarios_pb.js';
import type { ScenarioRow } from '../../model/view/scenario.ts';
import { useActions } from '../live/provider.tsx';
import { Expectations } from './expectations.tsx';
import { List } from './list.tsx';
import type { Place } from './place.ts';
import { Question } from './question.tsx';
import { Read } from './read.tsx';
import { Result } from './result.tsx';
import type { Ballot } from './use-ballot.ts';
import type { Shelf } from './use-scenarios.ts';

type Props = {
  place: Place;
  shelf: Shelf;
  run: ScenarioRun | undefined;
  /** Whether it is under way. */
  under: boolean;
  recorded: boolean;
  /** Undefined until the agent has said so. */
  control: boolean | undefined;
  mayVote: boolean;
  mayReveal: boolean;
  following: ScenarioRow | undefined;
  ballot: Ballot;
  begin(): void;
  go(place: string | undefined): void;
};

/** What the drawer shows: all scenarios, one to be read, or the one that runs or ran. */
export function Drawer(props: Props) {
  const { place, shelf, run, under, recorded, control, mayVote, mayReveal, following, ballot, begin, go } = props;
  const actions = useActions();
  if (place.kind === 'list') return <List shelf={shelf} open={go} />;
  if (place.kind === 'read') {
    if (shelf.kind !== 'shown') return <p className="scenario-quiet">Asking the agent for its scenarios…</p>;
    return (
      <Read
        row={shelf.rows.find(({ id }) => id === place.id)}
        scenario={shelf.scenarios.get(place.id)}
        control={control}
        begin={begin}
        back={() => go('all')}
      />
    );
  }
  if (place.kind !== 'run' || run === undefined) return null;
  return (
    <>
      {!under && <Result run={run} next={following} read={go} all={recorded ? undefined : () => go('all')} />}
      {run.scenario?.questions.map((each, index) =>
        each.state === 'pending' ? null : (
          <Question
            // biome-ignore lint/suspicious/noArrayIndexKey: a question is its number
            key={index}
            index={index}
            question={each}
            own={ballot.own(index)}
            mayVote={mayVote}
            vote={(choice) => ballot.vote(index, choice)}
            reveal={
              mayReveal && !each.revealed && (each.state === 'open' || each.voters > 0)
                ? () => void actions()?.revealVotes(index)
                : undefined
            }
          />
        ),
      )}
      <Expectations list={run.scenario?.expectations ?? []} />
    </>
  );
}
