import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Environment } from '../clock.ts';
import type { Json } from '../store-port.ts';
import { checkGrpcHealth } from './grpc-health.ts';
import type { ProbeOutcome } from './probe-outcome.ts';

/** What a probe or hook needs to know about the container it looks at. */
export interface ProbeTarget {
  /** Where the container's port is dialled. */
  dial(port: number): { host: string; port: number };
  /** Names of the container's ports, for `port: status`. */
  readonly portNames: ReadonlyMap<string, number>;
  /** For exec: program, arguments and environment as the container would see them. */
  command(words: readonly string[]): { command: string; args: string[]; env: Environment; cwd: string };
}

/** One attempt of a probe or of a lifecycle hook's action. Never throws. */
export function act(action: Json, target: ProbeTarget, timeoutMs: number): Promise<ProbeOutcome> {
  if (action.grpc) {
    const { host, port } = target.dial(Number(action.grpc.port));
    return checkGrpcHealth(host, port, action.grpc.service ?? '', timeoutMs);
  }
  if (action.httpGet) return httpGet(action.httpGet, target, timeoutMs);
  if (action.tcpSocket) {
    const port = portOf(action.tcpSocket.port, target);
    return port === undefined ? unknownPort(action.tcpSocket.port) : tcpConnect(target.dial(port), timeoutMs);
  }
  if (action.exec) return exec(action.exec.command ?? [], target, timeoutMs);
  return Promise.resolve({ kind: 'failure', message: 'the probe has no action: grpc, httpGet, tcpSocket or exec' });
}

function portOf(port: unknown, target: ProbeTarget): number | undefined {
  if (typeof port === 'number') return port;
  return target.portNames.get(String(port)) ?? (/^\d+$/.test(String(port)) ? Number(port) : undefined);
}

const unknownPort = (port: unknown): Promise<ProbeOutcome> =>
  Promise.resolve({ kind: 'failure', message: `the container has no port named "${port}"` });

function httpGet(action: Json, target: ProbeTarget, timeoutMs: number): Promise<ProbeOutcome> {
  const port = portOf(action.port, target);
  if (port === undefined) return unknownPort(action.port);
  if ((action.scheme ?? 'HTTP') !== 'HTTP') {
    return Promise.resolve({ kind: 'failure', message: `scheme ${action.scheme} is not supported by the lab` });
  }
  return new Promise((resolve) => {
    const headers: Record<string, string> = { 'user-agent': 'kube-probe/lab', accept: '*/*' };
    for (const { name, value } of action.httpHeaders ?? []) headers[String(name).toLowerCase()] = String(value);
    const call = request(
      { ...target.dial(port), path: action.path ?? '/', headers, agent: false, timeout: timeoutMs },
      (answer) => {
        answer.resume();
        const code = answer.statusCode ?? 0;
        // A kubelet counts redirects as success.
        if (code >= 200 && code < 400) resolve({ kind: 'success' });
        else resolve({ kind: 'failure', message: `HTTP probe failed with statuscode: ${code}` });
        clearTimeout(limit);
        call.destroy();
      },
    );
    const limit = setTimeout(() => call.destroy(new Error(`no answer within ${timeoutMs / 1000}s`)), timeoutMs);
    call.on('error', (error) => {
      clearTimeout(limit);
      resolve({ kind: 'failure', message: `Get "http://…:${port}${action.path ?? '/'}": ${error.message}` });
    });
    call.end();
  });
}

function tcpConnect(address: { host: string; port: number }, timeoutMs: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const finish = (outcome: ProbeOutcome) => {
      clearTimeout(limit);
      socket.destroy();
      resolve(outcome);
    };
    const limit = setTimeout(() => finish({ kind: 'failure', message: 'dial tcp: i/o timeout' }), timeoutMs);
    socket.once('connect', () => finish({ kind: 'success' }));
    socket.once('error', (error) => finish({ kind: 'failure', message: `dial tcp: ${error.message}` }));
  });
}

function exec(words: readonly string[], target: ProbeTarget, timeoutMs: number): Promise<ProbeOutcome> {
  if (words.length === 0) return Promise.resolve({ kind: 'failure', message: 'exec has no command' });
  return new Promise((resolve) => {
    const { command, args, env, cwd } = target.command(words);
    const child = spawn(command, args, { env: env as NodeJS.ProcessEnv, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-500);
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('error', (error) => {
      clearTimeout(limit);
      resolve({ kind: 'failure', message: `exec of "${command}" failed: ${error.message}` });
    });
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      if (code === 0) resolve({ kind: 'success' });
      else if (signal === 'SIGKILL') resolve({ kind: 'failure', message: `no end within ${timeoutMs / 1000}s` });
      else resolve({ kind: 'failure', message: `command exited with ${code ?? signal}: ${said.trim()}` });
    });
  });
}
