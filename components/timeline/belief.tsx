import type { BeliefWords, Words } from '../../model/view/belief-words.ts';
import { spaced } from '../ui/text.ts';

export function Belief({ words, narrow }: { words: BeliefWords; narrow: boolean }) {
  const written = (each: Words) => spaced(narrow ? each.short : each.long);
  return (
    <div className="belief" data-testid="belief">
      <p className="belief-first">
        <b>{spaced(words.knows)}</b>{' '}
        <span className="belief-differs">{spaced(narrow ? words.brief : words.differs)}</span>
        <b className="belief-age">{spaced(words.age)}</b>
      </p>
      <p className="belief-second">
        <span className="belief-next" title={words.next.long}>
          {written(words.next)}
        </span>
        <span className="belief-source" title={words.source.long}>
          {written(words.source)}
        </span>
      </p>
    </div>
  );
}
