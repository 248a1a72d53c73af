/** What the tests of this folder run: pods and Envoy as the kubelet starts them, by their programs and not by import. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { Json } from '../store-port.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Every object of k8s/base, as the lab reads them: the files that kustomization.yaml lists. */
export async function baseObjects(): Promise<Json[]> {
  const [list] = await documents('kustomization.yaml');
  return (await Promise.all(list.resources.map(documents))).flat();
}

async function documents(name: string): Promise<Json[]> {
  const text = await readFile(path(`../../../k8s/base/${name}`), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS());
}

export async function baseObject(kind: string, name: string): Promise<Json> {
  return (await baseObjects()).find((object) => object.kind === kind && object.metadata.name === name);
}

export function startPod(ip: string): Promise<ChildProcess> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    POD_NAME: `greeter-${ip}`,
    POD_UID: `uid-${ip}`,
    POD_IP: ip,
    NODE_NAME: 'node-1',
    LISTEN_ADDRESS: ip,
    LBSCOPE_SUPERVISED: '1',
  };
  const child = spawn(process.execPath, [path('../../pod/main.ts')], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  return new Promise((done, failed) => {
    child.stdout.on('data', (chunk) => {
      if (String(chunk).includes('"serving"')) done(child);
    });
    child.on('exit', (code) => failed(new Error(`the pod at ${ip} ended with ${code}`)));
  });
}

/** Under the keeper, so that a test that dies takes its Envoy along. */
export function startKept(command: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [path('../../process/keeper.ts'), '--', command, ...args], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.stdin?.end();
  await exit;
}

export async function until(check: () => Promise<boolean> | boolean, what: string, limitMs = 15_000): Promise<void> {
  const begun = performance.now();
  for (;;) {
    if (await check()) return;
    if (performance.now() - begun > limitMs) throw new Error(`did not happen within ${limitMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
