import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { ClusterNames, Preset } from '../../model/presets.ts';
import type { Applicable } from '../kube/apply.ts';

export type PresetObjects =
  | { readonly kind: 'objects'; readonly yaml: string; readonly objects: readonly Applicable[] }
  | { readonly kind: 'fault'; readonly reason: string };

/**
 * The objects of a preset as they are to be applied: the files that its kustomization.yaml lists, with the names of this
 * cluster in the place of those of k8s/base. Comments stay: the text is what a person gets to apply by hand.
 */
export function readObjects(
  folder: string,
  preset: Preset,
  names: ClusterNames,
  workers: number | undefined,
): PresetObjects {
  if (preset.objects === undefined) return { kind: 'objects', yaml: '', objects: [] };
  const place = join(folder, preset.objects);
  try {
    const listed = parse(readFileSync(join(place, 'kustomization.yaml'), 'utf8'))?.resources as string[];
    const texts = listed.map((file) => adapt(readFileSync(join(place, file), 'utf8'), names, workers));
    const yaml = texts.map((text) => text.replace(/^---\n/, '').trimEnd()).join('\n---\n');
    const objects = parseAllDocuments(yaml).map((document) => document.toJS() as Applicable);
    return { kind: 'objects', yaml: `${yaml}\n`, objects };
  } catch (error) {
    return { kind: 'fault', reason: `the objects of ${preset.id} can't be read: ${(error as Error).message}` };
  }
}

/** Names as k8s/base has them, and the marks that a setting replaces. */
function adapt(text: string, names: ClusterNames, workers: number | undefined): string {
  const { namespace, service, headlessService, port } = names;
  return text
    .replace(/\bgreeter-headless\.lbscope\.svc\b/g, `${headlessService}.${namespace}.svc`)
    .replace(/\bgreeter\.lbscope\.svc\b/g, `${service}.${namespace}.svc`)
    .replace(/\b([a-z0-9-]+)\.lbscope\.svc\b/g, `$1.${namespace}.svc`)
    .replace(/\bnamespace: lbscope\b/g, `namespace: ${namespace}`)
    .replace(/\bvalue: greeter # service\b/g, `value: ${service}`)
    .replace(/\b50051\b/g, String(port))
    .replace(/\d+("?) # workers\b/g, (whole, quote) =>
      workers === undefined ? whole : `${workers}${quote} # workers`,
    );
}
