/** Number and unit with a space as wide as between words: the narrow one is too narrow to be read across a room. */
export function spaced(text: string): string {
  return text.replaceAll('\u202f', '\u00a0');
}
