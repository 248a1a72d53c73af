import type { GetSnapshotResponse } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import type { RunInfo } from '../../../gen/lbscope/agent/v1/runs_pb.js';
import { lanesInOrder, withLane, withoutLane } from '../../../model/view/shown-lanes.ts';
import { rpcKinds } from '../../../model/words.ts';
import type { Actions } from '../../live/actions.ts';
import type { Panel } from '../panels/panels.ts';
import { kinds } from '../rpc-kinds.ts';

/** One thing that can be done, as the palette lists it. */
export type Entry = {
  id: string;
  group: string;
  name: string;
  what: string;
  run(): void;
};

/** What the page itself can do, given from outside so that the list can be tested. */
export type PageCommands = {
  panel(panel: Panel): void;
  scenarios(): void;
  freeze(): void;
  theme(): void;
  view(view: 'stage' | 'timeline'): void;
  present(): void;
  fullScreen(): void;
  copyLink(): void;
  lanes(ids: readonly string[] | undefined): void;
  openLane(id: string): void;
  go(address: string): void;
};

const rates = [10, 50, 100, 200, 500, 1_000];
const sizes = [0, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30];

/** Everything, in the order of a list without a search. Without the right to act: what only changes this screen. */
export function paletteEntries(
  snapshot: GetSnapshotResponse | undefined,
  actions: Actions | undefined,
  page: PageCommands,
  {
    frozen,
    presenting,
    picked,
    recorded,
  }: { frozen: boolean; presenting: boolean; picked: readonly string[] | undefined; recorded: boolean },
  runs: readonly RunInfo[] = [],
): Entry[] {
  const entries: Entry[] = [];
  const add = (group: string, id: string, name: string, what: string, run: () => unknown) =>
    entries.push({ id: `${group}:${id}`, group, name, what, run: () => void run() });

  if (actions !== undefined && snapshot !== undefined) {
    if (snapshot.running) add('Traffic', 'stop', 'Stop traffic', 'Space', () => actions.stop());
    else add('Traffic', 'start', 'Start traffic', 'Space', () => actions.start());
    add('Traffic', 'sheet', 'All of what is sent', 'r', () => page.panel('traffic'));
    for (const rate of rates) {
      if (snapshot.traffic?.ratePerSecond === rate) continue;
      add('Traffic', `rate-${rate}`, `Send ${rate.toLocaleString('en')} calls/s`, 'each client', () =>
        actions.setTraffic({ ratePerSecond: rate }),
      );
    }
    for (const kind of rpcKinds) {
      if (snapshot.traffic?.kind === kind) continue;
      add('Traffic', kind, `Send ${kinds[kind].word} calls`, kinds[kind].what, () => actions.setTraffic({ kind }));
    }
    const replicas = snapshot.deployment?.replicas;
    for (const size of sizes) {
      if (replicas === undefined || size === replicas) continue;
      add('Cluster', `scale-${size}`, `Scale to ${size} ${size === 1 ? 'pod' : 'pods'}`, `now ${replicas}`, () =>
        actions.scale(size),
      );
    }
    add('Cluster', 'rollout', 'Rollout restart', 'a new pod for each old one', () => actions.restartRollout());
    add('Cluster', 'sheet', 'Age of connections', 'k', () => page.panel('cluster'));
    for (const pod of snapshot.pods) {
      if (pod.phase === 'Gone' || pod.terminating) continue;
      const on = (id: string, name: string, what: string, run: () => unknown) =>
        add('Pods', `${pod.uid}-${id}`, `${name} ${pod.handle}`, what, run);
      on('delete', 'Delete', 'drains, a new pod comes', () => actions.deletePod(pod.uid));
      on('now', 'Delete now', 'no grace, a new pod comes', () => actions.deletePod(pod.uid, 0));
      on('crash', 'Crash', 'process dies, same pod returns', () => actions.behave(pod.uid, { crash: true }));
      const slow = (pod.behavior?.delayMs ?? 0) > 0;
      on('slow', slow ? 'Make fast again' : 'Make slow', slow ? '' : '+250 ms', () =>
        actions.behave(pod.uid, { delayMs: slow ? 0 : 250 }),
      );
      const unready = pod.behavior?.ready === false;
      on('unready', unready ? 'Make ready' : 'Make unready', unready ? '' : 'fails its probe', () =>
        actions.behave(pod.uid, { ready: unready }),
      );
    }
  }

  if (!recorded) add('View', 'scenarios', 'Scenarios', 'g', () => page.scenarios());
  add('View', 'stage', 'Stage', 'explains', () => page.view('stage'));
  add('View', 'timeline', 'Timeline', 'measures', () => page.view('timeline'));
  add('View', 'present', presenting ? 'End presenting' : 'Present', 'p', page.present);
  add('View', 'full', 'Full screen', '', page.fullScreen);
  add('View', 'freeze', frozen ? 'Go live' : 'Freeze', 'f', page.freeze);
  add('View', 'theme', 'Dark or light', 't', page.theme);
  add('View', 'link', 'Copy link', 'c', page.copyLink);
  add('View', 'save', 'Save picture or numbers', 'e', () => page.panel('save'));
  if (!recorded) add('View', 'share', 'Share', 's', () => page.panel('share'));
  add('View', 'help', 'Help and keys', '?', () => page.panel('help'));

  if (snapshot !== undefined) {
    const all = snapshot.lanes.map(({ id }) => id);
    const { shown } = lanesInOrder(all, picked);
    add('Lanes', 'sheet', 'Lanes', 'l', () => page.panel('lanes'));
    for (const lane of snapshot.lanes) {
      add('Lanes', `open-${lane.id}`, `Open ${lane.label}`, 'full screen', () => page.openLane(lane.id));
      if (!shown.includes(lane.id)) {
        add('Lanes', `show-${lane.id}`, `Show ${lane.label}`, '', () => page.lanes(withLane(shown, lane.id, all)));
      } else if (shown.length > 1) {
        add('Lanes', `hide-${lane.id}`, `Hide ${lane.label}`, 'it runs on', () =>
          page.lanes(withoutLane(shown, lane.id)),
        );
      }
      if (actions !== undefined) {
        add('Lanes', `remove-${lane.id}`, `Remove ${lane.label}`, '', () => actions.removeLane(lane.id));
      }
    }
    for (const preset of actions === undefined ? [] : snapshot.presets) {
      if (preset.laneIds.length > 0) continue;
      // Its address has to be typed.
      const run = preset.needsTarget ? () => page.panel('lanes') : () => actions?.addPreset(preset.id);
      add('Add a lane', preset.id, `Add ${preset.label}`, preset.teaches, run);
    }
  }

  if (actions !== undefined) {
    add('Measure', 'encoding', 'Protobuf against JSON', 'size, time, whole calls', () => page.panel('encoding'));
  }
  if (actions !== undefined) add('Runs', 'new', 'New run', 'clears the counts', () => actions.newRun());
  add('Runs', 'all', 'Recorded runs', '', () => page.go('/runs'));
  for (const run of runs) {
    if (run.state === 'live') continue;
    const name = run.name || `Run ${run.runId.slice(0, 8)}`;
    add('Runs', run.runId, name, run.scenario, () => page.go(`/runs/${encodeURIComponent(run.runId)}`));
  }
  return entries;
}
