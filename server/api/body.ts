import type { IncomingMessage } from 'node:http';

/** The whole body, if it is not larger than the limit; never throws for what the peer does. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | 'too large' | 'aborted'> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return 'too large';
  const pieces: Buffer[] = [];
  let size = 0;
  return new Promise((resolve) => {
    request.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > limit) resolve('too large');
      else pieces.push(piece);
    });
    request.once('end', () => resolve(Buffer.concat(pieces)));
    request.once('error', () => resolve('aborted'));
    request.once('close', () => resolve('aborted'));
  });
}
