import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ScenarioFile {
  /** The file's name without ".yaml". */
  readonly id: string;
  readonly text: string;
}

/** The scenario files of a folder. Read anew each time, so that an edited file counts at once. */
export interface Library {
  list(): ScenarioFile[];
  get(id: string): ScenarioFile | undefined;
}

const suffix = '.yaml';
const idPattern = /^[a-z0-9][a-z0-9-]{0,63}$/;

export function libraryOf(folder: string): Library {
  const read = (id: string): ScenarioFile | undefined => {
    // The id is part of a path: nothing but a plain name may be.
    if (!idPattern.test(id)) return undefined;
    try {
      return { id, text: readFileSync(join(folder, id + suffix), 'utf8') };
    } catch {
      return undefined;
    }
  };
  return {
    list() {
      let names: string[];
      try {
        names = readdirSync(folder);
      } catch {
        return [];
      }
      return names
        .filter((name) => name.endsWith(suffix))
        .sort()
        .flatMap((name) => read(name.slice(0, -suffix.length)) ?? []);
    },
    get: read,
  };
}
