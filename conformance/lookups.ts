/** One DNS question as it passed the counting forwarder. */
export interface Question {
  readonly at: number;
  readonly type: string;
  readonly name: string;
}

export interface Lookup {
  readonly at: number;
  /** Questions by type: a resolver that gets no good answer asks the same again within one lookup. */
  readonly questions: Readonly<Record<string, number>>;
}

/**
 * A resolver repeats a question that failed within some tens of milliseconds; no client looks up again sooner than 0.8 s (its
 * first backoff, with jitter).
 */
const oneLookupMs = 500;
/** On a busy machine the types of one lookup come further apart; what was not yet asked in it still belongs to it. */
const oneLookupOfTypesMs = 750;

/** Questions as lookups: one resolution each, with its A, AAAA and TXT questions counted apart. */
export function lookupsOf(questions: readonly Question[]): Lookup[] {
  const lookups: { at: number; questions: Record<string, number> }[] = [];
  for (const { at, type } of [...questions].sort((a, b) => a.at - b.at)) {
    let last = lookups.at(-1);
    if (last === undefined || at - last.at > (type in last.questions ? oneLookupMs : oneLookupOfTypesMs)) {
      last = { at, questions: {} };
      lookups.push(last);
    }
    last.questions[type] = (last.questions[type] ?? 0) + 1;
  }
  return lookups;
}
