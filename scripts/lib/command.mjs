// Runs a program of the set-up; its output is kept and shown only when it fails.
import { spawn } from 'node:child_process';
import { environment, root } from './node.mjs';
import { StepError } from './say.mjs';

/** Resolves with what was printed; rejects with a StepError that carries the last lines. */
export function command(step, program, args, { advice = '', env = {}, show = false, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: environment(env),
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => reject(new StepError(step, `${program} could not be run (${error.message})`, advice)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const tail = output.trim().split('\n').slice(-30).join('\n');
      reject(
        new StepError(step, `${program} ended with ${signal ?? `status ${code}`}${tail ? `\n${tail}` : ''}`, advice),
      );
    });
  });
}
