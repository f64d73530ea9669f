/** The services that the region has. Adding one is a folder and a line here. */
import { acm } from './acm/index.ts';
import { autoScaling } from './autoscaling/index.ts';
import { budgets } from './budgets/index.ts';
import { cloudFormation } from './cloudformation/index.ts';
import { cloudFront } from './cloudfront/index.ts';
import { cloudWatch } from './cloudwatch/index.ts';
import { ec2 } from './ec2/index.ts';
import { elasticLoadBalancing } from './elasticloadbalancing/index.ts';
import { iam } from './iam/index.ts';
import { kms } from './kms/index.ts';
import { logs } from './logs/index.ts';
import { route53 } from './route53/index.ts';
import { s3 } from './s3/index.ts';
import type { Service } from './service.ts';
import { sns } from './sns/index.ts';
import { ssm } from './ssm/index.ts';
import { sts } from './sts/index.ts';

export function allServices(): readonly Service[] {
  const services: Service[] = [
    acm,
    autoScaling,
    budgets,
    cloudFront,
    cloudWatch,
    ec2,
    elasticLoadBalancing,
    iam,
    kms,
    logs,
    route53,
    s3,
    sns,
    ssm,
    sts,
    cloudFormation(() => Object.assign({}, ...services.map(({ resources }) => resources))),
  ];
  return services;
}
