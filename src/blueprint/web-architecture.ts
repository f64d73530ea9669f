/** The whole architecture as one construct: its parts in the order in which they need each other. */
import { CfnElement, CfnOutput, Fn } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { makeAcls } from './acl.ts';
import { makeBalancer } from './balancer.ts';
import { makeKey } from './bucket.ts';
import { type Config, type ConfigInput, parseConfig } from './config.ts';
import { makeData } from './data.ts';
import { makeNames, makeRecords, nameServers } from './dns.ts';
import { makeEndpoints } from './endpoints.ts';
import { makeMachineGroup, makeMachines } from './machines.ts';
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
    const bucketKey = makeKey(this, config);
    const data = makeData(this, config, bucketKey);
    const names = makeNames(this, parameters);
    const balancer = makeBalancer(this, config, network, parameters, names.apiCertificateArn);
    const { securityGroup, rule } = makeMachineGroup(this, config, network.vpc, balancer.securityGroup);
    const endpoints = makeEndpoints(this, config, { network, parameters, data, machines: securityGroup });
    const web = makeWeb(this, config, parameters, balancer, names.siteCertificateArn, bucketKey);
    makeRecords(this, config, parameters, names, web.distribution, balancer);
    const logGroup = makeLogGroup(this, 'ApiLogs', config);
    const ready = [...network.ready, ...acls, ...endpoints, rule];
    const group = makeMachines(this, config, { network, parameters, balancer, securityGroup, data, logGroup, ready });
    makeScaling(this, config, group);
    const { distribution } = web;
    makeMonitoring(this, config, { network, parameters, balancer, distribution });

    const { hasDomain, makesZone } = parameters.conditions;
    const output = (name: string, value: string) => new CfnOutput(this, name, { value });
    const either = (yes: string, no: string) => Fn.conditionIf(hasDomain.logicalId, Fn.sub(yes), Fn.sub(no)).toString();
    output('SiteUrl', either('https://${DomainName}', 'https://${Distribution.DomainName}'));
    output('ApiUrl', either('https://api.${DomainName}', 'https://${Distribution.DomainName}/api'));
    output('DistributionId', distribution.ref);
    output('DistributionDomainName', distribution.attrDomainName);
    output('SpaBucketName', web.bucket.ref);
    output('DataBucketName', data.bucket.ref);
    output('BalancerDnsName', balancer.loadBalancer.attrDnsName);
    output('AutoScalingGroupName', group.ref);
    output('ApiLogGroupName', logGroup.ref);
    output('NameServers', nameServers(names.zone)).condition = makesZone;

    for (const part of this.node.findAll()) {
      if (CfnElement.isCfnElement(part)) part.overrideLogicalId(part.node.id);
    }
  }
}
