type Kept = Pick<Storage, 'getItem' | 'setItem'>;

const voterKey = 'lbscope.voter';
const votesKey = 'lbscope.votes';

/** A name that this browser made up and keeps, so that one device is one voter also after a reload. */
export function voterOf(storage: Kept | undefined, make: () => string): string {
  const kept = storage?.getItem(voterKey);
  if (kept != null && /^[\w-]{8,64}$/.test(kept)) return kept;
  const made = make();
  storage?.setItem(voterKey, made);
  return made;
}

/** What this device voted in a run, by number of the question. Of the last run only: older votes tell nobody anything. */
export function votesOf(storage: Kept | undefined, runId: string): Readonly<Record<number, number>> {
  try {
    const kept: unknown = JSON.parse(storage?.getItem(votesKey) ?? 'null');
    if (typeof kept === 'object' && kept !== null && 'runId' in kept && kept.runId === runId && 'votes' in kept)
      return kept.votes as Record<number, number>;
  } catch {
    // Written by someone else: as if nothing were kept.
  }
  return {};
}

export function keepVote(storage: Kept | undefined, runId: string, question: number, choice: number): void {
  storage?.setItem(votesKey, JSON.stringify({ runId, votes: { ...votesOf(storage, runId), [question]: choice } }));
}
