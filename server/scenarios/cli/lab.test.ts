import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** The real thing: `npm run scenario` starts a lab and an agent of its own (the bundles are those that npm test has made). */
const root = join(import.meta.dirname, '../../..');
const program = join(root, 'dist', 'scenario.mjs');
const full = process.env.LBSCOPE_TEST_FULL === '1';
const quick = ['one-connection-pins', 'scale-up-who-notices', 'unready-but-alive'];
/** Enough for all of them on a busy machine; a run that hangs is a fault. */
const withinMs = full ? 900_000 : 150_000;

interface Output {
  readonly status: number;
  readonly json: {
    readonly status: number;
    readonly scenarios: {
      readonly name: string;
      readonly outcome: string;
      readonly reason: string;
      readonly restored: readonly string[];
      readonly scenario: {
        readonly questions: readonly { readonly choices: readonly string[]; readonly right: readonly number[] }[];
        readonly expectations: readonly { readonly state: string; readonly text: string; readonly finding: string }[];
      };
    }[];
  };
}

function run(args: readonly string[]): Promise<Output> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [program, ...args, '--json'],
      { cwd: root, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        try {
          resolve({ status: typeof error?.code === 'number' ? error.code : 0, json: JSON.parse(stdout) });
        } catch {
          reject(new Error(`${error}\n${stderr}`));
        }
      },
    );
  });
}

test.runIf(existsSync(program))(
  full
    ? 'every scenario that ships passes on the lab'
    : 'three scenarios pass on the lab, and their questions are answered',
  { timeout: withinMs },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lbscope-scenarios-'));
    try {
      const report = join(folder, 'report.html');
      const files = quick.map((name) => join('scenarios', `${name}.yaml`));
      const { status, json } = await run([...(full ? ['--all'] : files), '--report', report]);
      const wrong = json.scenarios.flatMap(({ name, outcome, reason, scenario }) =>
        outcome === 'pass'
          ? []
          : [{ name, outcome, reason, expectations: scenario.expectations.filter(({ state }) => state !== 'pass') }],
      );
      expect(wrong).toEqual([]);
      expect(status).toBe(0);
      const right = (name: string) => {
        const question = json.scenarios.find((each) => each.name === name)?.scenario.questions[0];
        return question?.right.map((choice) => question.choices[choice]);
      };
      expect(right('one-connection-pins')).toEqual(['One']);
      expect(right('scale-up-who-notices')).toEqual(['kube-watch']);
      expect(right('unready-but-alive')).toEqual(['It stays']);
      for (const { restored } of json.scenarios) {
        expect(restored.filter((sentence) => sentence.startsWith('not restored'))).toEqual([]);
      }
      expect(readFileSync(report, 'utf8')).toContain('</html>');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test.runIf(existsSync(program))('a report that cannot be kept is known before anything is started', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbscope-scenarios-'));
  try {
    for (const [flag, file, code] of [
      ['--report', join(folder, 'none', 'report.html'), 'ENOENT'],
      ['--junit', folder, 'EISDIR'],
    ] as const) {
      const { status, stderr } = await new Promise<{ status: unknown; stderr: string }>((resolve) => {
        execFile(process.execPath, [program, 'scenarios/none.yaml', flag, file], { cwd: root }, (error, _, text) =>
          resolve({ status: error?.code, stderr: text }),
        );
      });
      expect(stderr).toContain(`${file} can't be written (${code})`);
      expect(status).toBe(3);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
