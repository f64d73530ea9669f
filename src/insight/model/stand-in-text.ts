/** What stands for a parameter that anybody may choose: a text that its constraints let through, as like what is meant as its name tells. */
import { type Template, takesValue } from '../../region/template.ts';

/** The first whose name fits goes first; of what is left any that is let through. */
const likely: readonly (readonly [name: RegExp, texts: readonly string[]])[] = [
  [/e-?mail/i, ['someone@example.com']],
  [/password|secret|token/i, ['Stand1n-Passw0rd', 'Stand1nPassw0rd']],
  [/subnet.*(cidr|block|range)|(cidr|block|range).*subnet/i, []],
  [/cidr|range|location|address|ip$/i, ['10.0.0.0/16', '10.0.0.10']],
  [/url|endpoint|uri/i, ['https://www.example.com']],
  [/domain|host|fqdn/i, ['example.com', 'example']],
];

/** Forms that patterns of parameters ask for. */
const ids: readonly string[] = [
  ...['role/stand-in', 'user/stand-in'].map((name) => `arn:aws:iam::123456789012:${name}`),
  ...[
    'kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000',
    'acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000',
    'sns:us-east-1:123456789012:stand-in',
    's3:::stand-in',
  ].map((name) => `arn:aws:${name}`),
  ...['vpc', 'subnet', 'sg', 'rtb', 'igw', 'fs', 'pcx', 'ami', 'vol', 'i'].map((kind) => `${kind}-0123456789abcdef0`),
  ...['d-0123456789', 'fs-01234567', '123456789012', '10.0.0.0/24', '00000000-0000-0000-0000-000000000000'],
];

/** @param turn how many subnets' ranges were made up before: those of a template must not overlap */
export function standInText(template: Template, name: string, turn: number): string | undefined {
  const { AllowedValues, MinValue, MaxValue, MinLength = 0 } = template.parameters[name] ?? {};
  const known = likely.find(([form]) => form.test(name))?.[1];
  const subnet = known?.length === 0 ? [`10.0.${turn}.0/24`] : [];
  const plain = name.toLowerCase();
  const texts = [
    ...(AllowedValues ?? []),
    ...subnet,
    ...(known ?? []),
    ...[name, plain, plain.replace(/[^a-z]/g, '').slice(0, 8), `${plain}-stand-in`],
    ...[MinValue, 1, MaxValue].flatMap((one) => (one === undefined ? [] : String(one))),
    ...likely.flatMap(([, some]) => some),
    ...ids,
    'x'.repeat(MinLength),
  ];
  return texts.find((text) => text !== '' && takesValue(template, name, text));
}

/** Whether its range is made up in turn. */
export const isSubnetRange = (name: string) => likely.find(([form]) => form.test(name))?.[1].length === 0;
