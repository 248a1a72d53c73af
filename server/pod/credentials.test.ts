import { afterEach, expect, test } from 'vitest';
import { parseCallTokens, requireTokens } from './call-tokens.ts';
import { FromFiles } from './file-watch.ts';

const all = 'a'.repeat(20);
const hello = 'b'.repeat(20);
const service = '/lbscope.greeter.v1.Greeter';

test('every method needs a token that may call it; health needs none', () => {
  const authorize = requireTokens(() => parseCallTokens(`# who may what\n\n${all} *\n${hello}  SayHello,ChatHellos\n`));
  const code = (method: string, authorization?: string) => authorize(`${service}/${method}`, authorization)?.code;
  for (const method of ['SayHello', 'StreamHellos', 'CollectHellos', 'ChatHellos', 'Unknown']) {
    expect(code(method)).toBe(16);
    expect(code(method, 'Bearer ')).toBe(16);
    expect(code(method, all)).toBe(16);
    expect(code(method, `Bearer ${'c'.repeat(20)}`)).toBe(16);
    expect(code(method, `Bearer ${all}`)).toBeUndefined();
  }
  expect(code('SayHello', `bearer ${hello}`)).toBeUndefined();
  expect(code('ChatHellos', `Bearer ${hello}`)).toBeUndefined();
  expect(code('StreamHellos', `Bearer ${hello}`)).toBe(7);
  expect(authorize('/other.Service/SayHello', `Bearer ${hello}`)?.code).toBe(7);
  expect(authorize('/grpc.health.v1.Health/Check', undefined)).toBeUndefined();
  expect(requireTokens(() => undefined)(`${service}/SayHello`, `Bearer ${all}`)?.code).toBe(16);
});

test('a line that is not right is named, and no token with it', () => {
  for (const line of ['short *', `${all}`, `${all} say-hello`, `${all} SayHello more`]) {
    expect(() => parseCallTokens(`${hello} *\n${line}`)).toThrow(/^line 2 is not right/);
    expect(() => parseCallTokens(line)).not.toThrow(all);
  }
});

let now = 0;
let text: string | undefined = '1';
const faults: string[] = [];
afterEach(() => faults.splice(0));

test('files are read anew, and what is not fit leaves what was there', () => {
  let made = 0;
  const from = new FromFiles(
    ['a'],
    ([found = '']) => {
      if (found === 'bad') throw new Error('not fit');
      made++;
      return found;
    },
    {
      now: () => now,
      onFault: (fault) => faults.push(fault),
      read: () => {
        if (text === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
        return text;
      },
    },
  );
  const after = (next: string | undefined) => {
    text = next;
    now += 5_000;
    return from.value;
  };
  expect(from.value).toBe('1');
  text = '2';
  expect(from.value).toBe('1');
  expect(after('2')).toBe('2');
  expect(after('2')).toBe('2');
  expect(made).toBe(2);
  expect(after('bad')).toBe('2');
  expect(after('bad')).toBe('2');
  expect(after(undefined)).toBe('2');
  expect(faults).toEqual(['a: not fit', 'a: ENOENT']);
  expect(after('3')).toBe('3');
});
