import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { squeeze } from './squeeze.ts';

/** A source that gives a piece when told, and says when it was left. */
function source() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let left: () => void = () => {};
  const cancelled = new Promise<void>((resolve) => {
    left = resolve;
  });
  const stream = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel() {
      left();
    },
  });
  return {
    stream,
    cancelled,
    give: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
    fail: () => controller?.error(new Error('reset')),
    close: () => controller?.close(),
  };
}

const plain = async (stream: ReadableStream<Uint8Array>) =>
  stream.pipeThrough(new DecompressionStream('gzip') as unknown as TransformStream<Uint8Array, Uint8Array>).getReader();

async function next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  return new TextDecoder().decode((await reader.read()).value);
}

describe('squeeze', () => {
  it('hands each piece on when it comes, without waiting for more', async () => {
    const { stream, give } = source();
    const reader = await plain(squeeze(stream));
    give('first');
    expect(await next(reader)).toBe('first');
    give('second');
    expect(await next(reader)).toBe('second');
    await reader.cancel();
  });

  it('what was sent before makes what follows small', async () => {
    const { stream, give, close } = source();
    const frame = JSON.stringify(
      Array.from({ length: 120 }, (_, i) => ({ podUid: `${i}-5f1c0b6e-8d3a-4b7e`, answered: 4 })),
    );
    for (let i = 0; i < 20; i += 1) give(frame);
    close();
    const bytes = new Uint8Array(await new Response(squeeze(stream)).arrayBuffer());
    expect(gunzipSync(bytes).toString()).toBe(frame.repeat(20));
    expect(bytes.length).toBeLessThan(frame.length * 2);
  });

  it('a reset stays a reset, and who leaves ends the source', async () => {
    const broken = source();
    const answer = new Response(squeeze(broken.stream)).text();
    broken.give('first');
    broken.fail();
    await expect(answer).rejects.toThrow();

    const { stream, cancelled, give } = source();
    const reader = squeeze(stream).getReader();
    give('first');
    await reader.read();
    await reader.cancel();
    await cancelled;
  });
});
