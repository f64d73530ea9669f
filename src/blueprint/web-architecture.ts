/** The whole architecture as one construct: its parts in the order in which they need each other. */
import { CfnElement, CfnOutput, type CfnOutputProps, Fn } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { makeAcls } from './acl.ts';
import { makeBalancer } from './balancer.ts';
import { type Config, type ConfigInput, parseConfig } from './config.ts';
import { makeData } from './data.ts';
import { makeNames, makeRecords, nameServers } from './dns.ts';
import { makeEndpoints } from './endpoints.ts';
import { makeMachines } from './machines.ts';
import { makeLogGroup, makeMonitoring } from './monitoring.ts';
import { makeNetwork } from './network.ts';
import { makeParameters } from './parameters.ts';
import { makeScaling } from './scaling.ts';
import { makeWeb } from './web.ts';

/** The keys of `orrery.config.ts`; `web.dir` and `api.dir` matter to delivery only. */
export type WebArchitectureProps = ConfigInput;

/**
 * Logical ids are the plain names of its parts (`PrivateSubnetA`, `ApiBalancer`), whatever it is called itself: a stack
 * holds one. Throws a `ConfigError` for props with mistakes.
 */
export class WebArchitecture extends Construct {
  readonly config: Config;

  constructor(scope: Construct, id: string, props: WebArchitectureProps) {
    super(scope, id);
    const config = parseConfig(props);
    this.config = config;
    const parameters = makeParameters(this, config);
    const network = makeNetwork(this, config);
    const acls = makeAcls(this, config, network);
    const data = makeData(this, config);
    const endpoints = makeEndpoints(this, config, network, parameters, data);
    const names = makeNames(this, parameters);
    const balancer = makeBalancer(this, config, network, parameters, names.apiCertificateArn);
    const web = makeWeb(this, config, parameters, balancer, names.siteCertificateArn);
    makeRecords(this, config, parameters, names, web.distribution, balancer);
    const logGroup = makeLogGroup(this, 'ApiLogs', config);
    const ready = [...network.ready, ...acls, ...endpoints.ready];
    const group = makeMachines(this, config, { network, parameters, balancer, endpoints, data, logGroup, ready });
    makeScaling(this, config, group, balancer);
    const { distribution } = web;
    makeMonitoring(this, config, { network, parameters, balancer, distribution });

    const output = (name: string, description: string, value: string, rest: Partial<CfnOutputProps> = {}) =>
      new CfnOutput(this, name, { description, value, ...rest });
    const { hasDomain, makesZone } = parameters.conditions;
    const either = (yes: string, no: string) => Fn.conditionIf(hasDomain.logicalId, Fn.sub(yes), Fn.sub(no)).toString();
    const site = '${Distribution.DomainName}';
    output('SiteUrl', 'Where the app is.', either('https://${DomainName}', `https://${site}`));
    output('ApiUrl', 'Where its API is.', either('https://api.${DomainName}', `https://${site}/api`));
    output('DistributionId', 'To invalidate what changed.', distribution.ref);
    output('DistributionDomainName', "CloudFront's own name for the app.", distribution.attrDomainName);
    output('SpaBucketName', 'Takes the files of the app.', web.bucket.ref);
    output('DataBucketName', 'Holds data and images.', data.bucket.ref);
    output('BalancerDnsName', "The balancer's own name.", balancer.loadBalancer.attrDnsName);
    output('TargetGroupArn', 'Whose health says how the machines are.', balancer.targetGroup.ref);
    output('AutoScalingGroupName', 'Holds the machines.', group.ref);
    output('ApiLogGroupName', "The machines' logs.", logGroup.ref);
    output('VpcId', 'The network.', network.vpc.ref);
    output('NameServers', 'To be entered at the registrar of the domain.', nameServers(names.zone), {
      condition: makesZone,
    });

    for (const part of this.node.findAll()) {
      if (CfnElement.isCfnElement(part)) part.overrideLogicalId(part.node.id);
    }
  }
}
