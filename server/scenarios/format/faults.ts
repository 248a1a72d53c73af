import { type Document, isMap, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';

/** Line and column from 1; 0 is the file as a whole. */
export interface Fault {
  readonly line: number;
  readonly column: number;
  /** Names the place and what is allowed. */
  readonly message: string;
}

export type Path = readonly (string | number)[];

/** A YAML text that knows where each of its values stands. */
export class Source {
  readonly value: unknown;
  readonly syntax: readonly Fault[];
  readonly #document: Document;
  readonly #lines = new LineCounter();

  constructor(text: string) {
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      version: '1.2',
      // Or what is odd in someone's file would be written into the agent's log.
      logLevel: 'error',
    });
    this.syntax = this.#document.errors.map(({ pos, message }) => ({ ...this.#at(pos[0]), message }));
    this.value = this.syntax.length > 0 ? undefined : this.#toValue();
  }

  #toValue(): unknown {
    try {
      // Aliases are bounded by the package: a small file must not become a large one.
      const value: unknown = this.#document.toJS();
      if (!holdsItself(value)) return value;
      throw new Error('An alias stands within the value that it stands for: allowed are values with an end');
    } catch (error) {
      (this.syntax as Fault[]).push({
        line: 1,
        column: 1,
        message: error instanceof Error ? error.message : String(error),
      });
      return undefined;
    }
  }

  /** A fault at the value of that path, or at what holds it when it is missing. `key`: at the key, not at its value. */
  fault(path: Path, message: string, key = false): Fault {
    return { ...this.#at(this.#offset(path, key)), message };
  }

  #offset(path: Path, key: boolean): number {
    for (let length = path.length; length >= 0; length -= 1) {
      const inner = path.slice(0, length);
      if (key && length > 0 && length === path.length) {
        const holder = length === 1 ? this.#document.contents : (this.#document.getIn(path.slice(0, -1), true) as Node);
        if (isMap(holder)) {
          const pair = holder.items.find(
            (each) => isPair(each) && isScalar(each.key) && each.key.value === path.at(-1),
          );
          const range = (pair?.key as Node | undefined)?.range;
          if (range) return range[0];
        }
      }
      const node = (length === 0 ? this.#document.contents : this.#document.getIn(inner, true)) as Node | undefined;
      if (node?.range) return node.range[0];
    }
    return 0;
  }

  #at(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

/** An anchor with an alias to it inside. */
function holdsItself(value: unknown, within: ReadonlySet<unknown> = new Set()): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (within.has(value)) return true;
  const here = new Set(within).add(value);
  return Object.values(value).some((each) => holdsItself(each, here));
}

/** "steps[2].scale" */
export function pathText(path: Path): string {
  if (path.length === 0) return 'the file';
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}

const longest = 60;

export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}

/** zod's issues as sentences in the API's manner: place, value, what is allowed. `base` is where the checked value stands. */
export function faultsOf(source: Source, base: Path, value: unknown, error: z.ZodError): Fault[] {
  return error.issues.flatMap((issue) => {
    const path = [...base, ...(issue.path as Path)];
    const at = valueAt(value, issue.path as Path);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) =>
        source.fault([...path, key], `${pathText([...path, key])} is not known: ${issue.message}`, true),
      );
    }
    if (at === undefined) return [source.fault(path, `${pathText(path)} is missing: allowed is ${issue.message}`)];
    return [source.fault(path, `${pathText(path)} is ${show(at)}: allowed is ${deepest(issue)}`)];
  });
}

/** Of a union the alternative that came furthest says more than "none of them"; where none did, the union's own words. */
function deepest(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union') return issue.message;
  const inner = issue.errors.flat().filter((each) => each.path.length > 0 || each.code === 'unrecognized_keys');
  const [first] = inner;
  if (first === undefined) return issue.message;
  const place = first.path.length > 0 ? `${pathText(first.path as Path)}: ` : '';
  const keys = first.code === 'unrecognized_keys' ? `${first.keys.join(', ')} is not known; ` : '';
  return `${issue.message} (${place}${keys}${deepest(first)})`;
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) at = (at as Record<string | number, unknown> | undefined | null)?.[part];
  return at;
}
