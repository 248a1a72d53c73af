import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { squeezedFetch, squeezedHeader } from './squeezed.ts';

afterEach(() => vi.unstubAllGlobals());

function serve(answer: (headers: Headers) => Response) {
  const asked: Headers[] = [];
  vi.stubGlobal('fetch', async (_: unknown, init?: RequestInit) => {
    const headers = new Headers(init?.headers);
    asked.push(headers);
    return answer(headers);
  });
  return asked;
}
const stream = { method: 'POST', headers: { 'content-type': 'application/connect+proto', authorization: 'Bearer x' } };

describe('squeezedFetch', () => {
  it('asks for a packed stream, keeps what else was asked, and unpacks it', async () => {
    const asked = serve(() => new Response(gzipSync('frames'), { headers: { [squeezedHeader]: 'gzip' } }));
    expect(await (await squeezedFetch('/rpc/x', stream)).text()).toBe('frames');
    expect(asked[0]?.get(squeezedHeader)).toBe('gzip');
    expect(asked[0]?.get('authorization')).toBe('Bearer x');
  });

  it('takes what is not packed as it is', async () => {
    serve(() => new Response('frames'));
    expect(await (await squeezedFetch('/rpc/x', stream)).text()).toBe('frames');
  });

  it('single answers, and browsers that cannot unpack, ask for nothing', async () => {
    const asked = serve(() => new Response('{}'));
    await squeezedFetch('/rpc/x', { method: 'POST', headers: { 'content-type': 'application/proto' } });
    vi.stubGlobal('DecompressionStream', undefined);
    await squeezedFetch('/rpc/x', stream);
    expect(asked.map((headers) => headers.get(squeezedHeader))).toEqual([null, null]);
  });
});
