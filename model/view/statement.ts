/**
 * What a sentence states, without its numbers: while it stays the same, only numbers move, and nothing fades or jumps.
 */
export function statementOf(sentence: string): string {
  return sentence.replace(/\d+([.,\u2009]\d+)*/g, '#').replace(/#\s*(ms|s|min|h|d)\b/g, '#');
}
