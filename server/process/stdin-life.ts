/**
 * Calls `onEnd` once when stdin closes, if a supervisor says that it holds the other end (LBSCOPE_SUPERVISED=1).
 * A pipe closes however its owner ended, SIGKILL included; no signal or poll of the parent's pid is as sure.
 * Without a supervisor stdin means nothing (a container's is closed from the start), and nothing happens.
 */
export function endWithStdin(
  onEnd: () => void,
  options: { env?: NodeJS.ProcessEnv; stdin?: NodeJS.ReadStream } = {},
): void {
  const { env = process.env, stdin = process.stdin } = options;
  if (env.LBSCOPE_SUPERVISED !== '1') return;
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    onEnd();
  };
  stdin.on('end', end);
  stdin.on('close', end);
  stdin.on('error', end);
  stdin.resume();
}
