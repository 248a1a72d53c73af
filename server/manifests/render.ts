import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';

// biome-ignore lint/suspicious/noExplicitAny: Kubernetes objects are open; each caller narrows what it reads.
export type Manifest = any;

const k8s = resolve(import.meta.dirname, '../../k8s');

/** LBSCOPE_KUBECTL names another one than PATH's, to try several versions. */
export const kubectl = process.env.LBSCOPE_KUBECTL ?? 'kubectl';

/** Of kubectl and of the kustomize in it; undefined: there is none here. */
export const kubectlVersion = ((): string | undefined => {
  try {
    const text = execFileSync(kubectl, ['version', '--client', '-o', 'json'], { encoding: 'utf8', stdio: 'pipe' });
    const { clientVersion, kustomizeVersion } = JSON.parse(text);
    return `${clientVersion.gitVersion} with kustomize ${kustomizeVersion}`;
  } catch {
    return undefined;
  }
})();

/** "base", "overlays/kind", ...: what `kubectl apply -k` may be given. */
export const kustomizations: readonly string[] = [
  'base',
  ...readdirSync(join(k8s, 'overlays'))
    .filter((name) => existsSync(join(k8s, 'overlays', name, 'kustomization.yaml')))
    .map((name) => `overlays/${name}`),
];

/** What presets apply over one of those: "ways-in/haproxy", ... */
export const waysIn: readonly string[] = readdirSync(join(k8s, 'ways-in')).map((name) => `ways-in/${name}`);

export function folderOf(kustomization: string): string {
  return join(k8s, kustomization);
}

/** Its objects, as kubectl builds them. Rejects with kubectl's own words. */
export async function build(kustomization: string): Promise<Manifest[]> {
  const { stdout } = await promisify(execFile)(kubectl, ['kustomize', folderOf(kustomization)]);
  return parseAllDocuments(stdout).map((document) => document.toJS());
}
