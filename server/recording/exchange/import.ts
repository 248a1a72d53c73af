import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { clone, create, type DescMessage, fromJson, type JsonValue, type MessageShape } from '@bufbuild/protobuf';
import { type RunInfo, RunInfoSchema } from '../../../gen/lbscope/agent/v1/runs_pb.js';
import { type Event, EventSchema, type Frame, FrameSchema } from '../../../gen/lbscope/events/v1/events_pb.js';
import {
  ExportEndSchema,
  ExportHeadSchema,
  type Keyframe,
  KeyframeSchema,
} from '../../../gen/lbscope/recording/v1/recording_pb.js';
import { bucketCount } from '../../../model/histogram.ts';
import { fromKeyframe, toKeyframe } from '../../../model/keyframe.ts';
import { latencySteps } from '../../../model/latency-steps.ts';
import { fold } from '../../../model/run.ts';
import type { Run } from '../../../model/state.ts';
import { fromMs, toMs } from '../../../model/time.ts';
import { keyframeMs } from '../recorder.ts';
import { RunFile } from '../run-file.ts';
import { count, describe } from '../tally.ts';
import { formatVersion } from './lines.ts';

/** What a file may cost whoever takes it in. An hour of four lanes has some 150 MB as JSON. */
export const importLimits = { bytes: 1024 ** 3, lineBytes: 16 * 1024 * 1024, lines: 5_000_000 } as const;

export type Imported = { readonly ok: true; readonly info: RunInfo } | { readonly ok: false; readonly message: string };

/** Where the file is wrong, and how. */
class LineFault extends Error {
  constructor(line: number, what: string) {
    super(`line ${line}: ${what}`);
  }
}

/** How many updates are one transaction. */
const batch = 500;
/** Also keeps the years within what a Date can say. */
const [earliest, latest] = [Date.UTC(2000), Date.UTC(2200)];

/**
 * Reads an exported run into a new file at `path`, line by line, never more than one in memory. What it holds is checked
 * as if an enemy had written it: order, sizes, ranges, and that it can be folded. The first fault ends it, with its line;
 * the caller removes what was begun.
 */
export async function importRun(source: string, path: string, runId: string, nowMs: number): Promise<Imported> {
  const file = RunFile.open(path);
  try {
    const taker = new Taker(file, runId, nowMs);
    let number = 0;
    for await (const line of linesOf(source)) {
      number += 1;
      if (number > importLimits.lines) throw new LineFault(number, `more than ${importLimits.lines} lines`);
      taker.take(line, number);
    }
    return { ok: true, info: taker.finish(number) };
  } catch (error) {
    if (error instanceof LineFault) return { ok: false, message: error.message };
    const { code } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE')
      return { ok: false, message: 'the gzip data is not right' };
    throw error;
  } finally {
    file.close();
  }
}

class Taker {
  readonly #file: RunFile;
  readonly #runId: string;
  readonly #nowMs: number;
  #info: RunInfo | undefined;
  #described: RunInfo | undefined;
  #run: Run | undefined;
  #frames: Frame[] = [];
  #events: Event[] = [];
  #counts = { frames: 0, events: 0 };
  #sequence = 0;
  #keyframeAt = 0;
  #ended = false;

  constructor(file: RunFile, runId: string, nowMs: number) {
    this.#file = file;
    this.#runId = runId;
    this.#nowMs = nowMs;
  }

