/** The lab's program: reads its options, starts the embedded cluster, says that it is ready, and ends everything. */
import { endWithStdin } from '../process/stdin-life.ts';
import { startLab } from './lab.ts';
import { parseOptions, usage } from './options.ts';

/** Even a pod that can't be ended must not keep the lab from ending. */
const endWithinMs = 5_000;

const say = (line: string) => process.stdout.write(`${line}\n`);
const warn = (line: string) => process.stderr.write(`${line}\n`);
// Whoever read our output may be gone; the pods still have to be ended.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const parsed = parseOptions(process.argv.slice(2), process.env);
if (parsed.kind === 'help') {
  say(usage);
} else if (parsed.kind === 'faults') {
  warn(`${parsed.faults.length === 1 ? 'One option is' : 'Several options are'} not right:`);
  for (const fault of parsed.faults) warn(`  ${fault}`);
  process.exitCode = 2;
} else {
  const starting = startLab(parsed.options, process.env);

  let ending = false;
  const end = (code: number) => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(code), endWithinMs);
    void starting
      .then((outcome) => (outcome.kind === 'running' ? outcome.lab.stop() : undefined))
      .catch((error: unknown) => warn(`the lab did not end well: ${String(error)}`))
      .finally(() => process.exit(code));
  };
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  endWithStdin(() => end(0));
  // A fault in one part: end whole, so that the supervisor starts a whole lab again.
  const fault = (error: unknown) => {
    warn(`the lab failed: ${error instanceof Error ? error.stack : String(error)}`);
    end(1);
  };
  process.on('uncaughtException', fault);
  process.on('unhandledRejection', fault);

  const outcome = await starting;
  if (outcome.kind === 'refused') {
    warn(outcome.reason);
    process.exit(1);
  }
  const { ready } = outcome.lab;
  say('The embedded cluster runs. In another terminal:');
  say(`  kubectl --server ${ready.api} -n lbscope get pods -w`);
  say(`  kubectl --server ${ready.api} -n lbscope scale deployment greeter --replicas 5`);
  say(`  export KUBECONFIG=${ready.kubeconfig}   # then plain kubectl`);
  for (const note of ready.notes) say(`Note: ${note}`);
  say(JSON.stringify(ready));
}
