/** Types without a charge of their own, by the page that says so. What is billed elsewhere because of them is there. */

const pages: Readonly<Record<string, readonly string[]>> = {
  'https://aws.amazon.com/vpc/pricing/': [
    'EC2::VPC',
    'EC2::VPCCidrBlock',
    'EC2::Subnet',
    'EC2::SubnetRouteTableAssociation',
    'EC2::SubnetNetworkAclAssociation',
    'EC2::RouteTable',
    'EC2::Route',
    'EC2::InternetGateway',
    'EC2::EgressOnlyInternetGateway',
    'EC2::VPCGatewayAttachment',
    'EC2::NetworkAcl',
    'EC2::NetworkAclEntry',
    'EC2::SecurityGroup',
    'EC2::SecurityGroupIngress',
    'EC2::SecurityGroupEgress',
    'EC2::EIPAssociation',
    // Delivered to a log group or a bucket, which is billed.
    'EC2::FlowLog',
  ],
  'https://aws.amazon.com/ec2/autoscaling/pricing/': [
    'EC2::LaunchTemplate',
    'AutoScaling::LifecycleHook',
    'AutoScaling::ScheduledAction',
    'AutoScaling::WarmPool',
  ],
  'https://aws.amazon.com/elasticloadbalancing/pricing/': [
    'ElasticLoadBalancingV2::TargetGroup',
    'ElasticLoadBalancingV2::Listener',
    'ElasticLoadBalancingV2::ListenerRule',
  ],
  'https://aws.amazon.com/iam/': [
    'IAM::Role',
    'IAM::InstanceProfile',
    'IAM::Policy',
    'IAM::ManagedPolicy',
    'IAM::User',
    'IAM::Group',
    'IAM::UserToGroupAddition',
    'IAM::AccessKey',
    'IAM::ServiceLinkedRole',
  ],
  'https://aws.amazon.com/certificate-manager/pricing/': ['CertificateManager::Certificate'],
  'https://aws.amazon.com/cloudformation/pricing/': [
    'CloudFormation::WaitCondition',
    'CloudFormation::WaitConditionHandle',
  ],
  'https://aws.amazon.com/cloudfront/pricing/pay-as-you-go/': [
    'CloudFront::OriginAccessControl',
    'CloudFront::CachePolicy',
    'CloudFront::OriginRequestPolicy',
    'CloudFront::ResponseHeadersPolicy',
    'CloudFront::PublicKey',
    'CloudFront::KeyGroup',
    // Its runs are billed at the distribution.
    'CloudFront::Function',
  ],
  'https://aws.amazon.com/s3/pricing/': ['S3::BucketPolicy'],
  'https://aws.amazon.com/route53/pricing/': ['Route53::RecordSet'],
  'https://aws.amazon.com/sns/pricing/': ['SNS::Subscription', 'SNS::TopicPolicy'],
  'https://aws.amazon.com/kms/pricing/': ['KMS::Alias'],
  'https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/': ['Budgets::Budget'],
  'https://aws.amazon.com/cloudwatch/pricing/': ['Logs::LogStream'],
};

const byType = new Map<string, string>(
  Object.entries(pages).flatMap(([page, types]) => types.map((type) => [`AWS::${type}`, page] as const)),
);

export function freePage(type: string): string | undefined {
  return byType.get(type);
}
