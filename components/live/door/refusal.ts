/** An error as the Connect protocol writes it: clients read code and message from the body. */
export function refusal(status: number, code: string, message: string, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ code, message }), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  });
}

/**
 * The same for a request whose answer is a stream: the Connect protocol tells its errors in the last envelope of a
 * stream that began well; with any other status a client would see the number only.
 */
export function streamRefusal(contentType: string, code: string, message: string): Response {
  const body = new TextEncoder().encode(JSON.stringify({ error: { code, message } }));
  const envelope = new Uint8Array(5 + body.length);
  // Flag 2: end of stream.
  envelope[0] = 2;
  new DataView(envelope.buffer).setUint32(1, body.length);
  envelope.set(body, 5);
  return new Response(envelope, { headers: { 'content-type': contentType, 'cache-control': 'no-store' } });
}
