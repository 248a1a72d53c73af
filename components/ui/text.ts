/** Number and unit with a space as wide as between words: the narrow one is too narrow to be read across a room. */
export function spaced(text: string): string {
  return text.replaceAll('\u202f', '\u00a0');
}

/** A reason of the agent, which begins small, as a sentence of its own. */
export function sentence(text: string): string {
  if (text === '') return '';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
