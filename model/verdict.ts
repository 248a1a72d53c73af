import { differenceNow, isBlindProxy, isProxied, knowsPods } from './belief.ts';
import { handleOf, isPinned, openedAt, reactionMs } from './changes.ts';
import { clientsOf } from './clients.ts';
import { labelOf } from './lanes.ts';
import { isUneven } from './measures.ts';
import { type LaneScore, scoreOf, scoreSince } from './score.ts';
import { type ChangeRun, type LaneRun, type Run, type StoryRun, scoreWindowMs } from './state.ts';
import { plainDuration, toMs } from './time.ts';
import { readyUids } from './truth.ts';

/** `key` names the statement: while it stays, only the numbers in the text move, and nothing fades or jumps. */
export interface Verdict {
  readonly text: string;
  readonly key: string;
  /** The text in pieces; the strong ones hold the number or the word that matters. */
  readonly parts: readonly VerdictPart[];
}

export interface VerdictPart {
  readonly text: string;
  readonly strong: boolean;
}

/** Fewer calls than this say nothing about a spread. */
const sampleNeeded = 50;
/** How long losses stay the first thing that is said of a lane. */
const lossNewsMs = 60_000;
/** How long a reaction stays part of "even". */
const reactionNewsMs = 90_000;

/** A sentence with its important pieces between asterisks. */
function say(key: string, marked: string): Verdict {
  const parts = marked
    .split('*')
    .map((text, index) => ({ text, strong: index % 2 === 1 }))
    .filter((part) => part.text !== '');
  return { key, text: parts.map((part) => part.text).join(''), parts };
}

/** One sentence for one lane. Rules in order of urgency; the first that holds speaks. */
export function verdict(run: Run, laneId: string, now: number): Verdict {
  const lane = run.lanes.get(laneId);
  if (lane === undefined) return say('none', 'No such lane.');
  if (lane.state === 'unavailable' && lane.stateCode === 'unreachable')
    return say('unreachable', "*Out of reach* from the agent's machine");
  if (lane.state === 'unavailable')
    return say(`unavailable:${lane.reason}`, `*Unavailable*: ${lane.reason || 'no reason given'}`);
  if (lane.state !== 'running')
    return say('stopped', `Stopped: ${lane.reason === '' ? 'no calls are sent' : lane.reason}.`);
  const ready = readyUids(run);
  return (
    ownService(run, lane) ??
    failing(run, lane, ready) ??
    lost(run, lane, ready, now) ??
    blind(run, lane) ??
    toRemoved(run, lane, now) ??
    waiting(run, lane, now) ??
    streaming(run, lane, ready) ??
    warming(run, lane) ??
    erring(run, lane, ready) ??
    onePod(run, ready) ??
    slow(run, lane) ??
    pinned(run, lane, ready) ??
    unknown(run, lane, ready, now) ??
    uneven(run, lane, ready) ??
    even(run, lane, ready, now)
  );
}

// ---- rules

/** A Service of somebody's own: what is said of pods holds only where its answers name pods of this run. */
function ownService(run: Run, lane: LaneRun): Verdict | undefined {
  const { method } = lane.spec;
  if (method === undefined) return undefined;
  const score = scoreOf(run, lane.id);
  const named = [...score.pods].filter(([uid, pod]) => uid !== '' && pod.answered > 0);
  if (named.length > 0 && named.every(([uid]) => run.pods.has(uid))) return undefined;
  const last = scoreSince(run, lane.id, (run.frames.length > 0 ? run.clock : 0) - 1_000);
  if (last.answered === 0 && last.failed > 0) {
    const trouble = topClass(run, lane.id);
    return say(`fail:${trouble}`, `*All calls fail* (${trouble}).`);
  }
  if (score.answered === 0) return say('warming', 'No answer in 10 s.');
  if (named.length === 0) {
    const { answeredBy } = method;
    if (answeredBy === '' || answeredBy === 'none') {
      return say('own:unknown', `Answering; *who answers can't be known* on this path.`);
    }
    return say('own:silent', `Answering; *who answers can't be known*: no answer bears ${answeredBy}.`);
  }
  const shown = named.sort(([, a], [, b]) => b.answered - a.answered).slice(0, 3);
  const shares = shown.map(([name, { answered }]) => `${name} ${Math.round((100 * answered) / score.answered)} %`);
  const more = named.length > shown.length ? ' and others' : '';
  const who = `*${named.length}* ${named.length === 1 ? 'answers' : 'answer'}`;
  return say('own:named', `${who}: ${shares.join(', ')}${more}. They are no pods of this run.`);
}

