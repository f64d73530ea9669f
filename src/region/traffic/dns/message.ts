import type { Answer, Packet } from 'dns-packet';
import { type ResolvedRecord, resolve } from './resolve.ts';
import type { DnsSnapshot } from './zones.ts';

const authoritativeFlag = 0x0400;
const recursionDesiredFlag = 0x0100;
const codes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;
const notImplemented = 4;
const serverPayloadSize = 1232;

/** The response to a query with one question. */
export function packetOf(query: Packet, snapshot: DnsSnapshot, chance: number): Packet {
  const flags = (query.flags ?? 0) & recursionDesiredFlag;
  const base = { type: 'response', id: query.id ?? 0, questions: query.questions ?? [] } as const;
  const extension = query.additionals?.some((record) => record.type === 'OPT') ? [opt()] : [];
  const [question] = query.questions ?? [];
  const opcode = ((query.flags ?? 0) >> 11) & 0xf;
  if (!question || opcode !== 0) return { ...base, flags: flags | notImplemented, additionals: extension };
  if (question.class !== undefined && question.class !== 'IN')
    return { ...base, flags: flags | codes.REFUSED, additionals: extension };
  const { code, answers, authority } = resolve(snapshot, question.name.replace(/\.$/, ''), question.type, { chance });
  const authoritative = code === 'NOERROR' || code === 'NXDOMAIN' ? authoritativeFlag : 0;
  return {
    ...base,
    flags: flags | authoritative | codes[code],
    answers: answers.flatMap(toAnswer),
    authorities: authority.flatMap(toAnswer),
    additionals: extension,
  };
}

function opt(): Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: serverPayloadSize,
    flags: 0,
    options: [],
    extendedRcode: 0,
    ednsVersion: 0,
    flag_do: false,
  };
}

/** A record set's value in Route 53's text form, as the library wants it. */
function toAnswer({ name, type, ttl, value }: ResolvedRecord): Answer[] {
  const base = { name, ttl, class: 'IN' } as const;
  const words = value.split(/\s+/);
  switch (type) {
    case 'A':
    case 'AAAA':
      return [{ ...base, type, data: value }];
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return [{ ...base, type, data: value.replace(/\.$/, '') }];
    case 'TXT':
    case 'SPF':
      return [{ ...base, type: 'TXT', data: quotedStrings(value) }];
    case 'MX':
      return [{ ...base, type, data: { preference: Number(words[0]), exchange: (words[1] ?? '').replace(/\.$/, '') } }];
    case 'SRV': {
      const [priority, weight, port, target = ''] = words;
      return [
        {
          ...base,
          type,
          data: {
            priority: Number(priority),
            weight: Number(weight),
            port: Number(port),
            target: target.replace(/\.$/, ''),
          },
        },
      ];
    }
    case 'CAA': {
      const [flags, tag = '', ...rest] = words;
      const issuerCritical = Number(flags) === 128;
      return [
        {
          ...base,
          type,
          data: { flags: Number(flags), tag: tag as 'issue', value: unquote(rest.join(' ')), issuerCritical },
        },
      ];
    }
    case 'SOA': {
      const [mname = '', rname = '', serial, refresh, retry, expire, minimum] = words;
      return [
        {
          ...base,
          type,
          data: {
            mname: mname.replace(/\.$/, ''),
            rname: rname.replace(/\.$/, ''),
            serial: Number(serial),
            refresh: Number(refresh),
            retry: Number(retry),
            expire: Number(expire),
            minimum: Number(minimum),
          },
        },
      ];
    }
  }
}

/** `"one" "two"` → [one, two] */
function quotedStrings(value: string): string[] {
  const found = [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? '').replace(/\\(.)/g, '$1'));
  return found.length > 0 ? found : [value];
}

function unquote(value: string): string {
  return quotedStrings(value)[0] ?? value;
}
