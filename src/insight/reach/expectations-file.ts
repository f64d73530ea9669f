/**
 * Expectations as text, a YAML list:
 *
 *     - internet → machines: never
 *     - ApiBalancer → ApiGroup:8080: always
 *     - machines → s3:443: only by the gateway endpoint
 *       why: NAT would be paid for
 *
 * `->` stands for `→`, `:53/udp` and `/icmp` name another protocol than tcp.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type Expectation, ExpectationError, type OnlyBy, onlyBy } from './expectation.ts';

const form = /^(?<from>\S.*?)\s*(?:→|->)\s*(?<to>\S+?)(?::(?<port>[^/:\s]+))?(?:\/(?<protocol>[a-z]+))?$/;

/** Throws an `ExpectationError` that says file, line and value. */
export function parseExpectations(text: string, file: string): Expectation[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const fail = (at: number, what: string): never => {
    throw new ExpectationError(`${file}:${lines.linePos(at).line}: ${what}`);
  };
  const [mistake] = document.errors;
  if (mistake) return fail(mistake.pos[0], mistake.message.split('\n')[0] ?? mistake.message);
  const { contents } = document;
  if (!isSeq(contents)) {
    return fail(contents?.range?.[0] ?? 0, 'a list of expectations is needed, as in: - internet → machines: never');
  }
  return contents.items.map((item) => {
    const at = (item as Node).range?.[0] ?? 0;
    if (!isMap(item)) return fail(at, `'${item}' is no expectation, as in: internet → machines: never`);
    const pairs = item.items.map(({ key, value }) => ({
      at: (key as Node).range?.[0] ?? at,
      key: isScalar(key) ? String(key.value) : `${key}`,
      value: isScalar(value) ? String(value.value) : `${value ?? ''}`,
    }));
    const why = pairs.find(({ key }) => key === 'why')?.value;
    const [first, other] = pairs.filter(({ key }) => key !== 'why');
    if (!first) return fail(at, 'it says nothing but why');
    if (other) return fail(other.at, `'${other.key}' is a second expectation: begin it with a dash`);
    return { ...read(first.key, first.value, (what) => fail(first.at, what)), ...(why === undefined ? {} : { why }) };
  });
}

function read(key: string, value: string, fail: (what: string) => never): Expectation {
  const { from = '', to = '', port: portText, protocol: protocolText } = form.exec(key)?.groups ?? {};
  if (!from) return fail(`'${key}' does not say who and whom, as in: internet → machines:22`);
  const port = portText === undefined ? undefined : portOf(portText, fail);
  const protocol = protocolText === undefined ? undefined : protocolOf(protocolText, fail);
  if (protocol !== 'icmp' && protocol !== undefined && port === undefined)
    fail(`'${key}' needs a port before /${protocol}`);
  if (protocol === 'icmp' && port !== undefined) fail(`'${key}' has a port, which icmp has not`);
  const what = { from, to, port, protocol };
  const wanted = value.trim().toLowerCase();
  if (wanted === 'never') return { ...what, allowed: false };
  if (wanted === 'always') {
    if (port === undefined && protocol !== 'icmp') fail(`'${key}: always' needs a port: ${from} → ${to}:443`);
    return { ...what, allowed: true };
  }
  const way = /^only (by .+)$/.exec(wanted)?.[1];
  const only = way === undefined ? undefined : onlyOf(way);
  if (only) return { ...what, only };
  const ways = Object.keys(onlyBy).map((name) => `only ${name}`);
  return fail(`'${value}' is none of never, always, ${ways.join(', ')}`);
}

function portOf(text: string, fail: (what: string) => never): number {
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port < 65536 ? port : fail(`'${text}' is no port from 0 to 65535`);
}

function protocolOf(text: string, fail: (what: string) => never): 'tcp' | 'udp' | 'icmp' {
  return text === 'tcp' || text === 'udp' || text === 'icmp' ? text : fail(`'${text}' is none of tcp, udp, icmp`);
}

/** `by the NAT gateway` is `by NAT`. */
function onlyOf(text: string): OnlyBy | undefined {
  const plain = (words: string) =>
    words
      .toLowerCase()
      .replace(/’/g, "'")
      .replace(/\b(the|an?) /g, '')
      .replace(/\bnat gateway$/, 'nat');
  return (Object.keys(onlyBy) as OnlyBy[]).find((name) => plain(name) === plain(text));
}
