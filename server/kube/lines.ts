import { StringDecoder } from 'node:string_decoder';

/** An object of the API is at most 1.5 MiB in etcd; the JSON of a watch event can't be much longer. */
const maxLineChars = 8 * 1024 * 1024;

/** Cuts a watch's bytes into lines, whatever the chunks are. Empty lines are dropped. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Returns what is wrong with the stream, or undefined. */
  push(chunk: Buffer): string | undefined {
    let text = this.#rest + this.#decoder.write(chunk);
    let at = text.indexOf('\n');
    while (at !== -1) {
      const line = text.slice(0, at).trim();
      text = text.slice(at + 1);
      if (line !== '') this.#onLine(line);
      at = text.indexOf('\n');
    }
    this.#rest = text;
    return text.length > maxLineChars ? 'a line of the watch is too long' : undefined;
  }
}
