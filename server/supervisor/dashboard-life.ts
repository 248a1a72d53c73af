/**
 * Preloaded into the dashboard's server (`node --import`). Next waits for open streams on SIGTERM, and every viewer
 * holds one; and it knows nothing of a supervisor. So both end it here, at once: viewers reconnect by themselves.
 */
const end = (): void => process.exit(0);
process.once('SIGTERM', end);
process.once('SIGINT', end);
if (process.env.LBSCOPE_SUPERVISED === '1') {
  process.stdin.on('end', end).on('close', end).on('error', end).resume();
}
