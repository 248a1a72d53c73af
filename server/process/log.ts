import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** One JSON line per message on stderr. Written at once: the last words before an exit are the ones that matter. */
export function createLog(program: string, env: NodeJS.ProcessEnv = process.env): Logger {
  const asked = env.LBSCOPE_LOG_LEVEL ?? 'info';
  const log = pino(
    { base: { program }, level: levels.includes(asked) ? asked : 'info', timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
  if (!levels.includes(asked)) log.warn(`LBSCOPE_LOG_LEVEL is "${asked}"; allowed: ${levels.join(', ')}. Using info.`);
  return log;
}
