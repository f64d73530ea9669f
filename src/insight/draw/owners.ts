/**
 * Details without a shape of their own, and whose shape stands for them: a route for its subnets, a rule for its group.
 * So that a change of a detail shows somewhere.
 */
import type { Model } from '../model/model.ts';
import type { References } from './references.ts';

/** By the properties that name the owner; `used` where the owner names the detail instead. */
const details: Readonly<Record<string, readonly string[] | 'used'>> = {
  'AWS::EC2::Route': ['RouteTableId'],
  'AWS::EC2::RouteTable': 'used',
  'AWS::EC2::SubnetRouteTableAssociation': ['SubnetId'],
  'AWS::EC2::SubnetNetworkAclAssociation': ['SubnetId'],
  'AWS::EC2::NetworkAclEntry': ['NetworkAclId'],
  'AWS::EC2::VPCGatewayAttachment': ['InternetGatewayId', 'VpcId'],
  'AWS::EC2::VPCCidrBlock': ['VpcId'],
  'AWS::EC2::SubnetCidrBlock': ['SubnetId'],
  'AWS::EC2::SecurityGroupIngress': ['GroupId'],
  'AWS::EC2::SecurityGroupEgress': ['GroupId'],
  'AWS::EC2::EIP': 'used',
  'AWS::EC2::EIPAssociation': ['InstanceId', 'NetworkInterfaceId'],
  'AWS::EC2::LaunchTemplate': 'used',
  'AWS::EC2::NetworkInterface': 'used',
  'AWS::ElasticLoadBalancingV2::Listener': ['LoadBalancerArn'],
  'AWS::ElasticLoadBalancingV2::ListenerRule': ['ListenerArn'],
  'AWS::ElasticLoadBalancingV2::ListenerCertificate': ['ListenerArn'],
  'AWS::ElasticLoadBalancingV2::TargetGroup': 'used',
  'AWS::AutoScaling::LifecycleHook': ['AutoScalingGroupName'],
  'AWS::AutoScaling::ScheduledAction': ['AutoScalingGroupName'],
  'AWS::IAM::InstanceProfile': ['Roles'],
  'AWS::IAM::Policy': ['Roles', 'Users', 'Groups'],
  'AWS::IAM::RolePolicy': ['RoleName'],
  'AWS::S3::BucketPolicy': ['Bucket'],
  'AWS::CloudFront::OriginAccessControl': 'used',
  'AWS::CloudFront::CloudFrontOriginAccessIdentity': 'used',
  'AWS::CloudFront::Function': 'used',
  'AWS::CloudFront::CachePolicy': 'used',
  'AWS::CloudFront::OriginRequestPolicy': 'used',
  'AWS::CloudFront::ResponseHeadersPolicy': 'used',
  'AWS::CloudFront::KeyGroup': 'used',
  'AWS::CloudFront::PublicKey': 'used',
  'AWS::Route53::RecordSet': ['HostedZoneId'],
  'AWS::SNS::TopicPolicy': ['Topics'],
  'AWS::KMS::Alias': ['TargetKeyId'],
  'AWS::Logs::LogStream': ['LogGroupName'],
};

/** Of each resource without a shape, the resources with one that stand for it; those missing need shapes of their own. */
export function ownersOf(
  model: Model,
  references: References,
  shown: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const follow = (logicalId: string, depth: number): readonly string[] => {
    if (shown.has(logicalId)) return [logicalId];
    const resource = model.resources.get(logicalId);
    const how = resource && details[resource.type];
    if (!resource || !how || depth === 0) return [];
    const next =
      how === 'used'
        ? references.namedBy(logicalId)
        : how.flatMap((property) => [...references.namedIn(resource.properties[property])]);
    return [...new Set(next.flatMap((one) => follow(one, depth - 1)))];
  };
  for (const { logicalId } of model.resources.values()) {
    if (shown.has(logicalId)) continue;
    const owners = follow(logicalId, 4);
    if (owners.length > 0) found.set(logicalId, owners);
  }
  return found;
}