function failing(run: Run, lane: LaneRun, ready: string[]): Verdict | undefined {
  const last = scoreSince(run, lane.id, (run.frames.length > 0 ? run.clock : 0) - 1_000);
  const why = truthUnknown(run);
  if (why !== undefined) {
    if (last.answered > 0 || last.failed === 0) return undefined;
    return say('fail:unknown', `*All calls fail* (${topClass(run, lane.id)}); which pods exist is unknown: ${why}.`);
  }
  if (last.answered > 0 || last.failed === 0) {
    if (ready.length > 0 || run.endpoints.length > 0) return undefined;
    if (last.answered === 0 && run.pods.size === 0 && run.cluster.state === 'connecting')
      return say('asking', 'Which pods exist is not known yet.');
    if (last.answered === 0)
      return isEmpty(run) ? say('no-pods', '*No pod* exists.') : say('none-ready', '*No pod is ready.*');
    return say('none-ready-served', '*No pod is ready*; one that is ending still answers.');
  }
  if (ready.length === 0 && run.endpoints.length === 0) {
    return say('fail:none-ready', `*All calls fail*: ${isEmpty(run) ? 'no pod exists' : 'no pod is ready'}.`);
  }
  if (lane.belief.addresses.length === 0) {
    return say('fail:empty', `*All calls fail*: its list of addresses is empty${cure(lane, run.clock, '; ')}.`);
  }
  const trouble = topClass(run, lane.id);
  return say(`fail:${trouble}`, `*All calls fail* (${trouble}); ${meanwhile(lane, trouble)}.`);
}

/** What a lane does while all of its calls fail: one with a connection that stands does not reconnect. */
function meanwhile(lane: LaneRun, trouble: string): string {
  const up = [...lane.connections.values()].some(({ state }) => state === 'READY');
  if (up) return trouble === 'deadline' ? 'its connection stands, and no answer comes' : 'its connection stands';
  return lane.spec.client === 'http1-json' ? 'each call connects anew' : 'it reconnects with growing pauses';
}

/** Pods that ended keep their record for a while. */
function isEmpty(run: Run): boolean {
  return [...run.pods.values()].every(({ goneAt }) => goneAt !== undefined);
}

/** Why nobody can say which pods exist; undefined while it is known. What was known last may be wrong by now. */
function truthUnknown(run: Run): string | undefined {
  if (run.cluster.state === 'lost') return 'the Kubernetes API is lost';
  if (run.cluster.state === 'forbidden') return 'the cluster refuses to be watched';
  return undefined;
}

/** Without the truth only what was answered can be told; who is missing or gone cannot. */
function blind(run: Run, lane: LaneRun): Verdict | undefined {
  const why = truthUnknown(run);
  if (why === undefined) return undefined;
  const n = [...scoreOf(run, lane.id).pods].filter(([uid, pod]) => uid !== '' && pod.answered > 0).length;
  const who = n === 0 ? 'No calls in 10 s' : `*${n} ${n === 1 ? 'pod answers' : 'pods answer'}*`;
  return say(`blind:${run.cluster.state}:${n}`, `${who}; which pods exist is unknown: ${why}.`);
}

