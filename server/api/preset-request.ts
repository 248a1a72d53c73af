import { findPreset, presets } from '../../model/presets.ts';
import { hostAndPort, methodFaults } from './lane-spec.ts';

/** What a request to switch a preset on may say depends on the preset. */
export function checkPreset({ presetId, target, tls, workers, method }: Readonly<Record<string, unknown>>): string[] {
  const preset = findPreset(String(presetId));
  if (preset === undefined) {
    return [`presetId is "${presetId}": allowed is one of ${presets.map(({ id }) => id).join(', ')}`];
  }
  const faults: string[] = [];
  if (preset.needsTarget === true) {
    const fault = typeof target === 'string' ? hostAndPort(target) : 'allowed is host:port';
    if (fault !== undefined) faults.push(`target is ${target === undefined ? 'missing' : `"${target}"`}: ${fault}`);
  } else {
    for (const [name, value] of Object.entries({ target, tls })) {
      if (value === undefined) continue;
      faults.push(`${name} is ${JSON.stringify(value)}: allowed is nothing, as the preset ${preset.id} has its own`);
    }
  }
  if (preset.needsMethod === true) {
    if (method === undefined)
      faults.push('method is missing: allowed is an object with path, requestJson, descriptors, answeredBy');
    faults.push(...methodFaults(method, 'method'));
  } else if (method !== undefined) {
    faults.push(`method is given: allowed is nothing, as the preset ${preset.id} calls the greeter`);
  }
  if (workers !== undefined && preset.workers === undefined) {
    faults.push(`workers is ${workers}: allowed is nothing, as the preset ${preset.id} has no such setting`);
  }
  return faults;
}
