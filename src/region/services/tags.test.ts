import { expect, test } from 'vitest';
import { Fault } from '../wire/fault.ts';
import { addTags, checkTags, resourceTags, withoutTags } from './tags.ts';

const faults = {
  malformed: () => new Fault('Malformed', ''),
  duplicate: () => new Fault('Duplicate', ''),
  tooMany: () => new Fault('TooMany', ''),
};
const codeOf = (run: () => unknown) => {
  try {
    return run();
  } catch (error) {
    return error instanceof Fault ? error.code : error;
  }
};
const many = (count: number, prefix = 'k') =>
  Array.from({ length: count }, (_, n) => ({ Key: `${prefix}${n}`, Value: '' }));

test.each([
  ['an empty key', [{ Key: '', Value: 'v' }], 'Malformed'],
  ['no key', [{ Value: 'v' }], 'Malformed'],
  ['a long key', [{ Key: 'k'.repeat(129) }], 'Malformed'],
  ['a long value', [{ Key: 'k', Value: 'v'.repeat(257) }], 'Malformed'],
  [
    'a key twice',
    [
      { Key: 'k', Value: '1' },
      { Key: 'k', Value: '2' },
    ],
    'Duplicate',
  ],
  ['fifty-one', many(51), 'TooMany'],
  [
    'keys that differ by case, at the limits',
    [{ Key: 'k' }, { Key: 'K', Value: 'v'.repeat(256) }],
    [
      { Key: 'k', Value: '' },
      { Key: 'K', Value: 'v'.repeat(256) },
    ],
  ],
])('tags with %s', (_, given, expected) => {
  expect(codeOf(() => checkTags(given, faults))).toEqual(expected);
});

test('added tags replace those of their key, and what results is within the limit', () => {
  const before = [
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: '2' },
  ];
  expect(addTags(before, [{ Key: 'a', Value: '3' }], faults)).toEqual([
    { Key: 'b', Value: '2' },
    { Key: 'a', Value: '3' },
  ]);
  expect(codeOf(() => addTags(many(50), [{ Key: 'k7', Value: 'new' }], faults))).toHaveLength(50);
  expect(codeOf(() => addTags(many(50), many(1, 'other'), faults))).toBe('TooMany');
  expect(withoutTags(before, ['a', 'nothing'])).toEqual([{ Key: 'b', Value: '2' }]);
});

test("a resource's own tags win over its stack's, and aws: tags stay CloudFormation's", () => {
  const stackTags = [
    { Key: 'team', Value: 'web' },
    { Key: 'stage', Value: 'test' },
    { Key: 'aws:cloudformation:stack-name', Value: 'app' },
  ];
  expect(resourceTags({ stackTags }, [{ Key: 'stage', Value: 7 }])).toEqual([
    { Key: 'team', Value: 'web' },
    { Key: 'stage', Value: '7' },
  ]);
});
