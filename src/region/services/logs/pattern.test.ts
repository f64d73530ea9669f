import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parsePattern } from './pattern.ts';
import { wildcard } from './pattern-condition.ts';
import { compileRegex } from './pattern-regex.ts';

const matching = (pattern: string, messages: readonly string[]) =>
  messages.filter((message) => parsePattern(pattern)(message) !== undefined);

/** AWS's own examples. */
const errors = [
  '[ERROR 400] BAD REQUEST',
  '[ERROR 401] UNAUTHORIZED REQUEST',
  '[ERROR 419] MISSING ARGUMENTS',
  '[ERROR 420] INVALID ARGUMENTS',
  '[WARN 300] "quoted" words',
];
const [bad, unauthorized, missing, invalid, warn] = errors;

describe('terms', () => {
  test.each([
    ['', errors],
    ['""', errors],
    ['ERROR', [bad, unauthorized, missing, invalid]],
    ['error', []],
    ['ERROR ARGUMENTS', [missing, invalid]],
    ['?ERROR ?WARN', errors],
    ['?400 ?"[WARN"', [bad, warn]],
    ['"INVALID ARGUMENTS"', [invalid]],
    ['ERROR -ARGUMENTS', [bad, unauthorized]],
    ['-ERROR', [warn]],
    ['-"BAD REQUEST" -ARGUMENTS', [unauthorized, warn]],
    // Optional terms count for nothing beside others.
    ['ERROR ?WARN', [bad, unauthorized, missing, invalid]],
    ['"\\"quoted\\""', [warn]],
    ['%AUTHORIZED%', [unauthorized]],
    ['%4[12]\\d% -MISSING', [invalid]],
  ])('%s', (pattern, found) => {
    expect(matching(pattern, errors)).toEqual(found);
  });
});

const events = [
  '{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","n":400,"user":{"id":1,"email":"John.Doe@example.com"},"users":[{"email":"a"},{"email":"b"}],"arrayKey":["value","another value"],"nothing":null,"yes":true,"no":false,"exp":1e3}',
  '{"eventType":"DeleteTrail","sourceIPAddress":"10.0.0.1","n":"500","odd.name":"x"}',
  'ERROR eventType UpdateTrail',
];
const [update, remove] = events;

