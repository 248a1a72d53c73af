import { type ClusterNames, findPreset, laneOf, presets } from '../../model/presets.ts';
import type { Presets } from './format/reading.ts';

/** The lanes that a file may name, by id: those of the menu, with this cluster's names. */
export function presetsOf(names: ClusterNames): Presets {
  return {
    ids: presets.map(({ id }) => id),
    find(id) {
      const preset = findPreset(id);
      return preset === undefined ? undefined : laneOf(preset, names);
    },
  };
}
