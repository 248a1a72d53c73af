/** One JSON line a message, as the other programs write them, without the start-up time of a logging library. */
export function log(level: 'info' | 'warn' | 'error', msg: string, fields: Record<string, unknown> = {}): void {
  process.stdout.write(
    `${JSON.stringify({ level, time: new Date().toISOString(), program: 'pod', msg, ...fields })}\n`,
  );
}
