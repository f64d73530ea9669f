/** What EC2 makes along with a VPC has an id, and no name that anybody knows: in findings it is described. */
import type { Model } from '../model/model.ts';
import type { Found } from './rule.ts';

const physicalId = /\b(rtb|acl|sg)-[0-9a-f]{17}(?![0-9a-f])/g;
const newName = /^(rtb|acl|sg)-[0-9a-f]{17}(?=\w*:$)/gm;
const reference = /!Ref ((rtb|acl|sg)-[0-9a-f]{17})(?![0-9a-f])(.*)/g;

const descriptions: Readonly<Record<string, string>> = {
  rtb: 'the main route table',
  acl: 'the default network ACL',
  sg: 'the default security group',
};

export function withoutPhysicalIds(model: Model, found: Found): Found {
  const { parts, vpcs } = model.world;
  const all = [...parts.routeTables, ...parts.acls, ...parts.groups];
  const described = (id: string, kind: string) => {
    const vpc = vpcs.get(all.find((one) => one.id === id)?.vpcId ?? '');
    return vpc ? `${descriptions[kind]} of ${vpc.name}` : id;
  };
  const message = found.message.replace(physicalId, (id, kind) => described(id, kind));
  // A reference needs a resource of the template, which is to be made.
  const fix = found.fix
    ?.replace(reference, (_, id: string, kind: string, rest: string) => {
      return `!Ref …${rest}   # one of its own, in place of ${described(id, kind)}`;
    })
    .replace(newName, 'New')
    .replace(physicalId, (id, kind) => described(id, kind));
  return { ...found, message: `${message.charAt(0).toUpperCase()}${message.slice(1)}`, fix };
}
