import type { Done } from '../../api/agent-port.ts';

/** Bounds memory when someone votes in a loop; a room has some thirty. */
const mostVoters = 5_000;

/** Votes of one run: one a voter and question, hidden until the presenter reveals them. */
export class Votes {
  readonly #questions = new Map<number, Ballot>();

  open(question: number, choices: number): void {
    this.#questions.set(question, { choices, closed: false, revealed: false, votes: new Map() });
  }

  cast(question: number, voter: string, choice: number): Done {
    const ballot = this.#questions.get(question);
    if (ballot === undefined) return refused(`question ${question} has not been asked`);
    if (ballot.closed) return refused(`question ${question} is closed`);
    if (choice >= ballot.choices) {
      return {
        ok: false,
        code: 'not_found',
        message: `choice is ${choice}: allowed is a number from 0 to ${ballot.choices - 1}`,
      };
    }
    if (ballot.votes.size >= mostVoters && !ballot.votes.has(voter)) {
      return { ok: false, code: 'resource_exhausted', message: `there are ${mostVoters} voters, which is the most` };
    }
    ballot.votes.set(voter, choice);
    return { ok: true };
  }

  reveal(question: number): Done {
    const ballot = this.#questions.get(question);
    if (ballot === undefined) return refused(`question ${question} has not been asked`);
    ballot.closed = true;
    ballot.revealed = true;
    return { ok: true };
  }

  /** No more votes; the tally stays hidden. False: it was closed, or never asked. */
  close(question: number): boolean {
    const ballot = this.#questions.get(question);
    if (ballot === undefined || ballot.closed) return false;
    ballot.closed = true;
    return true;
  }

  get asked(): readonly number[] {
    return [...this.#questions.keys()];
  }

  /** What viewers may know. */
  shown(question: number): { voters: number; revealed: boolean; closed: boolean; votes: number[] } {
    const ballot = this.#questions.get(question);
    if (ballot === undefined) return { voters: 0, revealed: false, closed: false, votes: [] };
    const tally = new Array<number>(ballot.choices).fill(0);
    for (const choice of ballot.votes.values()) tally[choice] = (tally[choice] ?? 0) + 1;
    const { revealed, closed } = ballot;
    return { voters: ballot.votes.size, revealed, closed, votes: revealed ? tally : [] };
  }
}

interface Ballot {
  readonly choices: number;
  closed: boolean;
  revealed: boolean;
  readonly votes: Map<string, number>;
}

function refused(message: string): Done {
  return { ok: false, code: 'failed_precondition', message };
}
