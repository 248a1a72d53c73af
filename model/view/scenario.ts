import type { ScenarioEntry } from '../../gen/lbscope/agent/v1/scenarios_pb.js';
import type { Scenario, ScenarioQuestion, ScenarioRun } from '../../gen/lbscope/events/v1/scenarios_pb.js';

/** From the first thing to know to the rarest fault. A file that is not named here comes after them, by its title. */
const teachingOrder = [
  'one-connection-pins',
  'ten-connections-ten-draws',
  'headless-is-even',
  'scale-up-who-notices',
  'thirty-second-floor',
  'scale-up-with-envoy',
  'max-connection-age',
  'scale-down-gracefully',
  'crash-a-pod',
  'delete-one-now',
  'rolling-restart',
  'one-slow-pod',
  'one-slow-pod-behind-envoy',
  'long-streams-stay',
  'unready-but-alive',
  'scale-to-zero-and-back',
  'envoy-on-a-clusterip',
  'rest-keep-alive',
  'forbidden-watch',
  'api-server-gone',
  'dns-gone',
];

export interface ScenarioRow {
  readonly id: string;
  readonly title: string;
  /** What it teaches: the story's first sentence. */
  readonly teaches: string;
  readonly needs: string;
  /** Why it can't be run here; empty: it can. */
  readonly why: string;
}

export function scenarioRows(entries: readonly ScenarioEntry[]): ScenarioRow[] {
  const place = (id: string) => {
    const at = teachingOrder.indexOf(id);
    return at < 0 ? teachingOrder.length : at;
  };
  return entries
    .map(({ scenario, unavailable, faults }) => ({
      id: scenario?.id ?? '',
      title: scenario?.title ?? '',
      teaches: firstSentence(scenario?.story ?? ''),
      needs: needsText(scenario),
      why:
        faults.length > 0
          ? `the file is not right: ${faults.map(({ line, column, message }) => (line > 0 ? `line ${line}, column ${column}: ${message}` : message)).join('; ')}`
          : unavailable,
    }))
    .sort((a, b) => place(a.id) - place(b.id) || a.title.localeCompare(b.title));
}

/** The next one that can be run; undefined: that was the last. */
export function nextScenario(rows: readonly ScenarioRow[], id: string): ScenarioRow | undefined {
  const at = rows.findIndex((row) => row.id === id);
  return rows.slice(at + 1).find((row) => row.why === '');
}

export function firstSentence(story: string): string {
  const text = story.replace(/\s+/g, ' ').trim();
  return /^.*?[.!?](?=\s|$)/.exec(text)?.[0] ?? text;
}

/** "about 30 s, 3 pods, 4 lanes, embedded cluster". The length leaves out how long a room talks. */
export function needsText(scenario: Scenario | undefined): string {
  if (scenario === undefined) return '';
  const { aboutSeconds: seconds, replicas, lanes, needs } = scenario;
  const parts: string[] = [];
  if (seconds > 0)
    parts.push(
      seconds < 90 ? `about ${Math.max(5, Math.round(seconds / 5) * 5)} s` : `about ${Math.round(seconds / 60)} min`,
    );
  parts.push(`${replicas} ${replicas === 1 ? 'pod' : 'pods'}`);
  if (lanes.length > 0) parts.push(`${lanes.length} ${lanes.length === 1 ? 'lane' : 'lanes'}`);
  if (needs.includes('lab')) parts.push('embedded cluster');
  return parts.join(', ');
}

/** The question that the room is asked now; undefined: none is open. */
export function openQuestion(run: ScenarioRun): number | undefined {
  const at = run.scenario?.questions.findIndex(({ state }) => state === 'open') ?? -1;
  return at < 0 ? undefined : at;
}

/** The question whose step is under way, open or already revealed: what the room talks about now. */
export function askedNow(run: ScenarioRun): number | undefined {
  if (run.scenario?.steps[run.step]?.state !== 'running') return undefined;
  const at = run.scenario.questions.findIndex(({ step, state }) => step === run.step && state !== 'pending');
  return at < 0 ? undefined : at;
}

/** What the presenter may do now. What would be refused is not offered. */
export interface Offered {
  /** The step waits for the room, or the run is held: going on loses nothing. */
  readonly goOn: boolean;
  /** A wait is under way; cutting it short leaves fewer samples. */
  readonly skip: boolean;
  readonly pause: boolean;
  readonly abort: boolean;
  /** The question whose tally is hidden and may be shown. */
  readonly reveal: number | undefined;
}

