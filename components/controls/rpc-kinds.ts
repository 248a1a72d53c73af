import type { RpcKind } from '../../model/words.ts';

/** The kinds of call in the words of the screen. */
export const kinds: Record<RpcKind, { word: string; what: string }> = {
  unary: { word: 'unary', what: 'one question, one answer' },
  server_stream: { word: 'server stream', what: 'one question, many answers' },
  client_stream: { word: 'client stream', what: 'many questions, one answer' },
  bidi: { word: 'bidi stream', what: 'many both ways' },
};

export function kindWord(kind: string): string {
  return kind in kinds ? kinds[kind as RpcKind].word : kind;
}
