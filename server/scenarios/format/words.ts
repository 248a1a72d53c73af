import { z } from 'zod';

/** What is allowed stands in the schema as the error text, so that a fault and the editor's hint say the same. */
export const says = (allowed: string) => ({ error: allowed });

export function whole(least: number, most: number) {
  const allowed = `a whole number from ${least} to ${most}`;
  return z.number(says(allowed)).int(says(allowed)).min(least, says(allowed)).max(most, says(allowed));
}

export function number(least: number, most: number) {
  const allowed = `a number from ${least} to ${most}`;
  return z.number(says(allowed)).min(least, says(allowed)).max(most, says(allowed));
}

export function text(most: number) {
  const allowed = `a text of 1 to ${most} characters`;
  return z.string(says(allowed)).trim().min(1, says(allowed)).max(most, says(allowed));
}

export function word<const W extends readonly [string, ...string[]]>(words: W) {
  return z.enum(words, says(`one of ${words.join(', ')}`));
}

const durationText = 'a duration such as 500ms, 3s or 2min, at most 30min';
const durationPattern = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|min)$/;
const units = { ms: 1, s: 1_000, min: 60_000 } as const;
const longestMs = 30 * 60_000;

/** Written as people write it; milliseconds once read. */
export const duration = z
  .string(says(durationText))
  .regex(durationPattern, says(durationText))
  .refine((written) => durationMs(written) <= longestMs, says(durationText))
  .meta({ examples: ['500ms', '3s', '2min'] });

export function durationMs(written: string): number {
  const [, amount, unit] = durationPattern.exec(written) ?? [];
  return Number(amount) * units[unit as keyof typeof units];
}

export const stepId = z
  .string(says('a name of 1 to 32 of a-z, 0-9 and -'))
  .regex(/^[a-z0-9-]{1,32}$/, says('a name of 1 to 32 of a-z, 0-9 and -'));

export const laneId = z
  .string(says('the id of a lane of this file'))
  .regex(/^[a-z0-9-]{1,32}$/, says('the id of a lane of this file'));

/** A mapping with these keys and no others. */
export function mapping<S extends z.core.$ZodLooseShape>(shape: S) {
  const keys = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `allowed are ${keys.join(', ')}` : `a mapping with ${keys.join(', ')}`,
  });
}

export function list<T extends z.ZodType>(item: T, least: number, most: number) {
  const allowed = `a list of ${least} to ${most}`;
  return z.array(item, says(allowed)).min(least, says(allowed)).max(most, says(allowed));
}