export function offered(run: ScenarioRun): Offered {
  const under = run.state === 'running' || run.state === 'paused' || run.state === 'waiting';
  const step = run.scenario?.steps[run.step];
  const hidden = run.scenario?.questions.findIndex(
    ({ state, revealed, voters }) => !revealed && (state === 'open' || (state === 'closed' && voters > 0)),
  );
  return {
    goOn: run.state === 'waiting' || run.state === 'paused',
    skip: run.state === 'running' && step?.kind === 'wait' && step.state === 'running',
    pause: run.state === 'running',
    abort: under,
    reveal: hidden === undefined || hidden < 0 ? undefined : hidden,
  };
}

/** What happens now, in one line for the band over the picture. */
export function stepWords(run: ScenarioRun): { count: string; now: string; note: string } {
  const steps = run.scenario?.steps ?? [];
  const step = steps[run.step];
  const count = steps.length === 0 ? '' : `Step ${Math.min(run.step + 1, steps.length)} of ${steps.length}`;
  switch (run.state) {
    case 'restoring':
      return { count, now: 'Putting back what it changed', note: '' };
    case 'ended':
      return { count, now: outcomeWords(run), note: run.reason };
    case 'paused':
      return { count, now: step?.text ?? '', note: 'Paused before the next step' };
    default: {
      if (step?.kind === 'say') return { count, now: run.said, note: '' };
      if (step?.kind === 'ask') {
        const asked = run.scenario?.questions.find((question) => question.step === run.step);
        return { count, now: asked?.text ?? step.text, note: '' };
      }
      return { count, now: step?.text ?? '', note: '' };
    }
  }
}

export type Mark = 'pass' | 'fail' | 'inconclusive' | 'pending';

/** Never colour alone: a sign is drawn beside the word. */
export function markWord(state: string): { mark: Mark; word: string } {
  if (state === 'pass') return { mark: 'pass', word: 'Holds' };
  if (state === 'fail') return { mark: 'fail', word: 'Failed' };
  if (state === 'inconclusive') return { mark: 'inconclusive', word: 'Inconclusive' };
  return { mark: 'pending', word: 'Not judged yet' };
}

/** "3 hold, 1 failed, 2 not judged yet" */
export function expectationCount(run: ScenarioRun): string {
  const count = { pass: 0, fail: 0, inconclusive: 0, pending: 0 };
  for (const { state } of run.scenario?.expectations ?? []) count[markWord(state).mark] += 1;
  const parts = [
    count.pass > 0 ? `${count.pass} ${count.pass === 1 ? 'holds' : 'hold'}` : '',
    count.fail > 0 ? `${count.fail} failed` : '',
    count.inconclusive > 0 ? `${count.inconclusive} inconclusive` : '',
    count.pending > 0 ? `${count.pending} not judged yet` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

export function outcomeWords(run: ScenarioRun): string {
  switch (run.outcome) {
    case 'pass':
      return 'Everything that was expected holds';
    case 'fail':
      return 'Not as expected';
    case 'inconclusive':
      return 'Inconclusive: not everything could be told';
    case 'aborted':
      return 'Aborted';
    case 'could_not_run':
      return 'It could not run';
    default:
      return '';
  }
}

export interface Choice {
  readonly text: string;
  /** Undefined until the tally is revealed. */
  readonly votes: number | undefined;
  /** Of all votes, 0 to 1. */
  readonly share: number;
  /** Undefined until the run has answered. */
  readonly right: boolean | undefined;
}

export function choicesOf(question: ScenarioQuestion): Choice[] {
  const all = question.votes.reduce((sum, votes) => sum + votes, 0);
  return question.choices.map((text, index) => {
    const votes = question.revealed ? (question.votes[index] ?? 0) : undefined;
    return {
      text,
      votes,
      share: votes === undefined || all === 0 ? 0 : votes / all,
      right: question.answered ? question.right.includes(index) : undefined,
    };
  });
}

/** "4 have voted", "7 of 12 were right"; who voted what is never shown. */
export function voteWords(question: ScenarioQuestion): string {
  const { voters, revealed, answered, state } = question;
  if (revealed && answered && voters > 0) {
    const right = question.right.reduce((sum, index) => sum + (question.votes[index] ?? 0), 0);
    return `${right} of ${voters} ${right === 1 ? 'was' : 'were'} right`;
  }
  if (voters === 0) return state === 'open' ? 'Nobody has voted yet' : 'Nobody voted';
  const who = `${voters} ${voters === 1 ? 'vote' : 'votes'}`;
  return revealed ? who : `${who}, hidden until revealed`;
}

/** What the run made true, in words. */
export function answerWords(question: ScenarioQuestion): string {
  if (!question.answered) return '';
  if (question.right.length === 0) return 'None of the choices says what happened';
  return question.right.map((index) => question.choices[index] ?? '').join('; ');
}
