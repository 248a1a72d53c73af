#!/usr/bin/env node
// The image's one program: `lbscope pod | ads | agent | dashboard`. Each is a bundle beside this file; the process it runs in is
// PID 1 of its container, and the bundle installs the signal handlers that PID 1 needs.
import { existsSync } from 'node:fs';

const here = new URL('.', import.meta.url);
const at = (path) => new URL(path, here).href;

const programs = {
  pod: [at('dist/pod.mjs')],
  ads: [at('dist/ads.mjs')],
  agent: [at('dist/agent.mjs')],
  dashboard: [at('dist/dashboard-life.mjs'), at('dashboard/server.js')],
};

const name = process.argv[2] ?? '';
const files = Object.hasOwn(programs, name) ? programs[name] : undefined;
if (files === undefined) {
  process.stderr.write(`"${name}" is not a part of lbscope: allowed are ${Object.keys(programs).join(', ')}\n`);
  process.exit(2);
}
for (const file of files) {
  if (existsSync(new URL(file))) continue;
  process.stderr.write(`this image holds no ${name}: ${new URL(file).pathname} is missing\n`);
  process.exit(2);
}
// The programs read their own arguments from where a program of its own would find them.
process.argv.splice(2, 1);
for (const file of files) await import(file);
