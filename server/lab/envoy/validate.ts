import { execFile } from 'node:child_process';

export type Validation = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Takes 0.1 s; more than this is a machine in trouble. */
const limitMs = 15_000;

/** Lets Envoy itself check a configuration (`--mode validate`), so that a fault has a reason rather than a crash loop. */
export function validateConfig(
  binary: string,
  configFile: string,
  extraArgs: readonly string[] = [],
): Promise<Validation> {
  return new Promise((done) => {
    execFile(
      binary,
      ['--mode', 'validate', '--config-path', configFile, '--log-level', 'error', '--log-format', '%v', ...extraArgs],
      { timeout: limitMs, killSignal: 'SIGKILL', maxBuffer: 4 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) return done({ ok: true });
        if (error.killed)
          return done({ ok: false, reason: `Envoy did not check its configuration within ${limitMs / 1000} s` });
        const lines = `${stderr}\n${stdout}`.split('\n').map((line) => line.trim());
        const said = lines.find((line) => line !== '') ?? error.message;
        return done({ ok: false, reason: `Envoy refuses its configuration: ${said.slice(0, 400)}` });
      },
    );
  });
}