  take(text: string, line: number): void {
    if (this.#ended) throw new LineFault(line, 'something follows the end');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new LineFault(line, 'this is not JSON');
    }
    const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    const [key, body] = entries[0] ?? [];
    if (entries.length !== 1 || key === undefined || Array.isArray(value)) {
      throw new LineFault(line, 'allowed is an object with one of head, keyframe, frame, event, end');
    }
    if (this.#described === undefined && key !== 'head') throw new LineFault(line, 'the first line must be head');
    if (this.#described !== undefined && this.#run === undefined && key !== 'keyframe') {
      throw new LineFault(line, 'the second line must be keyframe');
    }
    const json = body as JsonValue;
    if (key === 'head') this.#head(json, line);
    else if (key === 'keyframe') this.#keyframe(parse(KeyframeSchema, json, line), line);
    else if (key === 'frame') this.#frame(parse(FrameSchema, json, line), line);
    else if (key === 'event') this.#event(parse(EventSchema, json, line), line);
    else if (key === 'end') this.#end(json, line);
    else throw new LineFault(line, `"${key.slice(0, 40)}" is not one of head, keyframe, frame, event, end`);
  }

  #head(json: JsonValue, line: number): void {
    if (this.#described !== undefined) throw new LineFault(line, 'a second head');
    const { version, run } = parse(ExportHeadSchema, json, line);
    if (version !== formatVersion) throw new LineFault(line, `version is ${version}: allowed is ${formatVersion}`);
    if (run === undefined) throw new LineFault(line, 'run is missing');
    if (
      run.name.length > 120 ||
      run.notes.length > 10_000 ||
      run.tags.length > 20 ||
      run.tags.some((t) => t.length > 40)
    ) {
      throw new LineFault(line, 'name, notes or tags are longer than allowed (120, 10000, 20 of 40)');
    }
    if (run.gaps.length > 10_000) throw new LineFault(line, 'more than 10000 gaps');
    this.#described = run;
  }

  #keyframe(keyframe: Keyframe, line: number): void {
    const { state } = keyframe;
    if (state === undefined) throw new LineFault(line, 'state is missing');
    if (keyframe.eventSteps.length > 0 || keyframe.firstFrame !== 0) {
      throw new LineFault(line, 'a keyframe of an export names no events and frames outside itself');
    }
    // After a gap the state may be that of the last update before it.
    if (state.sequence !== this.#sequence) this.#order(state.sequence, line, 'state.sequence');
    for (const frame of state.bins) checkFrame(frame, line);
    for (const event of state.events) instant(toMs(event.at), line, 'state.events.at');
    instant(toMs(state.runStartedAt), line, 'state.runStartedAt');
    instant(toMs(state.at), line, 'state.at');
    this.#flush();
    // Its own name in this folder; another run may have the old one.
    state.runId = this.#runId;
    this.#guarded(line, () => {
      this.#run = fromKeyframe(keyframe, [], []);
    });
    this.#keyframeAt = this.#run?.clock ?? 0;
    if (this.#info === undefined) {
      const { name, notes, tags, scenario, outcome, gaps, agentVersion, clusterNamespace } = this.#described as RunInfo;
      this.#info = create(RunInfoSchema, {
        ...describe(state),
        ...{ name, notes, tags, scenario, outcome, gaps, agentVersion, clusterNamespace },
        importedAt: fromMs(this.#nowMs),
      });
    }
    this.#file.begin(this.#info, undefined, keyframe);
    // Those of the run itself are found in its list of events as well.
    const own = state.events.filter((event) => toMs(event.at) >= toMs(state.runStartedAt));
    if (own.length > 0) this.#file.add({ frames: [], events: own }, this.#info);
  }

  #frame(frame: Frame, line: number): void {
    this.#order(frame.sequence, line, 'sequence');
    checkFrame(frame, line);
    this.#frames.push(frame);
    this.#counts.frames += 1;
    this.#fold({ case: 'frame', value: frame }, line);
  }

  #event(event: Event, line: number): void {
    this.#order(event.sequence, line, 'sequence');
    instant(toMs(event.at), line, 'at');
    if (event.kind.case === 'runStarted') throw new LineFault(line, 'another run begins: a file holds one');
    this.#events.push(event);
    this.#counts.events += 1;
    this.#fold({ case: 'event', value: event }, line);
  }

  #fold(update: Parameters<typeof fold>[1], line: number): void {
    const run = this.#run as Run;
    this.#guarded(line, () => fold(run, update));
    if (run.pods.size > 5_000 || run.lanes.size > 100)
      throw new LineFault(line, 'more than 5000 pods or 100 lanes at once');
    const due = run.clock - this.#keyframeAt >= keyframeMs;
    if (!due && this.#frames.length + this.#events.length < batch) return;
    this.#flush(due ? toKeyframe(run, run.sequence + 1) : undefined);
    if (due) this.#keyframeAt = run.clock;
  }

  /** What the fold cannot make sense of is the file's fault, not ours. */
  #guarded(line: number, work: () => void): void {
    try {
      work();
    } catch {
      throw new LineFault(line, 'this cannot follow what stands before it');
    }
  }

  #flush(keyframe?: Keyframe): void {
    if (this.#info === undefined || this.#frames.length + this.#events.length === 0) return;
    const info = clone(RunInfoSchema, this.#info);
    count(info, this.#frames, this.#events);
    this.#file.add({ frames: this.#frames, events: this.#events, keyframe }, info);
    this.#info = info;
    this.#frames = [];
    this.#events = [];
  }

  #end(json: JsonValue, line: number): void {
    const { frames, events } = parse(ExportEndSchema, json, line);
    const { frames: readFrames, events: readEvents } = this.#counts;
    if (frames !== readFrames || events !== readEvents) {
      throw new LineFault(
        line,
        `it tells of ${frames} frames and ${events} events, and ${readFrames} and ${readEvents} stand before it`,
      );
    }
    this.#ended = true;
  }

  finish(lines: number): RunInfo {
    if (!this.#ended || this.#info === undefined) {
      throw new LineFault(lines + 1, 'the end is missing: the file was cut short');
    }
    this.#flush();
    this.#file.end(this.#info, toMs(this.#info.lastAt));
    return this.#info;
  }

  #order(sequence: number, line: number, field: string): void {
    if (!Number.isSafeInteger(sequence) || sequence < 0 || (sequence <= this.#sequence && this.#run !== undefined)) {
      throw new LineFault(line, `${field} is ${sequence}: allowed is a whole number above ${this.#sequence}`);
    }
    this.#sequence = sequence;
  }
}