function topClass(run: Run, laneId: string): string {
  const classes = new Map<string, number>();
  for (const frame of run.frames.slice(-10)) {
    for (const { errorClass, count } of frame.lanes.find((part) => part.laneId === laneId)?.failed ?? []) {
      classes.set(errorClass, (classes.get(errorClass) ?? 0) + count);
    }
  }
  return [...classes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'unknown';
}

function lost(run: Run, lane: LaneRun, ready: string[], now: number): Verdict | undefined {
  const change = run.changes.findLast((c) => now - openedAt(c) < lossNewsMs && lostBy(c, lane.id) > 0);
  if (change === undefined) return undefined;
  const n = lostBy(change, lane.id);
  const head = `*Lost ${n} ${n === 1 ? 'call' : 'calls'}* ${whenIt(run, change)}`;
  const [tail, key] = aftermath(run, lane, ready, change, now);
  return say(`lost:${change.sequence}:${key}`, `${head}; ${tail}.`);
}

export function lostBy(change: ChangeRun, laneId: string): number {
  return change.stories.reduce((sum, story) => (story.laneId === laneId ? sum + story.lost : sum), 0);
}

function whenIt(run: Run, change: ChangeRun): string {
  const uid = change.stories.find((story) => story.direction !== 'added')?.podUid ?? '';
  switch (change.kind) {
    case 'crash':
      return `when ${handleOf(run, uid)} crashed`;
    case 'rollout':
      return 'in the rollout';
    case 'unready':
      return `when ${handleOf(run, uid)} went unready`;
    case 'scale':
      return `scaling ${change.from} → ${change.to}`;
    default:
      return change.from === change.to
        ? `when ${handleOf(run, uid)} was deleted`
        : `scaling ${change.from} → ${change.to}`;
  }
}

/** What became of the lane after it lost calls: text and key. */
function aftermath(run: Run, lane: LaneRun, ready: string[], change: ChangeRun, now: number): [string, string] {
  const answering = answeringUids(run, lane, ready);
  if (isPinned(run, lane) && answering.length === 1 && ready.length > 1) {
    return [`every call now goes to ${handleOf(run, answering[0]!)}`, `pinned:${answering[0]}`];
  }
  const waits = waitingStories(run, lane);
  if (waits.length > 0) {
    const reason = cure(lane, now, '');
    return [
      `${handles(run, waits)} ${waits.length === 1 ? 'waits' : 'wait'}${reason && `: ${reason}`}`,
      `wait:${lane.belief.nextKind}`,
    ];
  }
  const away = change.stories.find(
    (s) => s.laneId === lane.id && s.direction === 'restarted' && s.firstCall === undefined,
  );
  if (away !== undefined && !away.ended) return ['it is not back yet', 'away'];
  const { missing } = differenceNow(run, lane);
  if (missing.length > 0) return [`it knows ${ready.length - missing.length} of ${ready.length} pods`, 'missing'];
  const settled = settledScore(run, lane);
  if (settled.answered >= sampleNeeded && !isUneven(spread(settled, ready)) && ready.length > 1)
    return ['even again', 'even'];
  return ['calls are answered again', 'again'];
}

function toRemoved(run: Run, lane: LaneRun, now: number): Verdict | undefined {
  const since = run.clock - 1_000;
  const counts = new Map<string, number>();
  for (const frame of run.frames.slice(-10)) {
    if (toMs(frame.to) <= since) continue;
    for (const pod of frame.lanes.find((part) => part.laneId === lane.id)?.pods ?? []) {
      const n = pod.toRemovedAnswered + pod.toRemovedLost;
      if (n > 0 && pod.podUid !== '') counts.set(pod.podUid, (counts.get(pod.podUid) ?? 0) + n);
    }
  }
  const uid = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  const left = run.intervals.findLast((i) => i.podUid === uid && i.readyTo !== undefined)?.readyTo;
  // Less than a second is the ordinary time that news takes.
  if (uid === undefined || left === undefined || now - left < 1_000) return undefined;
  const reason = isPinned(run, lane) ? 'its connection lives on' : cure(lane, now, '');
  return say(
    `removed:${uid}:${lane.belief.nextKind}`,
    `Still calls *${handleOf(run, uid)}*, out for *${plainDuration(now - left)}*${reason && `: ${reason}`}.`,
  );
}

function waitingStories(run: Run, lane: LaneRun): StoryRun[] {
  // Who is pinned waits for nothing.
  if (!knowsPods(run, lane) || isPinned(run, lane)) return [];
  const stories: StoryRun[] = [];
  for (const change of run.changes) {
    for (const story of change.stories) {
      if (story.laneId !== lane.id || story.direction === 'removed' || story.ended) continue;
      if (story.firstCall !== undefined || story.slice === undefined) continue;
      if (run.pods.get(story.podUid)?.pod.ready) stories.push(story);
    }
  }
  return stories;
}

function waiting(run: Run, lane: LaneRun, now: number): Verdict | undefined {
  const stories = waitingStories(run, lane);
  const since = Math.min(...stories.map((story) => story.slice!));
  // Shorter is the ordinary time of connecting and of waiting for its turn.
  if (stories.length === 0 || now - since < 1_000) return undefined;
  const age = plainDuration(now - since);
  const pods = stories.length === 1 ? 'New pod has' : 'New pods have';
  const told = stories.filter((story) => story.told !== undefined);
  if (told.length > 0 && told.length === stories.length) {
    if (told.every((story) => story.connected === undefined) && !isProxied(lane)) {
      return say('wait:connect', `${pods} idled for *${age}*: listed, but not connected yet.`);
    }
    return say('wait:turn', `${pods} idled for *${age}*: known, but not called yet.`);
  }
  const reason = cure(lane, now, '');
  return say(`wait:${lane.belief.nextKind}`, `${pods} idled for *${age}*${reason && `: ${reason}`}.`);
}

/** What would bring the lane's list up to date. */
function cure(lane: LaneRun, now: number, before: string): string {
  const { nextKind, nextAt } = lane.belief;
  if (nextKind === 'none') return `${before}nothing triggers a lookup`;
  if (nextKind === 'connection') return `${before}only a new connection would look up`;
  if (nextKind === 'push') return `${before}the watch has not told it`;
  if (nextKind !== 'timer') return '';
  if (nextAt === undefined || nextAt - now < 500) return `${before}a lookup is due`;
  return `${before}next lookup in ${Math.round((nextAt - now) / 1000)} s`;
}

/** Long streams: the calls of the last seconds are few, and their messages go where the streams once began. */
function streaming(run: Run, lane: LaneRun, ready: string[]): Verdict | undefined {
  const kind = (lane.traffic ?? run.traffic)?.kind ?? 'unary';
  if (kind === 'unary' || ready.length < 2) return undefined;
  const recent = scoreSince(run, lane.id, run.clock - 2_000);
  // With less than a call in ten messages the spread of calls says nothing about where the messages go.
  if (recent.messages < 20 || recent.answered * 10 > recent.messages) return undefined;
  const carrying = ready.filter((uid) => (recent.pods.get(uid)?.messages ?? 0) > 0).length;
  if (carrying === 0 || carrying === ready.length) return undefined;
  const verb = carrying === 1 ? 'carries' : 'carry';
  return say(
    `streams:${carrying}:${ready.length}`,
    `*${carrying} of ${ready.length}* pods ${verb} the streams: a stream stays where it began.`,
  );
}

function warming(run: Run, lane: LaneRun): Verdict | undefined {
  const n = scoreOf(run, lane.id).answered;
  return n < sampleNeeded
    ? say('warming', `Warming up: *${n} ${n === 1 ? 'call' : 'calls'}* in 10 s, too few to judge.`)
    : undefined;
}

/** Pods that answer and fail: a share of the calls that nobody should overlook behind an even spread. */
function erring(run: Run, lane: LaneRun, ready: string[]): Verdict | undefined {
  const settled = settledScore(run, lane);
  const sent = (uid: string) => (settled.pods.get(uid)?.answered ?? 0) + (settled.pods.get(uid)?.failed ?? 0);
  const bad = [...settled.pods]
    .filter(([, pod]) => pod.failed >= 3)
    .map(([uid, pod]) => ({ uid, part: pod.failed / (uid === '' ? settled.answered + settled.failed : sent(uid)) }))
    .filter(({ part }) => part >= 0.01)
    .sort((a, b) => b.part - a.part);
  const worst = bad[0];
  if (worst === undefined) return undefined;
  const percent = (part: number) => `${Math.round(100 * part)} %`;
  const known = bad.filter(({ uid }) => uid !== '');
  const trouble =
    known.length === 0
      ? `*${percent(worst.part)} of the calls fail*`
      : known.length === 1
        ? `*${handleOf(run, known[0]!.uid)} fails ${percent(known[0]!.part)}* of its calls`
        : `*${known.length} pods fail calls*: ${known.map(({ uid, part }) => `${handleOf(run, uid)} ${percent(part)}`).join(', ')}`;
  const key = `erring:${bad.map(({ uid }) => uid).join()}`;
  const calls = ready.map(sent);
  const reached = calls.filter((n) => n > 0).length;
  if (ready.length > 1 && reached === ready.length && !isUneven(calls))
    return say(`${key}:even`, `Even, but ${trouble}.`);
  if (ready.length > 1 && reached < ready.length) {
    const some = `${reached} of ${ready.length} pods ${reached === 1 ? 'gets' : 'get'} every call`;
    return say(`${key}:${reached}`, `${trouble}; ${some}.`);
  }
  return say(key, `${trouble}.`);
}

function onePod(run: Run, ready: string[]): Verdict | undefined {
  if (ready.length !== 1) return undefined;
  return say(`one:${ready[0]}`, `Only *one pod* is ready: ${handleOf(run, ready[0]!)} gets every call.`);
}

function slow(run: Run, lane: LaneRun): Verdict | undefined {
  const score = scoreOf(run, lane.id);
  const means = [...score.pods]
    .filter(([uid, pod]) => uid !== '' && pod.answered >= 5)
    .map(([uid, pod]) => ({ uid, ms: pod.meanMs }))
    .sort((a, b) => b.ms - a.ms);
  const worst = means[0];
  if (worst === undefined) return undefined;
  const others = means.slice(1);
  const usual = others[Math.floor(others.length / 2)]?.ms;
  if (usual !== undefined && worst.ms > 3 * usual && worst.ms > usual + 20) {
    const [bad, good] = [plainDuration(worst.ms), plainDuration(usual)];
    return say(`slow:${worst.uid}`, `*${handleOf(run, worst.uid)} is slow*: *${bad}* a call, the others ${good}.`);
  }
  // Nothing to compare with: then what the pod was told to do explains it.
  const delay = run.pods.get(worst.uid)?.pod.behavior?.delayMs ?? 0;
  if (usual === undefined && delay >= 20 && worst.ms >= delay * 0.9) {
    return say(
      `slow-only:${worst.uid}`,
      `Pinned to a slow pod: ${handleOf(run, worst.uid)} takes *${plainDuration(worst.ms)}* a call.`,
    );
  }
  return undefined;
}

function pinned(run: Run, lane: LaneRun, ready: string[]): Verdict | undefined {
  if (ready.length < 2) return undefined;
  const n = answeringUids(run, lane, ready).length;
  if (n === 0 || n === ready.length) return undefined;
  const some = `*${n} of ${ready.length}* pods ${n === 1 ? 'gets' : 'get'} every call`;
  const settled = settledScore(run, lane);
  const enough = settled.answered >= sampleNeeded && isUneven(spread(settled, ready));
  if (!enough) return undefined;
  if (isBlindProxy(lane)) return say(`pinned:blind:${n}`, `Pinned: ${some}; the proxy calls no other.`);
  if (isProxied(lane) && !knowsPod(run, lane, ready)) {
    return say(`pinned:proxy:${n}`, `Pinned: ${some}; the proxy sees one address.`);
  }
  const clients = clientsOf(run);
  if (clients > 1 && (!knowsPods(run, lane) || lane.spec.policy === 'pick_first')) {
    return say(`pinned:clients:${clients}:${n}`, `${clients} clients, each pinned: ${some}.`);
  }
  if (!knowsPods(run, lane) && lane.connections.size > 1) {
    return say(`pinned:many:${n}`, `${lane.connections.size} connections: ${some}; picked per connection.`);
  }
  if (!knowsPods(run, lane)) return say(`pinned:${n}`, `Pinned: ${some}; a new connection is needed to move.`);
  if (lane.spec.policy === 'pick_first') {
    return say(`pinned:pick_first:${n}`, `Pinned: ${some}; pick_first uses one, round_robin all.`);
  }
  return undefined;
}

function knowsPod(run: Run, lane: LaneRun, ready: string[]): boolean {
  const addresses = new Set(run.endpoints.filter((e) => ready.includes(e.podUid)).map((e) => e.address));
  return lane.belief.addresses.some((address) => addresses.has(address));
}

/** A pod that is missing, though no change is known that made it so: the agent may have come later. */
function unknown(run: Run, lane: LaneRun, ready: string[], now: number): Verdict | undefined {
  const { missing } = differenceNow(run, lane);
  const since = Math.max(0, ...run.intervals.map((i) => i.readyFrom ?? 0));
  if (missing.length === 0 || now - since < 1_000) return undefined;
  const n = Math.max(0, ready.length - missing.length);
  const reason = cure(lane, now, '');
  return say(
    `missing:${n}:${ready.length}:${lane.belief.nextKind}`,
    `Knows *${n} of ${ready.length}* pods${reason && `: ${reason}`}.`,
  );
}

function uneven(run: Run, lane: LaneRun, ready: string[]): Verdict | undefined {
  const settled = settledScore(run, lane);
  const x = spread(settled, ready);
  if (settled.answered < sampleNeeded || !isUneven(x)) return undefined;
  const total = x.reduce((a, b) => a + b, 0);
  const fair = total / ready.length;
  const off = x.map((value, index) => ({ uid: ready[index]!, value, by: Math.abs(value - fair) }));
  const worst = off.reduce((a, b) => (b.by > a.by ? b : a));
  const percent = (value: number) => `${Math.round((100 * value) / total)} %`;
  return say(
    `uneven:${worst.uid}`,
    `*Uneven*: ${handleOf(run, worst.uid)} gets *${percent(worst.value)}*, its part is ${percent(fair)}${meant(lane)}.`,
  );
}

/** least_request sends less to who answers later: an uneven spread is what it is for. */
function meant(lane: LaneRun): string {
  return lane.spec.policy === 'least_request' && !isProxied(lane) ? '; least_request follows who answers sooner' : '';
}

function even(run: Run, lane: LaneRun, ready: string[], now: number): Verdict {
  const settled = settledScore(run, lane);
  if (settled.answered < sampleNeeded || ready.length === 0) {
    return say('again', 'Answering; too few calls since the last change to judge.');
  }
  const change = run.changes.findLast(
    (c) => c.addedUids.length > 0 && now - (c.at ?? 0) < reactionNewsMs && worstReaction(c, lane.id) !== undefined,
  );
  if (change !== undefined) {
    const story = worstReaction(change, lane.id)!;
    const reaction = reactionMs(story)!;
    const one = change.addedUids.length === 1;
    const who =
      change.kind === 'ready'
        ? `${handleOf(run, story.podUid)} answered`
        : one
          ? 'the new pod answered'
          : 'the new pods answered';
    if (reaction < 0) return say(`even:${change.sequence}:early`, `*Even*: ${who} before the truth watch knew.`);
    const took = plainDuration(reaction);
    if (reaction < 1_000) return say(`even:${change.sequence}:fast`, `*Even*: ${who} *${took}* after Ready.`);
    return say(`even:${change.sequence}:slow`, `Even, after *${took}*${spentOn(run, lane, story)}.`);
  }
  const share = 100 / ready.length;
  return say(
    `even:${ready.length}`,
    `*Even*: ${ready.length} pods, ${byChance(lane) ? 'about ' : ''}${share % 1 === 0 ? share : share.toFixed(1)} % each.`,
  );
}

/** Policies that draw: their spread is even on average, never exactly. */
function byChance(lane: LaneRun): boolean {
  return (lane.spec.policy === 'random' || lane.spec.policy === 'least_request') && !isProxied(lane);
}

/** The slowest of the change's new pods on that lane; undefined unless all of them answered. */
function worstReaction(change: ChangeRun, laneId: string): StoryRun | undefined {
  const stories = change.stories.filter((s) => s.laneId === laneId && s.direction === 'added' && !s.ended);
  if (stories.length === 0 || stories.some((story) => reactionMs(story) === undefined)) return undefined;
  return stories.reduce((a, b) => (reactionMs(b)! > reactionMs(a)! ? b : a));
}

function spentOn(run: Run, lane: LaneRun, story: StoryRun): string {
  if (isBlindProxy(lane)) return ' until the proxy found it by itself';
  if (!knowsPods(run, lane)) return ': a new connection happened to reach it';
  const told = story.told === undefined ? 0 : story.told - story.slice!;
  if (told < (reactionMs(story) ?? 0) / 2) return ' spent connecting';
  if (isProxied(lane)) return ' spent waiting for its next DNS lookup';
  if (lane.spec.resolver !== 'dns') return ' spent waiting to be told';
  return lane.spec.profile === 'poll'
    ? ' spent waiting for its next lookup'
    : ': a broken connection triggered the lookup';
}

// ---- what the rules look at

/** Calls since the last change of the ready set, of the list or of who answers: an average over a change is nobody's spread. */
export function settledScore(run: Run, lane: LaneRun): LaneScore {
  let since = run.clock - scoreWindowMs;
  for (const i of run.intervals) since = Math.max(since, i.readyFrom ?? 0, i.readyTo ?? 0);
  for (const change of run.changes) {
    for (const story of change.stories) {
      if (story.laneId !== lane.id) continue;
      since = Math.max(since, story.firstCall ?? 0, story.told ?? 0, story.inPicker ?? 0);
    }
  }
  for (const connection of lane.connections.values()) since = Math.max(since, connection.since);
  return since <= run.clock - scoreWindowMs ? scoreOf(run, lane.id) : scoreSince(run, lane.id, since);
}

function spread(score: LaneScore, ready: readonly string[]): number[] {
  return ready.map((uid) => score.pods.get(uid)?.answered ?? 0);
}

function answeringUids(run: Run, lane: LaneRun, ready: readonly string[]): string[] {
  const settled = settledScore(run, lane);
  return ready.filter((uid) => (settled.pods.get(uid)?.answered ?? 0) > 0);
}

function handles(run: Run, stories: readonly StoryRun[]): string {
  return listOf([...new Set(stories.map((story) => handleOf(run, story.podUid)))]);
}

// ---- the headline

const numberWords = [
  'No',
  'One',
  'Two',
  'Three',
  'Four',
  'Five',
  'Six',
  'Seven',
  'Eight',
  'Nine',
  'Ten',
  'Eleven',
  'Twelve',
];

function word(n: number): string {
  return numberWords[n] ?? String(n);
}

function listOf(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** One sentence or two for the whole screen. */
export function headline(run: Run, now: number): Verdict {
  const ready = readyUids(run);
  const all = [...run.lanes.values()];
  // A Service of somebody's own has pods of its own: the sentence about this run's pods leaves it out, unless it is alone.
  const ours = all.filter((lane) => ownService(run, lane) === undefined);
  const lanes = ours.length > 0 ? ours : all;
  if (run.cluster.state === 'forbidden')
    return say('forbidden', `*The cluster refuses to be watched*: ${run.cluster.reason}`);
  if (run.cluster.state === 'lost') return say('lost', '*The Kubernetes API is lost*: which pods exist is unknown.');
  if (lanes.length === 0) return say('empty', 'No lane yet.');
  const running = lanes.filter((lane) => lane.state === 'running');
  const exist = `${word(ready.length)} ${ready.length === 1 ? 'pod exists' : 'pods exist'}.`;
  if (running.length === 0) {
    const all = lanes.every((lane) => lane.state === 'unavailable');
    return say(`idle:${ready.length}`, `${exist} ${all ? 'No path is available.' : 'No traffic: press start.'}`);
  }
  if (ready.length === 0 && run.cluster.state === 'connecting' && run.pods.size === 0)
    return say('asking', 'Which pods exist is not known yet: asking the Kubernetes API.');
  if (ready.length === 0)
    return say('none-ready', `*${isEmpty(run) ? 'No pod exists' : 'No pod is ready'}*: every path must fail.`);
  return disruption(run, running, now) ?? failingPods(run, running) ?? usage(run, lanes, running, ready, exist);
}

/** What a removal or crash of the last half minute cost each path. */
function disruption(run: Run, lanes: readonly LaneRun[], now: number): Verdict | undefined {
  const change = run.changes.findLast(
    (c) => now - openedAt(c) < 30_000 && c.stories.some((story) => story.direction !== 'added') && c.kind !== 'ready',
  );
  if (change === undefined) return undefined;
  const costs = lanes.map((lane) => ({ label: labelOf(lane), n: lostBy(change, lane.id) })).sort((a, b) => b.n - a.n);
  const losers = costs.filter(({ n }) => n > 0);
  const title = `${change.title}.`;
  const key = `disruption:${change.sequence}:${losers.map(({ label }) => label).join()}`;
  if (losers.length === 0) return say(key, `${title} *No path lost a call.*`);
  const bills = losers.map(({ label, n }, index) =>
    index === 0 ? `${label} lost *${n} ${n === 1 ? 'call' : 'calls'}*` : `${label} ${n}`,
  );
  const rest =
    losers.length === costs.length
      ? ''
      : costs.length - losers.length === 1
        ? `; ${costs.at(-1)!.label} none`
        : '; the others none';
  return say(key, `${title} ${listOf(bills)}${rest}.`);
}

/** Pods that answer and fail are the whole screen's news: no path spares anyone from them. */
function failingPods(run: Run, lanes: readonly LaneRun[]): Verdict | undefined {
  const sums = new Map<string, { sent: number; failed: number }>();
  for (const lane of lanes) {
    for (const [uid, { answered, failed }] of settledScore(run, lane).pods) {
      if (uid === '') continue;
      const sum = sums.get(uid) ?? { sent: 0, failed: 0 };
      sums.set(uid, { sent: sum.sent + answered + failed, failed: sum.failed + failed });
    }
  }
  const bad = [...sums]
    .map(([uid, { sent, failed }]) => ({ uid, failed, part: failed / sent }))
    .filter(({ failed, part }) => failed >= 3 && part >= 0.01)
    .sort((a, b) => b.part - a.part);
  if (bad.length === 0) return undefined;
  const percent = (part: number) => `${Math.round(100 * part)} %`;
  const who =
    bad.length === 1
      ? `*${handleOf(run, bad[0]!.uid)} fails ${percent(bad[0]!.part)}* of its calls`
      : `*${bad.length} pods fail calls*: ${bad.map(({ uid, part }) => `${handleOf(run, uid)} ${percent(part)}`).join(', ')}`;
  const hit = lanes.filter((lane) => bad.some(({ uid }) => (settledScore(run, lane).pods.get(uid)?.failed ?? 0) > 0));
  const where = hit.length === lanes.length ? 'on every path' : `on ${listOf(hit.map(labelOf))}`;
  return say(`erring:${bad.map(({ uid }) => uid)}:${hit.map((lane) => lane.id)}`, `${who}, ${where}.`);
}

function usage(
  run: Run,
  lanes: readonly LaneRun[],
  running: readonly LaneRun[],
  ready: string[],
  exist: string,
): Verdict {
  const judged = running.filter(
    (lane) => scoreOf(run, lane.id).answered + scoreOf(run, lane.id).failed >= 10 * ready.length,
  );
  const uses = judged.filter((lane) => usesAll(run, lane, ready));
  const not = judged.filter((lane) => !uses.includes(lane));
  const away = lanes.filter((lane) => lane.state === 'unavailable');
  const tail =
    away.length === 0 ? '' : ` ${listOf(away.map(labelOf))} ${away.length === 1 ? 'is' : 'are'} unavailable.`;
  const key = `usage:${ready.length}:${uses.map((lane) => lane.id)}:${not.map((lane) => lane.id)}:${away.map((lane) => lane.id)}`;
  if (judged.length === 0) return say(key, `${exist} Warming up.${tail}`);
  const many = word(ready.length).toLowerCase();
  if (ready.length === 1) return say(key, `${exist} Every path that works ends there.${tail}`);
  const all = ready.length === 2 ? 'both' : `all ${many}`;
  if (not.length === 0) {
    const who =
      uses.length === 1
        ? `${labelOf(uses[0]!)} uses`
        : uses.length === running.length
          ? 'Every path uses'
          : `${listOf(uses.map(labelOf))} use`;
    return say(key, `${exist} *${who} ${all}.*${tail}`);
  }
  const grown = run.changes.some((change) => change.addedUids.some((uid) => ready.includes(uid)));
  const names = listOf(not.map(labelOf));
  const verb = not.length === 1 ? 'does' : 'do';
  if (uses.length === 0) return say(key, `${exist} *No path uses ${all}.*${tail}`);
  const fine = `${listOf(uses.map(labelOf))} ${uses.length === 1 ? 'uses' : 'use'} ${all}`;
  return say(key, `${exist} ${fine}; *${names}${grown ? ' still' : ''} ${verb} not.*${tail}`);
}

function usesAll(run: Run, lane: LaneRun, ready: readonly string[]): boolean {
  const score = scoreOf(run, lane.id);
  return ready.every((uid) => (score.pods.get(uid)?.answered ?? 0) > 0);
}
