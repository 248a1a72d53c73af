/**
 * "12 345", with a thin space, rounded to a whole number. A screen writes some hundred of these with each report, and
 * `toLocaleString` asks the browser's whole knowledge of languages for each.
 */
export function grouped(value: number): string {
  const rounded = Math.round(value);
  const digits = String(Math.abs(rounded));
  if (digits.length < 4) return String(rounded);
  const first = digits.length % 3;
  const parts = first === 0 ? [] : [digits.slice(0, first)];
  for (let i = first; i < digits.length; i += 3) parts.push(digits.slice(i, i + 3));
  return `${rounded < 0 ? '-' : ''}${parts.join('\u2009')}`;
}
