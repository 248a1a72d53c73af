/** The program of a greeter pod, in the lab and in a container alike. README.md lists its environment. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { endWithStdin } from '../process/stdin-life.ts';
import { parseCallTokens, requireTokens } from './call-tokens.ts';
import { FromFiles } from './file-watch.ts';
import { countIncarnation } from './incarnation.ts';
import { log } from './log.ts';
import { startPod } from './pod.ts';
import { readSettings } from './settings.ts';

/** As a shell reports a process ended by SIGKILL: what a kubelet shows for a crash. */
const crashExitCode = 137;

// Whoever read the log may be gone: that must not end a pod that serves.
process.stdout.on('error', () => {});

const parsed = readSettings(process.env);
if (!parsed.ok) {
  for (const fault of parsed.faults) log('error', fault);
  process.exit(2);
}
const { settings } = parsed;
const incarnation = countIncarnation(settings.stateDir, settings.podUid);
if (incarnation.problem !== undefined) log('warn', incarnation.problem);

const files = {
  read: (path: string) => readFileSync(path, 'utf8'),
  now: () => performance.now(),
  onFault: (fault: string) => log('error', fault),
};
const { tls: tlsFiles, callTokensFile } = settings;
const certificate =
  tlsFiles === undefined
    ? undefined
    : new FromFiles(
        [tlsFiles.certFile, tlsFiles.keyFile],
        ([cert = '', key = '']) => {
          // Throws on what is no pair of certificate and key, as they are for a moment when a Secret changes.
          createSecureContext({ cert, key });
          return { cert, key };
        },
        files,
      );
const tokens =
  callTokensFile === undefined
    ? undefined
    : new FromFiles([callTokensFile], ([text = '']) => parseCallTokens(text), files);
// Without a certificate at the start nothing could be served: better a crash that says so than a pod that looks fine.
if (certificate !== undefined && certificate.value === undefined) process.exit(2);

// Not a signal to ourselves: as PID 1 of a container this process is immune to its own SIGKILL.
const exitNow = () => process.exit(crashExitCode);

try {
  const pod = await startPod({
    identity: {
      uid: settings.podUid,
      name: settings.podName,
      ip: settings.podIP,
      node: settings.nodeName,
      version: settings.version,
      incarnation: incarnation.value,
      startedAtMs: Date.now(),
    },
    listenAddress: settings.listenAddress,
    port: settings.port,
    controlPort: settings.controlPort,
    jsonPort: settings.jsonPort,
    healthPort: settings.healthPort,
    tls: certificate === undefined ? undefined : () => certificate.value,
    authorize: tokens === undefined ? undefined : requireTokens(() => tokens.value),
    drainLimitMs: settings.drainLimitMs,
    connectionAge: settings,
    random: Math.random,
    exit: exitNow,
  });
  log('info', 'serving', {
    pod: settings.podName,
    address: `${settings.listenAddress}:${pod.port}`,
    ...(pod.jsonPort === undefined ? {} : { json: `${settings.listenAddress}:${pod.jsonPort}` }),
    ...(tlsFiles === undefined ? {} : { tls: true, callTokens: tokens !== undefined }),
    control: `${settings.listenAddress}:${pod.controlPort}`,
    incarnation: incarnation.value,
  });

  let ending = false;
  const end = (signal: string) => {
    if (ending) {
      log('warn', 'asked again: ending at once', { signal });
      process.exit(1);
    }
    ending = true;
    log('info', 'draining', { signal, limitMs: settings.drainLimitMs });
    void pod.drain().then(({ finished }) => {
      log(finished ? 'info' : 'warn', finished ? 'drained' : 'calls were still open at the limit: cut', { signal });
      process.exit(0);
    });
  };
  // PID 1 has no default action for signals: without these handlers a container would ignore them until SIGKILL.
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  endWithStdin(() => process.exit(0));
} catch (error) {
  log('error', `can't serve: ${(error as Error).message}`);
  process.exit(1);
}
