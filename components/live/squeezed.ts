/** With the value `gzip`: in a request, that the page can unpack the answer; in an answer, that it is packed. */
export const squeezedHeader = 'lbscope-squeezed';

/**
 * `fetch` for streams of frames: asks for one gzip stream and unpacks it as it comes. Frames name the same pods over and
 * over, so a viewer needs about a fifth of the bytes. A browser that can't unpack gets them plain.
 */
export const squeezedFetch: typeof fetch = async (input, init) => {
  const headers = new Headers(init?.headers);
  const type = headers.get('content-type') ?? '';
  if (typeof DecompressionStream === 'undefined' || !type.startsWith('application/connect+')) return fetch(input, init);
  headers.set(squeezedHeader, 'gzip');
  const answer = await fetch(input, { ...init, headers });
  if (answer.body === null || answer.headers.get(squeezedHeader) !== 'gzip') return answer;
  const { status, statusText } = answer;
  const unpack = new DecompressionStream('gzip') as unknown as TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >;
  return new Response(answer.body.pipeThrough(unpack), { status, statusText, headers: answer.headers });
};
