import type { Result } from '../follow.ts';

/**
 * JUnit's XML, one suite a scenario and one case an expectation. It knows no third outcome: inconclusive and what could
 * not run are errors, as a skipped case would let a build pass.
 */
export function toJunit(results: readonly Result[]): string {
  const suites = results.map(suite);
  const sum = (key: 'tests' | 'failures' | 'errors') => suites.reduce((total, each) => total + each[key], 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="lbscope scenarios" tests="${sum('tests')}" failures="${sum('failures')}" errors="${sum('errors')}">`,
    ...suites.map(({ xml }) => xml),
    '</testsuites>',
    '',
  ].join('\n');
}

function suite({ name, run, tookMs }: Result) {
  const cases = (run.scenario?.expectations ?? []).map(({ text, state, finding }) => ({ text, state, finding }));
  // A scenario that never came to its expectations still is one case that did not pass.
  if (cases.length === 0 || run.outcome === 'could_not_run' || run.outcome === 'aborted') {
    cases.push({ text: 'the scenario runs', state: 'inconclusive', finding: run.reason });
  }
  const failures = cases.filter(({ state }) => state === 'fail').length;
  const errors = cases.filter(({ state }) => state !== 'fail' && state !== 'pass').length;
  const seconds = (tookMs / 1000).toFixed(1);
  const body = cases.map(({ text, state, finding }) => {
    const open = `    <testcase classname="${escaped(name)}" name="${escaped(text)}"`;
    if (state === 'pass') return `${open}><system-out>${escaped(finding)}</system-out></testcase>`;
    const element = state === 'fail' ? 'failure' : 'error';
    return `${open}><${element} message="${escaped(finding)}" type="${escaped(state)}"/></testcase>`;
  });
  const xml = [
    `  <testsuite name="${escaped(run.scenario?.title || name)}" tests="${cases.length}" failures="${failures}" errors="${errors}" time="${seconds}">`,
    ...body,
    '  </testsuite>',
  ].join('\n');
  return { xml, tests: cases.length, failures, errors };
}

function escaped(text: string): string {
  return (
    text
      // XML 1.0 knows no control characters but these three.
      .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, ' ')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;')
  );
}
