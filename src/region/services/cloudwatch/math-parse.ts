/** Metric math, read. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html */
import { invalid } from './faults.ts';

export type MathNode =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'id'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly MathNode[] }
  | { readonly kind: 'negate'; readonly of: MathNode }
  | { readonly kind: 'binary'; readonly operator: Operator; readonly left: MathNode; readonly right: MathNode }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly MathNode[] };

export type Operator = '+' | '-' | '*' | '/' | '^' | '==' | '!=' | '<' | '>' | '<=' | '>=' | 'AND' | 'OR';

/** Loosest first. */
const levels: readonly (readonly Operator[])[] = [
  ['OR'],
  ['AND'],
  ['==', '!=', '<', '>', '<=', '>='],
  ['+', '-'],
  ['*', '/'],
];
const spelled: Readonly<Record<string, Operator>> = { '&&': 'AND', '||': 'OR', and: 'AND', or: 'OR' };
const token =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_]\w*)|"([^"]*)"|'([^']*)'|(&&|\|\||[=!<>]=|[-+*/^<>(),[\]]))/y;
const longest = 2_048;
const deepest = 64;

type Token =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'word' | 'text' | 'sign'; readonly value: string };

/** Throws `ValidationException`. */
export function parseMath(text: string, id: string): MathNode {
  const wrong = (why: string) => invalid(`Error in expression '${id}': ${why}`);
  if (text.length > longest) throw wrong(`it is longer than ${longest} characters`);
  const tokens = tokenise(text, wrong);
  let at = 0;
  let depth = 0;

  const sign = (value: string) => {
    const next = tokens[at];
    if (next?.kind !== 'sign' || next.value !== value) return false;
    at++;
    return true;
  };
  const expect = (value: string) => {
    if (!sign(value)) throw wrong('Invalid syntax');
  };
  const operatorOf = (level: readonly Operator[]): Operator | undefined => {
    const next = tokens[at];
    if (!next || next.kind === 'number' || next.kind === 'text') return undefined;
    const operator = Object.hasOwn(spelled, next.value) ? spelled[next.value] : (next.value as Operator);
    return operator && level.includes(operator) ? operator : undefined;
  };

  function binary(level: number): MathNode {
    const operators = levels[level];
    if (!operators) return unary();
    let left = binary(level + 1);
    for (let operator = operatorOf(operators); operator; operator = operatorOf(operators)) {
      at++;
      left = { kind: 'binary', operator, left, right: binary(level + 1) };
    }
    return left;
  }

  function unary(): MathNode {
    if (++depth > deepest) throw wrong('it is nested too deeply');
    let node: MathNode;
    if (sign('-')) node = { kind: 'negate', of: unary() };
    else {
      const left = primary();
      node = sign('^') ? { kind: 'binary', operator: '^', left, right: unary() } : left;
    }
    depth--;
    return node;
  }

  function items(end: string): MathNode[] {
    const found: MathNode[] = [];
    if (sign(end)) return found;
    do found.push(binary(0));
    while (sign(','));
    expect(end);
    return found;
  }

  function primary(): MathNode {
    const next = tokens[at++];
    if (!next) throw wrong('Invalid syntax');
    if (next.kind === 'number') return next;
    if (next.kind === 'text') return { kind: 'text', value: next.value };
    if (next.kind === 'word') {
      if (sign('(')) return { kind: 'call', name: next.value.toUpperCase(), arguments: items(')') };
      return { kind: 'id', name: next.value };
    }
    if (next.value === '[') return { kind: 'list', items: items(']') };
    if (next.value !== '(') throw wrong('Invalid syntax');
    const inner = binary(0);
    expect(')');
    return inner;
  }

  const node = binary(0);
  if (at < tokens.length) throw wrong('Invalid syntax');
  return node;
}

function tokenise(text: string, wrong: (why: string) => Error): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  token.lastIndex = 0;
  while (token.lastIndex < end) {
    const found = token.exec(text);
    if (!found) throw wrong('Invalid syntax');
    const [, digits, word, double, single, symbol] = found;
    if (digits !== undefined) tokens.push({ kind: 'number', value: Number(digits) });
    else if (word !== undefined) tokens.push({ kind: 'word', value: word });
    else if (symbol !== undefined) tokens.push({ kind: 'sign', value: symbol });
    else tokens.push({ kind: 'text', value: double ?? single ?? '' });
  }
  return tokens;
}

/** The ids that an expression names. */
export function idsOf(node: MathNode): string[] {
  switch (node.kind) {
    case 'id':
      return [node.name];
    case 'list':
      return node.items.flatMap(idsOf);
    case 'negate':
      return idsOf(node.of);
    case 'binary':
      return [...idsOf(node.left), ...idsOf(node.right)];
    case 'call':
      return node.arguments.flatMap(idsOf);
    default:
      return [];
  }
}
