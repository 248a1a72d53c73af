import { describe, expect, test } from 'vitest';
import { applyPatch, jsonPatch, mergePatch, PatchError, strategicMergePatch } from './patch.ts';

describe('JSON patch (RFC 6902)', () => {
  test('add, replace, remove, move, copy, test and escapes', () => {
    const before = { list: [1, 2], 'a/b': { c: 1 } };
    const after = jsonPatch(before, [
      { op: 'test', path: '/a~1b/c', value: 1 },
      { op: 'add', path: '/list/0', value: 0 },
      { op: 'add', path: '/list/-', value: 3 },
      { op: 'replace', path: '/a~1b/c', value: 2 },
      { op: 'copy', from: '/list', path: '/copied' },
      { op: 'move', from: '/a~1b', path: '/moved' },
      { op: 'remove', path: '/list/1' },
    ]);
    expect(after).toEqual({ list: [0, 2, 3], copied: [0, 1, 2, 3], moved: { c: 2 } });
    expect(before).toEqual({ list: [1, 2], 'a/b': { c: 1 } });
  });

  test.each([
    [{ op: 'test', path: '/a', value: 2 }],
    [{ op: 'remove', path: '/none' }],
    [{ op: 'replace', path: '/list/9', value: 1 }],
    [{ op: 'bend', path: '/a' }],
    [{ op: 'add', path: 'a', value: 1 }],
  ])('refuses %j', (operation) => {
    expect(() => jsonPatch({ a: 1, list: [] }, [operation])).toThrow(PatchError);
  });
});

test('merge patch (RFC 7386): null deletes, lists are replaced', () => {
  expect(mergePatch({ a: { b: 1, c: 2 }, l: [1] }, { a: { b: null, d: 3 }, l: [2] })).toEqual({
    a: { c: 2, d: 3 },
    l: [2],
  });
});

describe('strategic merge patch', () => {
  const pod = {
    containers: [
      { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }], ports: [{ containerPort: 1 }] },
      { name: 'b', image: 'b:1' },
    ],
  };

  test('keyed lists merge item by item; setElementOrder is no field', () => {
    const after = strategicMergePatch(pod, {
      '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }],
      containers: [
        { name: 'a', image: 'a:2', env: [{ name: 'Y', value: '2' }], ports: [{ containerPort: 1, name: 'grpc' }] },
      ],
    });
    expect(after).toEqual({
      containers: [
        {
          name: 'a',
          image: 'a:2',
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '2' },
          ],
          ports: [{ containerPort: 1, name: 'grpc' }],
        },
        { name: 'b', image: 'b:1' },
      ],
    });
  });

  test('directives: delete an item, replace a map or a list, retainKeys, delete from a list of plain values', () => {
    expect(strategicMergePatch(pod, { containers: [{ name: 'b', $patch: 'delete' }] }).containers).toHaveLength(1);
    expect(strategicMergePatch({ s: { a: 1 } }, { s: { $patch: 'replace', b: 2 } })).toEqual({ s: { b: 2 } });
    expect(strategicMergePatch(pod, { containers: [{ $patch: 'replace' }, { name: 'z' }] })).toEqual({
      containers: [{ name: 'z' }],
    });
    const strategy = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } };
    expect(strategicMergePatch(strategy, { strategy: { $retainKeys: ['type'], type: 'Recreate' } })).toEqual({
      strategy: { type: 'Recreate' },
    });
    expect(
      strategicMergePatch(
        { finalizers: ['a', 'b'] },
        { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c'] },
      ),
    ).toEqual({ finalizers: ['b', 'c'] });
  });

  test('Service ports merge by port, plain lists are replaced, an item without its key is refused', () => {
    expect(strategicMergePatch({ ports: [{ port: 1 }, { port: 2 }] }, { ports: [{ port: 2, name: 'x' }] })).toEqual({
      ports: [{ port: 1 }, { port: 2, name: 'x' }],
    });
    expect(strategicMergePatch({ args: ['a'] }, { args: ['b'] })).toEqual({ args: ['b'] });
    expect(() => strategicMergePatch(pod, { containers: [{ image: 'x' }] })).toThrow(PatchError);
  });

  test('a patch can not reach a prototype', () => {
    const patch = JSON.parse('{"__proto__":{"polluted":true}}');
    strategicMergePatch({}, patch);
    mergePatch({}, patch);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

test('apply removes what the manager applied before and no longer does', () => {
  const target = {
    labels: { mine: '1', other: '2' },
    containers: [{ name: 'a', image: 'i', extra: 1 }, { name: 'b' }],
  };
  const before = { labels: { mine: true }, containers: [{ name: 'a', image: true }, { name: 'b' }] };
  expect(applyPatch(target, { containers: [{ name: 'a', image: 'j' }] }, before)).toEqual({
    labels: { other: '2' },
    containers: [{ name: 'a', image: 'j', extra: 1 }],
  });
});
