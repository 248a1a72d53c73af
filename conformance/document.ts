import type { ClientPlan, Family, Policy } from './clients.ts';
import { type Aspect, differences } from './compare.ts';
import { explanation, type Side } from './explanations.ts';
import type { Measured } from './measure.ts';

export interface RunResult {
  readonly date: string;
  readonly machine: string;
  readonly rate: number;
  readonly steps: readonly {
    readonly id: string;
    readonly title: string;
    readonly seconds: number;
    readonly backoffs?: true;
    /** From this step's trigger to the next one's; longer than it was watched, as acting takes time. */
    readonly tookS?: number;
    /** Share of it in which something waited for a processor. */
    readonly busy?: number;
  }[];
  readonly clients: readonly {
    readonly plan: ClientPlan;
    /** As the client itself says. */
    readonly version: string;
    /** Undefined: it ran to the end. */
    readonly ended?: string;
    readonly measured: readonly Measured[];
  }[];
  readonly notRun: Readonly<Partial<Record<Family, string>>>;
}

export interface Difference {
  readonly family: Family;
  readonly policy: Policy;
  readonly step: string;
  readonly aspect: Aspect;
  readonly why: string | undefined;
}

const policies: readonly Policy[] = ['round_robin', 'pick_first'];

/** Pairs that both ran, step by step. */
export function differencesOf(run: RunResult): Difference[] {
  return pairsOf(run).flatMap(({ family, policy, real, profile }) =>
    run.steps.flatMap(({ id, backoffs, seconds, busy }, index) => {
      const [a, b] = [real.measured[index], profile.measured[index]];
      if (a === undefined || b === undefined) return [];
      const [ours, theirs] = [sideOf(run, profile.measured, index, b), sideOf(run, real.measured, index, a)];
      return differences(a, b, backoffs).map((aspect) => {
        const at = { family, policy, step: id, aspect };
        return { ...at, why: explanation({ ...at, seconds, busy, rate: run.rate, real: theirs, profile: ours }) };
      });
    }),
  );
}

function sideOf(run: RunResult, steps: readonly Measured[], index: number, measured: Measured): Side {
  let ago = 0;
  for (let before = index - 1; before >= 0; before--) {
    const step = run.steps[before];
    ago += step?.tookS ?? step?.seconds ?? 0;
    const last = steps[before]?.lookups.at(-1);
    if (last !== undefined) return { measured, askedBeforeS: ago - last.afterS };
  }
  return { measured, askedBeforeS: undefined };
}

export function pairsOf(run: RunResult) {
  const families = [...new Set(run.clients.map(({ plan }) => plan.family))];
  return families.flatMap((family) =>
    policies.flatMap((policy) => {
      const of = (side: ClientPlan['side']) =>
        run.clients.find(({ plan }) => plan.family === family && plan.policy === policy && plan.side === side);
      const [real, profile] = [of('real'), of('profile')];
      return real === undefined || profile === undefined ? [] : [{ family, policy, real, profile }];
    }),
  );
}

/** docs/conformance.md, from one run. */
export function documentOf(run: RunResult): string {
  const found = differencesOf(run);
  const pairs = pairsOf(run);
  const compared = pairs.length * run.steps.length;
  const stepsApart = new Set(found.map(({ family, policy, step }) => `${family} ${policy} ${step}`)).size;
  const notRun = Object.entries(run.notRun).map(([family, why]) => `- **${family} itself was not run**: ${why}`);
  const sections = pairs.map(({ family, policy, real, profile }) => {
    const rows = run.steps.map(({ id, title }, index) => {
      const [a, b] = [real.measured[index], profile.measured[index]];
      if (a === undefined || b === undefined) return `| ${title} | | | not reached |`;
      const apart = found.filter((one) => one.family === family && one.policy === policy && one.step === id);
      return `| ${title} | ${cell(a)} | ${cell(b)} | ${verdict(apart)} |`;
    });
    const head = `| | ${family} ${real.version} | our profile ${family} | |\n| --- | --- | --- | --- |`;
    const ended = [real, profile].flatMap(({ plan, ended }) => (ended ? [`${plan.side}: ${ended}.`] : []));
    return [`## ${family}, ${policy}`, '', ...ended, head, ...rows, ''].join('\n');
  });
  return `${introduction(run, compared, stepsApart)}
${notRun.length > 0 ? `${notRun.join('\n')}\n` : ''}
${sections.join('\n')}`;
}

function verdict(apart: readonly Difference[]): string {
  if (apart.length === 0) return 'same';
  return apart.map(({ aspect, why }) => `**${aspect} differ**: ${why ?? 'not explained'}`).join('<br>');
}

function cell(measured: Measured): string {
  const { lookups, connections, failed, codes, pods, largestShare, lastFailureS, said } = measured;
  const at = lookups.map(({ afterS }) => afterS.toFixed(1)).join(', ');
  const questions: Record<string, number> = {};
  for (const lookup of lookups) {
    for (const [type, count] of Object.entries(lookup.questions)) questions[type] = (questions[type] ?? 0) + count;
  }
  const asked = Object.entries(questions)
    .sort()
    .map(([type, count]) => `${count} ${type}`)
    .join(', ');
  const looked = lookups.length === 0 ? 'no lookup' : `${lookups.length} lookups at ${at} s (${asked})`;
  const byCode = Object.entries(codes)
    .map(([code, count]) => `${count} with code ${code}`)
    .join(', ');
  const first = Object.values(said)[0]?.replaceAll('|', '/').replaceAll('\n', ' ').slice(0, 160);
  const lost =
    failed === 0 ? 'none lost' : `${failed} lost (${byCode}; last at ${lastFailureS?.toFixed(1)} s; "${first ?? ''}")`;
  const share =
    pods === 0
      ? 'nobody answers at the end'
      : `${pods} pod${pods === 1 ? '' : 's'}, largest share ${(largestShare * 100).toFixed(0)} %`;
  return [
    looked.replace(/^1 lookups/, '1 lookup'),
    `${connections} connection${connections === 1 ? '' : 's'}`,
    lost,
    share,
  ].join('<br>');
}

function introduction(run: RunResult, compared: number, apart: number): string {
  return `# Conformance: our profiles beside the clients whose names they bear

Written by \`npm run conformance\` (conformance/README.md). The real clients and our profiles lived through the same story at the same
time in one embedded cluster: every one in a process of its own, ${run.rate} calls/s to the headless name, deadline 2 s, each behind a
DNS forwarder of its own that counts. ${run.date}, ${run.machine}.

**${compared - apart} of ${compared} steps the same${apart === 0 ? '' : `, ${apart} different`}.**

How to read it: instants are seconds after the step's trigger. A lookup is one resolution; its A, AAAA and TXT questions are counted
apart (our profiles ask for A only: the lab is IPv4, and no service config comes by DNS). Connections are those that stood. Shares are
of the last 5 s of a step. "Same" means: as many lookups, each within 3 s or 10 % of the other's; connections within 1 or 25 %; losses
within 50 calls (a second's worth, the jitter of a backoff) or 35 %; as many pods, the largest share within 8 points. In the steps with
bad DNS, where backoffs of +-20 % each add up: one lookup more or less (but not one against none), instants within 8 s or 30 %, losses
within the calls of 8 s. Which pod a pick_first client sits on is drawn, for each client by itself. A reason beside a difference is given only
where this run's figures bear it out (conformance/explanations.ts); else it says "not explained", and the program ends with status 1.
`;
}
