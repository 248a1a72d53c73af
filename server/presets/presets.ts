import type { LaneSpec } from '../../gen/lbscope/events/v1/events_pb.js';
import { type ClusterNames, findPreset, laneOf, type Preset, type PresetChoices } from '../../model/presets.ts';
import type { Timers } from '../events/port.ts';
import { type Applicable, applyObject, deleteObject } from '../kube/apply.ts';
import type { Api } from '../kube/http.ts';
import { readObjects } from './objects.ts';

export interface PresetsOptions {
  readonly api: Api;
  readonly names: ClusterNames;
  /** Folder with a folder of objects for each preset that needs some: k8s/ways-in. */
  readonly folder: string;
  /** `apply`: the agent applies and deletes a preset's objects itself; `print`: whoever asks gets them to apply by hand. */
  readonly mode: 'apply' | 'print';
  readonly putLane: (spec: LaneSpec) => Refused | { readonly ok: true };
  readonly timers: Timers;
  readonly onFault: (message: string) => void;
  /** Lanes that are there already, as after a restart of the agent: their objects are as much theirs as later ones'. */
  readonly lanes?: Iterable<LaneSpec>;
}

interface Refused {
  readonly ok: false;
  readonly code: 'not_found' | 'permission_denied' | 'unavailable' | 'failed_precondition' | 'resource_exhausted';
  readonly message: string;
}

/** How often the objects of a preset nobody uses any more are tried to be deleted, and how far apart: ten minutes. */
const withdrawAttempts = 300;
const withdrawAgainMs = 2_000;

export interface Added {
  readonly ok: true;
  readonly laneId: string;
  readonly applied: boolean;
  readonly objects: string;
  readonly note: string;
}

/**
 * Switches presets on: objects in the cluster plus a lane with an address. The lane comes first and says `unavailable`
 * until its objects are there and answer, whoever applies them.
 */
export class Presets {
  readonly #options: PresetsOptions;
  /** Which preset each lane was made from. */
  readonly #presetOfLane = new Map<string, string>();
  /** Worker threads that were asked for, by preset; absent: as many as its objects say. */
  readonly #workers = new Map<string, number>();

  constructor(options: PresetsOptions) {
    this.#options = options;
    for (const lane of options.lanes ?? []) this.laneChanged(lane, false);
  }

  /** The objects as YAML; undefined: there is no such preset. */
  objects(presetId: string): string | undefined {
    const preset = findPreset(presetId);
    if (preset === undefined) return undefined;
    const read = readObjects(this.#options.folder, preset, this.#options.names, undefined);
    return read.kind === 'objects' ? read.yaml : `# ${read.reason}\n`;
  }

  async add(
    presetId: string,
    choices: PresetChoices & { readonly workers?: number | undefined },
  ): Promise<Added | Refused> {
    const { names, folder, mode, putLane } = this.#options;
    const preset = findPreset(presetId);
    if (preset === undefined) return { ok: false, code: 'not_found', message: `there is no preset "${presetId}"` };
    const read = readObjects(folder, preset, names, choices.workers);
    if (read.kind === 'fault') return { ok: false, code: 'failed_precondition', message: read.reason };
    const lane = laneOf(preset, names, choices);
    const put = putLane(lane);
    if (!put.ok) return put;
    if (choices.workers === undefined) this.#workers.delete(presetId);
    else this.#workers.set(presetId, choices.workers);
    const answer = { ok: true as const, laneId: lane.id, objects: read.yaml };
    if (read.objects.length === 0) return { ...answer, applied: true, note: 'the lane is there; it needs no objects' };
    if (mode === 'print') {
      const note = 'apply the objects with kubectl apply -f -; the lane begins by itself when they answer';
      return { ...answer, applied: false, note };
    }
    const refused = await this.#each(read.objects, applyObject);
    return refused === undefined
      ? { ...answer, applied: true, note: `${read.objects.length} objects were applied` }
      : { ...answer, applied: false, note: `${refused.message}; apply the objects with kubectl apply -f -` };
  }

  /** The objects alone, as they were asked for last; nothing where whoever asks applies them by hand. */
  async apply(presetId: string): Promise<Refused | { readonly ok: true }> {
    const { names, folder, mode } = this.#options;
    const preset = findPreset(presetId);
    if (preset === undefined) return { ok: false, code: 'not_found', message: `there is no preset "${presetId}"` };
    if (mode === 'print') return { ok: true };
    const read = readObjects(folder, preset, names, this.#workers.get(presetId));
    if (read.kind === 'fault') return { ok: false, code: 'failed_precondition', message: read.reason };
    return (await this.#each(read.objects, applyObject)) ?? { ok: true };
  }

  /** Called with each lane that was put or removed. The last lane of a preset takes the objects along that were applied for it. */
  laneChanged(lane: LaneSpec, removed: boolean): void {
    const before = this.#presetOfLane.get(lane.id);
    if (removed || lane.preset === '') this.#presetOfLane.delete(lane.id);
    else this.#presetOfLane.set(lane.id, lane.preset);
    const preset = before === undefined ? undefined : findPreset(before);
    if (preset !== undefined && this.#options.mode === 'apply') void this.#withdraw(preset, withdrawAttempts);
  }

  /** Unless a lane stands on them, perhaps again. A cluster that is away is asked again, as the objects are to go. */
  async #withdraw(preset: Preset, attempts: number): Promise<void> {
    const { folder, names, timers, onFault } = this.#options;
    if ([...this.#presetOfLane.values()].includes(preset.id)) return;
    const read = readObjects(folder, preset, names, undefined);
    if (read.kind === 'fault') return;
    const refused = await this.#each([...read.objects].reverse(), deleteObject);
    if (refused?.code === 'unavailable' && attempts > 1) {
      timers.setTimeout(() => void this.#withdraw(preset, attempts - 1), withdrawAgainMs);
    } else if (refused !== undefined) onFault(`the objects of ${preset.id} stay: ${refused.message}`);
  }

  /** In order; the first refusal ends it. What is gone already need not be deleted. */
  async #each(objects: readonly Applicable[], act: typeof applyObject): Promise<Refused | undefined> {
    for (const object of objects) {
      const answer = await act(this.#options.api, object);
      if (answer.kind === 'ok' || (answer.kind === 'status' && answer.code === 404 && act === deleteObject)) continue;
      const what = `${object.kind} ${object.metadata.name}`;
      if (answer.kind === 'status' && (answer.code === 401 || answer.code === 403)) {
        const message = `the cluster does not allow the agent to ${act === applyObject ? 'apply' : 'delete'} the ${what}`;
        return { ok: false, code: 'permission_denied', message };
      }
      const code = answer.kind === 'unreachable' ? 'unavailable' : 'failed_precondition';
      return { ok: false, code, message: `${what}: ${answer.message}` };
    }
    return undefined;
  }
}
