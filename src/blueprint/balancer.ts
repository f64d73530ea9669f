/**
 * The load balancer across the public subnets, and the target group that machines join.
 *
 * With a domain it speaks HTTPS, and HTTP only to redirect. Without one it has no certificate: CloudFront speaks HTTP to
 * it, and everybody else should stay out. Two things see to that. The listener answers 403 to requests without a header
 * that the distribution adds: the unguessable part of the stack's id, so that nothing has to be prepared or kept secret
 * beforehand. And where the parameter names CloudFront's prefix list, packets from elsewhere are dropped; the list's id
 * differs by region and CloudFormation cannot look it up, so it is optional.
 */
import { Aws, Fn } from 'aws-cdk-lib';
import { CfnSecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { CfnListener, CfnListenerRule, CfnLoadBalancer, CfnTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import { bucketPolicy, keep, privateBucket } from './bucket.ts';
import type { Config } from './config.ts';
import type { Network } from './network.ts';
import { choose, onlyIf, type Parameters } from './parameters.ts';

export interface Balancer {
  readonly loadBalancer: CfnLoadBalancer;
  readonly targetGroup: CfnTargetGroup;
  readonly securityGroup: CfnSecurityGroup;
  /** What the distribution shows to be let in, where there is no domain. */
  readonly originHeader: { readonly name: string; readonly value: string };
  /** The ARN of the listener, or the rule of one, that forwards to the target group. */
  readonly forwarder: string;
}

export function makeBalancer(
  scope: Construct,
  config: Config,
  network: Network,
  parameters: Parameters,
  certificateArn: string,
): Balancer {
  const { vpc, zones } = network;
  const { conditions } = parameters;
  const securityGroup = new CfnSecurityGroup(scope, 'BalancerSecurityGroup', {
    vpcId: vpc.ref,
    groupDescription: 'Load balancer of the API',
    securityGroupIngress: ingress(config, parameters),
  });
  const logs = config.api.accessLogs ? makeLogBucket(scope) : undefined;
  const loadBalancer = new CfnLoadBalancer(scope, 'ApiBalancer', {
    scheme: 'internet-facing',
    ipAddressType: config.network.ipv6 ? 'dualstack' : 'ipv4',
    subnets: zones.map((zone) => zone.public.ref),
    securityGroups: [securityGroup.ref],
    loadBalancerAttributes: [
      { key: 'routing.http.drop_invalid_header_fields.enabled', value: 'true' },
      // Said when off, too: CloudFormation leaves an attribute as it was that a template no longer names.
      { key: 'access_logs.s3.enabled', value: logs ? 'true' : 'false' },
      ...(logs ? [{ key: 'access_logs.s3.bucket', value: logs.bucket.ref }] : []),
    ],
  });
  loadBalancer.addResourceDependency(network.internet);
  // The balancer tries to write a test object when the attribute is set.
  if (logs) loadBalancer.addResourceDependency(logs.policy);
  const targetGroup = makeTargetGroup(scope, config, vpc.ref);
  const forward = [{ type: 'forward', targetGroupArn: targetGroup.ref }];
  const originHeader = { name: 'X-Origin-Token', value: Fn.select(2, Fn.split('/', Aws.STACK_ID)) };

  const https = new CfnListener(scope, 'HttpsListener', {
    loadBalancerArn: loadBalancer.ref,
    port: 443,
    protocol: 'HTTPS',
    sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
    certificates: [{ certificateArn }],
    defaultActions: forward,
  });
  https.cfnOptions.condition = conditions.hasDomain;
  const http = new CfnListener(scope, 'HttpListener', {
    loadBalancerArn: loadBalancer.ref,
    port: 80,
    protocol: 'HTTP',
    defaultActions: [
      Fn.conditionIf(
        conditions.hasDomain.logicalId,
        { Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } },
        { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '403' } },
      ),
    ],
  });
  const rule = new CfnListenerRule(scope, 'FromDistribution', {
    listenerArn: http.ref,
    priority: 1,
    conditions: [
      { field: 'http-header', httpHeaderConfig: { httpHeaderName: originHeader.name, values: [originHeader.value] } },
    ],
    actions: forward,
  });
  rule.cfnOptions.condition = conditions.noDomain;
  return {
    loadBalancer,
    targetGroup,
    securityGroup,
    originHeader,
    forwarder: choose(conditions.hasDomain, https.ref, rule.ref),
  };
}

function ingress({ network }: Config, { conditions, cloudFrontPrefixList }: Parameters) {
  const from = (port: number, source: Readonly<Record<string, string>>) => ({
    IpProtocol: 'tcp',
    FromPort: port,
    ToPort: port,
    ...source,
  });
  const http = (source: Readonly<Record<string, string>>) => from(80, source);
  const https = (source: Readonly<Record<string, string>>) => from(443, source);
  return [
    onlyIf(conditions.hasDomain, https({ CidrIp: '0.0.0.0/0' })),
    Fn.conditionIf(
      conditions.onlyCloudFront.logicalId,
      http({ SourcePrefixListId: cloudFrontPrefixList.valueAsString }),
      http({ CidrIp: '0.0.0.0/0' }),
    ),
    ...(network.ipv6
      ? [
          onlyIf(conditions.hasDomain, https({ CidrIpv6: '::/0' })),
          onlyIf(conditions.hasDomain, http({ CidrIpv6: '::/0' })),
        ]
      : []),
  ];
}

function makeTargetGroup(scope: Construct, { api }: Config, vpcId: string): CfnTargetGroup {
  const attributes: Record<string, string> = {
    'deregistration_delay.timeout_seconds': String(api.drainSeconds),
    'load_balancing.algorithm.type': api.balancing.replace('-', '_').replace('outstanding', 'outstanding_requests'),
    ...(api.stickySeconds === false
      ? {}
      : {
          'stickiness.enabled': 'true',
          'stickiness.type': 'lb_cookie',
          'stickiness.lb_cookie.duration_seconds': String(api.stickySeconds),
        }),
  };
  return new CfnTargetGroup(scope, 'ApiTargets', {
    vpcId,
    protocol: 'HTTP',
    port: api.port,
    healthCheckPath: api.healthPath,
    healthCheckIntervalSeconds: 10,
    healthyThresholdCount: 2,
    targetGroupAttributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
  });
}

/**
 * Delivery of access logs takes SSE-S3 only.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
 */
function makeLogBucket(scope: Construct) {
  const bucket = privateBucket(scope, 'BalancerLogs', {
    lifecycleConfiguration: { rules: [{ id: 'Expire', status: 'Enabled', expirationInDays: 90 }] },
  });
  const policy = bucketPolicy(scope, bucket, [
    {
      Sid: 'Deliver',
      Effect: 'Allow',
      Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
      Action: 's3:PutObject',
      Resource: Fn.sub(`\${${bucket.node.id}.Arn}/AWSLogs/\${AWS::AccountId}/*`),
      Condition: {
        ArnLike: {
          'aws:SourceArn': Fn.sub(
            'arn:${AWS::Partition}:elasticloadbalancing:${AWS::Region}:${AWS::AccountId}:loadbalancer/*',
          ),
        },
      },
    },
  ]);
  // The policy stays with the bucket: when logging is switched off, the last lines are still to come.
  keep(bucket);
  keep(policy);
  return { bucket, policy };
}
