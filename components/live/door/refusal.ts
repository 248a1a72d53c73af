import { lastEnvelope } from './envelopes.ts';

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
  return new Response(lastEnvelope(code, message), {
    headers: { 'content-type': contentType, 'cache-control': 'no-store' },
  });
}
