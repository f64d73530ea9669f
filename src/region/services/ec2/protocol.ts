/** IANA protocol numbers and the names that EC2 takes and gives. */
import { Fault } from '../../wire/fault.ts';

const names: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58, all: -1 };
const byNumber = new Map([
  [6, 'tcp'],
  [17, 'udp'],
  [1, 'icmp'],
  [58, 'icmpv6'],
]);

/** −1 for all, else 0 to 255. */
export function protocolNumber(text: string): number {
  const name = text.toLowerCase();
  if (Object.hasOwn(names, name)) return names[name] ?? -1;
  const value = /^-?\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (value === -1 || (value >= 0 && value <= 255)) return value;
  throw new Fault('InvalidParameterValue', `Invalid value '${text}' for IP protocol. Unknown protocol.`);
}

/** As security groups answer: `tcp`, `udp`, `icmp`, `icmpv6` by name, every other by number. */
export function protocolText(number: number): string {
  return byNumber.get(number) ?? String(number);
}

export const hasPorts = (number: number) => number === 6 || number === 17;
export const isIcmp = (number: number) => number === 1 || number === 58;