function parse<S extends DescMessage>(schema: S, json: JsonValue, line: number): MessageShape<S> {
  try {
    return fromJson(schema, json);
  } catch (error) {
    // protobuf's own words name the field; nothing of the value is repeated beyond a line.
    throw new LineFault(
      line,
      (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.slice(0, 200) ?? '',
    );
  }
}

function instant(ms: number, line: number, field: string): void {
  if (!(ms >= earliest && ms <= latest)) throw new LineFault(line, `${field} is no instant of this age`);
}

function checkFrame(frame: Frame, line: number): void {
  const [from, to] = [toMs(frame.from), toMs(frame.to)];
  instant(from, line, 'from');
  instant(to, line, 'to');
  if (to < from || to - from > 86_400_000)
    throw new LineFault(line, 'to lies before from, or more than a day after it');
  if (frame.lanes.length > 100) throw new LineFault(line, `lanes has ${frame.lanes.length}: allowed are 100`);
  for (const lane of frame.lanes) {
    const { issued, answered, inFlight, askedRate, transparentRetries, shortfall, failed, pods } = lane;
    counts([issued, answered, inFlight, askedRate, transparentRetries, shortfall, ...failed.map((f) => f.count)], line);
    counts([lane.policyRetries, lane.answeredByRetry, lane.messages], line);
    if (lane.agents.length > 1_000) throw new LineFault(line, `agents has ${lane.agents.length}: allowed are 1000`);
    for (const part of lane.agents) {
      counts([part.issued, part.failed, part.shortfall, ...part.answered], line);
      if (part.pod.length !== part.answered.length || part.pod.some((place) => place >= pods.length)) {
        throw new LineFault(line, 'an agent names pods that the lane has not');
      }
    }
    if (pods.length > 5_000) throw new LineFault(line, `pods has ${pods.length}: allowed are 5000`);
    for (const pod of pods) {
      if (pod.latencySteps.length > latencySteps)
        throw new LineFault(line, 'latencySteps is longer than there are steps');
      counts(
        [
          pod.answered,
          pod.toRemovedAnswered,
          pod.toRemovedLost,
          pod.serviceTimeSumMs,
          pod.messages,
          pod.latencySumMs,
          ...pod.latencySteps,
          ...pod.failed.map((f) => f.count),
        ],
        line,
      );
    }
    for (const histogram of [lane.latency, lane.serviceTime, lane.scheduleError]) {
      if (histogram === undefined) continue;
      const { bucket, count: amounts, maxUs } = histogram;
      const last = bucket.reduce((a, b) => a + b, 0);
      if (bucket.length !== amounts.length || last >= bucketCount) throw new LineFault(line, 'a histogram is not one');
      counts([...amounts, maxUs], line);
    }
  }
}

function counts(values: readonly number[], line: number): void {
  for (const value of values) {
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
      throw new LineFault(line, `a count is ${value}: allowed is 0 to ${Number.MAX_SAFE_INTEGER}`);
    }
  }
}

/** Lines of a text file, gzipped or not, with its limits on what comes out of it. */
async function* linesOf(source: string): AsyncGenerator<string> {
  const raw = createReadStream(source);
  const stream = isGzip(source) ? raw.pipe(createGunzip()) : raw;
  // A fault of the reading must reach the loop below.
  if (stream !== raw) raw.on('error', (error) => stream.destroy(error));
  const decoder = new TextDecoder('utf-8', { fatal: false });
  // A line that has not ended yet, in the pieces it came in: joined once, or a long one would cost its square.
  let open: string[] = [];
  let openLength = 0;
  let bytes = 0;
  let line = 1;
  for await (const piece of stream) {
    bytes += (piece as Buffer).length;
    if (bytes > importLimits.bytes) throw new LineFault(line, `the file has more than ${importLimits.bytes} bytes`);
    const parts = decoder.decode(piece as Buffer, { stream: true }).split('\n');
    const last = parts.pop() as string;
    for (const part of parts) {
      yield open.join('') + part;
      open = [];
      openLength = 0;
      line += 1;
    }
    open.push(last);
    openLength += last.length;
    if (openLength > importLimits.lineBytes) {
      throw new LineFault(line, `it is longer than ${importLimits.lineBytes} bytes`);
    }
  }
  if (openLength > 0) yield open.join('');
}

function isGzip(source: string): boolean {
  const head = Buffer.alloc(2);
  const file = openSync(source, 'r');
  try {
    readSync(file, head, 0, 2, 0);
  } finally {
    closeSync(file);
  }
  return head[0] === 0x1f && head[1] === 0x8b;
}
