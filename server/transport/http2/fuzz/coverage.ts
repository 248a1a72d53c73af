import { Session } from 'node:inspector/promises';

/** V8's own coverage of the code under test, by blocks: what tells an input that reaches something new from one that does not. */
export class Coverage {
  private readonly session = new Session();
  private readonly seen = new Set<string>();

  async start(): Promise<void> {
    this.session.connect();
    await this.session.post('Profiler.enable');
    await this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Blocks reached so far. */
  get size(): number {
    return this.seen.size;
  }

  /** Whether a block was reached since the last look that was never known before. */
  async hasNews(): Promise<boolean> {
    for (const block of await this.reached()) if (!this.seen.has(block)) return true;
    return false;
  }

  /** The same, and from now on those blocks are known. */
  async learn(): Promise<boolean> {
    const before = this.seen.size;
    for (const block of await this.reached()) this.seen.add(block);
    return this.seen.size > before;
  }

  private async reached(): Promise<string[]> {
    const { result } = await this.session.post('Profiler.takePreciseCoverage');
    const blocks: string[] = [];
    for (const { url, functions } of result) {
      if (!/\/server\/transport\/http2\/(?!fuzz\/|testing\/)/.test(url)) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) blocks.push(`${url} ${startOffset} ${endOffset}`);
        }
      }
    }
    return blocks;
  }

  stop(): void {
    this.session.disconnect();
  }
}
