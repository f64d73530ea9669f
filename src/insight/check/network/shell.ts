/** Ports that only administrators need. */
import { parseRange } from '../../../region/network/address.ts';
import { describeMatch, headerOf, spanHas, tcp } from '../../../region/network/match.ts';
import type { GroupRule, NetworkInterface } from '../../../region/network/world.ts';
import { listed } from '../../words.ts';
import type { Rule } from '../rule.ts';
import { interfacesOf, ownerOf, placeOfRule, reachedFromOutside } from './parts.ts';

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
    const told = new Map<GroupRule, NetworkInterface[]>();
    for (const machine of interfacesOf(model, 'instance')) {
      for (const rule of machine.ingress.filter(isOpenShell)) {
        told.set(rule, [...(told.get(rule) ?? []), machine]);
      }
    }
    for (const [rule, machines] of told) {
      const open = [...ports].filter(([port]) => allows(rule, port));
      const names = open.map(([port, name]) => `${name} (${port})`);
      const owners = new Set(machines.map(ownerOf));
      const reached = machines.some((one) => open.some(([port]) => reachedFromOutside(model.world, one, port)));
      const follows = reached
        ? 'whoever scans for it tries passwords and keys there'
        : 'only routes, addresses and ACLs keep the internet out today, and the rule stays when one of them changes';
      yield {
        ...placeOfRule(model, rule),
        message: `${rule.group.name} allows ${describeMatch(rule)} from everywhere to ${listed(owners)}, with it ${listed(names)}: ${follows}.`,
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
