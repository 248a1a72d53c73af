import type { ScenarioQuestion } from '../../gen/lbscope/events/v1/scenarios_pb.js';
import { answerWords, choicesOf, voteWords } from '../../model/view/scenario.ts';
import { sentence, spaced } from '../ui/text.ts';
import { Sign } from './sign.tsx';

type Props = {
  index: number;
  question: ScenarioQuestion;
  /** What this device voted. */
  own: number | undefined;
  mayVote: boolean;
  vote: (choice: number) => void;
  /** Absent: not theirs to reveal, or nothing is hidden. */
  reveal: (() => void) | undefined;
};

/** A prediction: vote while it is open, the tally once it is revealed, and what the run made true beside it. */
export function Question({ index, question, own, mayVote, vote, reveal }: Props) {
  const open = question.state === 'open';
  return (
    <section
      className="question"
      data-testid={`question-${index}`}
      data-state={question.state}
      data-voters={question.voters}
      data-revealed={question.revealed}
      data-answered={question.answered}
    >
      <h2 className="question-text">{question.text}</h2>
      <ol className="question-choices">
        {choicesOf(question).map((choice, number) => (
          <li key={choice.text} data-right={choice.right} data-own={own === number}>
            <button
              type="button"
              className="scenario-choice"
              data-testid={`choice-${index}-${number}`}
              data-votes={choice.votes}
              data-right={choice.right}
              aria-pressed={own === number}
              disabled={!open || !mayVote}
              onClick={() => vote(number)}
            >
              <kbd>{number + 1}</kbd>
              <span className="choice-text">{choice.text}</span>
              {own === number && <span className="choice-own">your vote</span>}
              {choice.right === true && (
                <span className="choice-right">
                  <Sign mark="pass" /> so it was
                </span>
              )}
              {choice.votes !== undefined && <span className="choice-votes">{choice.votes}</span>}
              {choice.votes !== undefined && (
                <span className="choice-bar" style={{ width: `${choice.share * 100}%` }} aria-hidden />
              )}
            </button>
          </li>
        ))}
      </ol>
      <p className="question-foot">
        <span data-testid={`question-${index}-votes`} aria-live="polite">
          {voteWords(question)}
        </span>
        {reveal !== undefined && (
          <button type="button" className="word" data-testid="scenario-reveal" onClick={reveal}>
            Reveal <kbd>r</kbd>
          </button>
        )}
      </p>
      {question.answered && (
        <p className="question-answer" data-testid={`question-${index}-answer`}>
          <b>{answerWords(question)}</b> {spaced(sentence(question.finding))}
        </p>
      )}
      {open && question.decides !== '' && <p className="scenario-note">{sentence(question.decides)}</p>}
    </section>
  );
}
