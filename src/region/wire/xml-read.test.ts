import fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import { describe, expect, test } from 'vitest';
import { escapeXml } from './xml.ts';
import { readXml, type XmlElement } from './xml-read.ts';

const name = fc.stringMatching(/^[A-Za-z_][\w.-]{0,6}$/).filter((tag) => !(tag in Object.prototype));
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these cannot be carried.
const text = fc.string({ unit: 'binary', maxLength: 10 }).map((t) => t.replace(/[\u0000-\u001f\ufffe\uffff]/g, '_'));

interface Made {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly text: string;
  readonly children: readonly Made[];
}

const made = (depth: number): fc.Arbitrary<Made> =>
  fc.record({
    name,
    attributes: fc.dictionary(name, text, { maxKeys: 2 }),
    text,
    children: depth === 0 ? fc.constant([]) : fc.array(made(depth - 1), { maxLength: 3 }),
  });

function write({ name, attributes, text, children }: Made): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  return `<${name}${pairs.join('')}>${escapeXml(text)}${children.map(write).join('<!-- c -->')}</${name}>`;
}

function plain({ name, attributes, text, children }: XmlElement): Made {
  return { name, attributes: Object.fromEntries(attributes), text, children: children.map(plain) };
}

test('reads what was written', () => {
  fc.assert(
    fc.property(made(3), (tree) => {
      expect(plain(readXml(`<?xml version="1.0"?>\n${write(tree)}\n`))).toEqual(tree);
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('refuses what another reader refuses, and reads the same text', () => {
  const other = new XMLParser({ ignoreAttributes: false, parseTagValue: false, trimValues: false, htmlEntities: true });
  const piece = fc.constantFrom(
    '<a>',
    '</a>',
    '<b/>',
    'text',
    '&lt;',
    '&#65;',
    '<!-- c -->',
    '<![CDATA[<x>]]>',
    '<a x="1">',
    '<',
    '>',
    '</b>',
  );
  let read = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const source = `<root>${pieces.join('')}</root>`;
      let expected: unknown;
      try {
        expected = other.parse(source, true);
      } catch {
        expect(() => readXml(source)).toThrow('not well-formed');
        return;
      }
      let actual: XmlElement;
      try {
        actual = readXml(source);
      } catch {
        // The other one is laxer: a bare `>` or `&` and the like. Never the other way round.
        return;
      }
      read++;
      const allText = (element: XmlElement): string => element.text + element.children.map(allText).join('');
      expect(sorted(allText(actual))).toBe(sorted(textOf(expected)));
    }),
    { numRuns: 500, seed: 2 },
  );
  expect(read).toBeGreaterThan(100);
});

const sorted = (letters: string) => [...letters].sort().join('');

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([key, inner]) => (key.startsWith('@_') ? '' : textOf(inner)))
    .join('');
}

describe('refused', () => {
  test.each([
    ['nothing', ''],
    ['text alone', 'text'],
    ['an open element', '<a>'],
    ['an open tag', '<a'],
    ['crossed elements', '<a><b></a></b>'],
    ['two roots', '<a/><b/>'],
    ['text behind the root', '<a/>x'],
    ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['an entity', '<a>&nbsp;</a>'],
    ['a bare ampersand', '<a>a & b</a>'],
    ['a control character', '<a>&#0;</a>'],
    ['half a surrogate', '<a>&#xD800;</a>'],
    ['an attribute twice', '<a b="1" b="2"/>'],
    ['an attribute without quotes', '<a b=1/>'],
    ['an open comment', '<a><!-- </a>'],
    ['an open CDATA', '<a><![CDATA[ </a>'],
    ['a tree as deep as the sea', `${'<a>'.repeat(1000)}${'</a>'.repeat(1000)}`],
  ])('%s', (_what, source) => {
    expect(() => readXml(source)).toThrow('not well-formed');
  });

  test.each([
    ['open tags', '<a>'],
    ['open angles', '<'],
    ['spaces', '<a '],
    ['attributes', '<a b="" '],
    ['ampersands', '<a>&'],
    ['comments', '<!--'],
  ])('5 MB of %s, at once', (_what, piece) => {
    const source = piece.repeat(5_000_000 / piece.length);
    const start = performance.now();
    expect(() => readXml(source)).toThrow('not well-formed');
    expect(performance.now() - start).toBeLessThan(1500);
  });
});

test('prefixes, line ends, references, a byte order mark', () => {
  const root = readXml('\ufeff<s3:a xmlns:s3="u"><s3:b xsi:type="t">1\r\n&#x1F600;&#13;</s3:b></s3:a>');
  expect(root.name).toBe('a');
  expect(root.children[0]).toMatchObject({ name: 'b', text: '1\n😀\r' });
  expect(root.children[0]?.attributes.get('xsi:type')).toBe('t');
});
