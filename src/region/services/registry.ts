/** The services that the region has. Adding one is a folder and a line here. */
import { cloudFormation } from './cloudformation/index.ts';
import { ec2 } from './ec2/index.ts';
import { elasticLoadBalancing } from './elasticloadbalancing/index.ts';
import { iam } from './iam/index.ts';
import { route53 } from './route53/index.ts';
import { s3 } from './s3/index.ts';
import type { Service } from './service.ts';
import { sts } from './sts/index.ts';

export function allServices(): readonly Service[] {
  const services: Service[] = [
    ec2,
    elasticLoadBalancing,
    iam,
    route53,
    s3,
    sts,
    cloudFormation(() => Object.assign({}, ...services.map(({ resources }) => resources))),
  ];
  return services;
}
