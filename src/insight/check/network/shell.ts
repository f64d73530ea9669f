/** Ports that only administrators need. */
import { parseRange } from '../../../region/network/address.ts';
import { describeMatch, headerOf, spanHas, tcp } from '../../../region/network/match.ts';
import type { GroupRule } from '../../../region/network/world.ts';
import type { Rule } from '../rule.ts';
import { interfacesOf, listed, ownerOf, placeOfRule } from './parts.ts';

const ports = new Map([
  [22, 'SSH'],
  [3389, 'RDP'],
]);
const everywhere = new Set(['0.0.0.0/0', '::/0'].map((text) => parseRange(text).text));

export const shellOpenToWorld: Rule = {
  id: 'shell-open-to-world',
  severity: 'error',
  title: 'No machine takes shells from everywhere',
  page: 'https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-13',
  *find(model) {
    const told = new Map<GroupRule, Set<string>>();
    for (const machine of interfacesOf(model, 'instance')) {
      for (const rule of machine.ingress.filter(isOpenShell)) {
        told.set(rule, (told.get(rule) ?? new Set()).add(ownerOf(machine)));
      }
    }
    for (const [rule, machines] of told) {
      const names = [...ports].flatMap(([port, name]) => (allows(rule, port) ? [`${name} (${port})`] : []));
      yield {
        ...placeOfRule(model, rule),
        message: `${rule.group.name} allows ${describeMatch(rule)} from everywhere to ${listed(machines)}, with it ${listed(names)}: whoever scans for it tries passwords and keys there.`,
        fix: 'Take the rule out and use SSM Session Manager, which needs no open port; or name the range of an office.',
      };
    }
  },
};

function isOpenShell(rule: GroupRule): boolean {
  return rule.ranges.some(({ text }) => everywhere.has(text)) && [...ports.keys()].some((port) => allows(rule, port));
}

function allows(rule: GroupRule, destinationPort: number): boolean {
  return spanHas(rule.span, headerOf({ protocol: tcp, destinationPort, icmpType: 0, icmpCode: 0 }));
}