describe('JSON', () => {
  test.each([
    ['{ $.eventType = "UpdateTrail" }', [update]],
    ['{ $.eventType = UpdateTrail }', [update]],
    ['{$.eventType="Update*"}', [update]],
    ['{ $.eventType = "*Trail" }', [update, remove]],
    ['{ $.eventType != "UpdateTrail" }', [remove]],
    ['{ $.sourceIPAddress != 123.123.* }', [update, remove]],
    ['{ $.sourceIPAddress = 10.0.* }', [remove]],
    ['{ $.n = 400 }', [update]],
    ['{ $.n = 4e2 }', [update]],
    ['{ $.n = 4* }', [update]],
    ['{ $.n >= 400 }', [update, remove]],
    ['{ $.n < 450 }', [update]],
    ['{ $.exp = 1000 }', [update]],
    ['{ $.arrayKey[0] = "value" }', [update]],
    ['{ $.arrayKey[2] = "value" }', []],
    ['{ $.arrayKey[*] = "another value" }', [update]],
    ['{ $.users[1].email = "b" }', [update]],
    ['{ $.users[*].email = "b" }', [update]],
    ["{ $.['odd.name'] = x }", [remove]],
    ['{ $.nothing IS NULL }', [update]],
    ['{ $.yes IS TRUE }', [update]],
    ['{ $.no is false }', [update]],
    ['{ $.user NOT EXISTS }', [remove]],
    ['{ $.user.id NOT EXISTS }', [remove]],
    ['{ $.user.id EXISTS }', [update]],
    // What is not there is neither equal nor unequal.
    ['{ $.user.id != 2 }', [update]],
    ['{ $.eventType = %^Up% }', [update]],
    ['{ ($.user.id = 1) && ($.users[0].email = "a") }', [update]],
    ['{ $.user.id = 2 && $.n = 400 || $.n = 500 }', [remove]],
    ['{ $.user.id = 1 && ($.n = 401 || $.n = 400) }', [update]],
    ['{ $.toString = "x" }', []],
  ])('%s', (pattern, found) => {
    expect(matching(pattern, events)).toEqual(found);
  });

  it('gives fields of the event', () => {
    const fields = parsePattern('{ $.n = * }')(events[0] ?? '');
    expect(['$.n', '$.users[1].email', '$.user', '$.none', 'n'].map((selector) => fields?.(selector))).toEqual([
      400,
      'b',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

const lines = [
  '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534',
  '10.1.1.1 Dev eva [10/Oct/2000:13:35:22 -0700] "POST /api HTTP/1.0" 500 5324',
  'ERROR 401 UNAUTHORIZED REQUEST',
];
const [html, api, short] = lines;

describe('columns', () => {
  test.each([
    ['[ip, server, username, timestamp, request, status_code, bytes]', [html, api]],
    ['[ip, server, username, timestamp, request, status_code=4*, bytes]', [html]],
    ['[ip, server, username, timestamp, request=*.html*, status_code=4*, bytes]', [html]],
    ['[ip, server, ..., status_code, bytes > 5000]', [api]],
    ['[..., status_code=404, bytes]', [html]],
    ['[..., status_code != 404, bytes]', [api, short]],
    ['[..., status = 404 || status = 500, bytes]', [html, api]],
    ['[..., status != 404 && status != 500, last]', [short]],
    ['[..., (status = 4* && status != 404) || status = "500", bytes]', [api]],
    ['[ip=%^127\\.0\\.%, ...]', [html]],
    ['[w1=ERROR, w2, ...]', [short]],
    ['[w1="ERROR", w2=401, ...]', [short]],
    ['[a, b, c]', []],
    ['[...]', lines],
    ['[]', lines],
  ])('%s', (pattern, found) => {
    expect(matching(pattern, lines)).toEqual(found);
  });

  it('gives columns by name', () => {
    const fields = parsePattern('[ip, ..., request, status, bytes]')(lines[0] ?? '');
    expect(['$ip', '$request', '$bytes', '$none'].map((selector) => fields?.(selector))).toEqual([
      '127.0.0.1',
      'GET /index.html HTTP/1.0',
      '1534',
      undefined,
    ]);
  });
});

test.each([
  'a:b',
  '"open',
  '%open',
  '%(a)%',
  '%a!%',
  '%é%',
  '%[%',
  '%a{3,2}%',
  '%[z-a]%',
  '%%',
  '%a% %b% %c%',
  '%.{999}%',
  '{',
  '{}',
  '{ $.a }',
  '{ a = 1 }',
  '{ $.a = }',
  '{ $.a ~ 1 }',
  '{ $.a > "x" }',
  '{ $.a = 1 } x',
  '{ ($.a = 1 }',
  '[a',
  '[a, ..., ...]',
  '[a = ]',
  '[a = 1 || b = 2]',
  '[a] b',
  `{ ${'('.repeat(200)} }`,
])('%s is refused', (pattern) => {
  expect(() => parsePattern(pattern)).toThrow(/Invalid|at most|not modelled/);
});

const refuse = (why: string) => {
  throw new Error(why);
};

test('regular expressions agree with those of the language', () => {
  const piece = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', 'colou?r', '[a-c]', '\\.', '-', ' ');
  const times = fc.constantFrom('', '*', '+', '?', '{2}', '{1,3}', '{2,}', '{0,1}');
  const branch = fc
    .tuple(fc.boolean(), fc.array(fc.tuple(piece, times), { minLength: 1, maxLength: 5 }), fc.boolean())
    .map(([start, parts, end]) => `${start ? '^' : ''}${parts.map((part) => part.join('')).join('')}${end ? '$' : ''}`)
    .filter((text) => !text.includes('??'));
  const source = fc.array(branch, { minLength: 1, maxLength: 3 }).map((branches) => branches.join('|'));
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '.', '-', ' ', 'color', 'colour'), maxLength: 8 });
  fc.assert(
    fc.property(source, text, (expression, given) => {
      expect(compileRegex(expression, refuse)(given)).toBe(new RegExp(expression).test(given));
    }),
    { numRuns: 2000 },
  );
});

test('no regular expression takes long', () => {
  const matches = compileRegex(`${'.*'.repeat(30)}x`, refuse);
  expect(matches('a'.repeat(20_000))).toBe(false);
});

test('wildcards agree with the regular expressions they stand for', () => {
  const unit = fc.constantFrom('a', 'b', '*');
  fc.assert(
    fc.property(
      fc.string({ unit, maxLength: 6 }),
      fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }),
      (p, text) => {
        expect(wildcard(p)(text)).toBe(new RegExp(`^${p.replaceAll('*', '.*')}$`).test(text));
      },
    ),
  );
});
