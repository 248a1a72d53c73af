import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

export type Found = { readonly path: string } | { readonly unavailable: true; readonly reason: string };

/** Where Debian keeps servers, which is not on everyone's PATH. */
const alsoIn = ['/usr/sbin', '/usr/local/sbin'];

/** NAME_BIN (HAPROXY_BIN), then PATH. A pod asks again at each start, so a program installed meanwhile is found. */
export async function findProgram(name: string, env: Readonly<Record<string, string | undefined>>): Promise<Found> {
  const variable = `${name.toUpperCase()}_BIN`;
  const given = env[variable];
  if (given) {
    const path = resolve(given);
    if (await executable(path)) return { path };
    return { unavailable: true, reason: `${variable} is ${given}, which is not a program that can be run` };
  }
  for (const folder of [...(env.PATH ?? '').split(delimiter), ...alsoIn]) {
    const path = join(folder, name);
    if (isAbsolute(folder) && (await executable(path))) return { path };
  }
  return {
    unavailable: true,
    reason: `no ${name} was found on this machine: install it (Debian: apt install ${name}) or set ${variable}`,
  };
}

async function executable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
