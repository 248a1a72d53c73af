import { Merged } from '../../../model/histogram.ts';
import { toMs } from '../../../model/time.ts';
import { eventWords } from '../../../model/view/event-words.ts';
import { errorClasses } from '../../../model/words.ts';
import type { RunFile } from '../run-file.ts';

const mostAtOnce = 2_000;
const quantiles = [0.5, 0.9, 0.99] as const;

/** One row per window, lane and pod, and one per window and lane with pod empty, which holds what only lanes have. */
export function* countsCsv(file: RunFile, resolutionMs: number): Generator<string> {
  yield row([
    'from',
    'to',
    'lane',
    'pod_uid',
    'issued',
    'answered',
    'lost',
    ...errorClasses.map((each) => `lost_${each}`),
    'asked_per_second',
    'in_flight',
    ...quantiles.map((q) => `latency_p${q * 100}_ms`),
    'latency_max_ms',
  ]);
  for (let from: number | undefined = 0; from !== undefined; ) {
    const slice = file.frames(from, Number.MAX_VALUE, resolutionMs, mostAtOnce);
    for (const frame of slice.frames) {
      const when = [iso(toMs(frame.from)), iso(toMs(frame.to))];
      for (const lane of frame.lanes) {
        const latency = new Merged().add(lane.latency);
        yield row([
          ...when,
          lane.laneId,
          '',
          lane.issued,
          lane.answered,
          ...losses(lane.failed),
          lane.askedRate,
          lane.inFlight,
          ...quantiles.map((q) => (latency.count === 0 ? '' : latency.quantile(q) / 1_000)),
          latency.count === 0 ? '' : latency.max / 1_000,
        ]);
        for (const pod of lane.pods) {
          yield row([
            ...when,
            lane.laneId,
            pod.podUid === '' ? '(unattributed)' : pod.podUid,
            '',
            pod.answered,
            ...losses(pod.failed),
            '',
            '',
            '',
            '',
            '',
            '',
          ]);
        }
      }
    }
    from = slice.moreFrom;
  }
}

/** One row per event. */
export function* eventsCsv(file: RunFile): Generator<string> {
  yield row(['sequence', 'at', 'kind', 'lane', 'pod_uid', 'address', 'connection', 'resolution', 'cause', 'what']);
  for (const event of file.eventsAfter(0)) {
    yield row([
      event.sequence,
      iso(toMs(event.at)),
      event.kind.case ?? '',
      event.laneId ?? '',
      event.podUid ?? '',
      event.address ?? '',
      event.connectionId ?? '',
      event.resolutionId ?? '',
      event.cause ?? '',
      eventWords(event),
    ]);
  }
}

function losses(failed: readonly { errorClass: string; count: number }[]): number[] {
  const of = (name: string) => failed.reduce((sum, each) => sum + (each.errorClass === name ? each.count : 0), 0);
  return [failed.reduce((sum, { count }) => sum + count, 0), ...errorClasses.map(of)];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** RFC 4180. A text that a spreadsheet would take for a formula is told apart by an apostrophe. */
export function row(cells: readonly (string | number)[]): string {
  return `${cells
    .map((cell) => {
      if (typeof cell === 'number') return String(cell);
      const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',')}\r\n`;
}
