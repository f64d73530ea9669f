/** What a template must be acknowledged for. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html */
import type { Capability } from '@aws-sdk/client-cloudformation';
import type { Template } from '../../stacks/template.ts';

/** IAM types with the property that names them. */
const iamTypes: Readonly<Record<string, string>> = {
  'AWS::IAM::AccessKey': '',
  'AWS::IAM::Group': 'GroupName',
  'AWS::IAM::InstanceProfile': 'InstanceProfileName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Policy': '',
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::User': 'UserName',
  'AWS::IAM::UserToGroupAddition': '',
};

export function neededCapabilities({ resources, transforms }: Template): {
  capabilities: Capability[];
  reason: string | undefined;
} {
  const iam = Object.values(resources).filter(({ Type }) => Object.hasOwn(iamTypes, Type));
  const named = iam.filter(({ Type, Properties }) => {
    const name = iamTypes[Type];
    return name !== undefined && name !== '' && Object.hasOwn(Properties, name);
  });
  const capabilities: Capability[] = [];
  if (iam.length > 0) capabilities.push(named.length > 0 ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM');
  // AWS::LanguageExtensions needs CAPABILITY_AUTO_EXPAND like any transform.
  if (transforms.length > 0) capabilities.push('CAPABILITY_AUTO_EXPAND');
  const types = [...new Set((named.length > 0 ? named : iam).map(({ Type }) => Type))];
  const reason = types.length > 0 ? `The following resource(s) require capabilities: [${types.join(', ')}]` : undefined;
  return { capabilities, reason };
}
