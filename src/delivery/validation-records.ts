/**
 * Records that prove a domain to ACM. CloudFormation makes them and never takes them away, and a zone that still has them
 * cannot be deleted.
 * https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1603
 */
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import {
  ChangeResourceRecordSetsCommand,
  ListResourceRecordSetsCommand,
  type ListResourceRecordSetsCommandOutput,
  type ResourceRecordSet,
  type RRType,
} from '@aws-sdk/client-route-53';
import type { Target } from './target.ts';

const proof = /\.acm-validations\.aws\.?$/;

/** Takes them out of the zones that the stack made; certificates that are issued stay so until they are to be renewed. */
export async function removeValidationRecords(target: Target, stack: string): Promise<void> {
  const { StackResources = [] } = await target.cloudFormation.send(
    new DescribeStackResourcesCommand({ StackName: stack }),
  );
  for (const { ResourceType, PhysicalResourceId: HostedZoneId, ResourceStatus } of StackResources) {
    if (ResourceType !== 'AWS::Route53::HostedZone' || !HostedZoneId || ResourceStatus === 'DELETE_COMPLETE') continue;
    const found: ResourceRecordSet[] = [];
    let next: { StartRecordName?: string | undefined; StartRecordType?: RRType | undefined } | undefined = {};
    while (next) {
      const page: ListResourceRecordSetsCommandOutput = await target.route53.send(
        new ListResourceRecordSetsCommand({ HostedZoneId, ...next }),
      );
      for (const set of page.ResourceRecordSets ?? []) {
        if (set.Type === 'CNAME' && set.ResourceRecords?.every(({ Value = '' }) => proof.test(Value))) found.push(set);
      }
      next = page.IsTruncated
        ? { StartRecordName: page.NextRecordName, StartRecordType: page.NextRecordType }
        : undefined;
    }
    if (found.length === 0) continue;
    const Changes = found.map((ResourceRecordSet) => ({ Action: 'DELETE' as const, ResourceRecordSet }));
    await target.route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
  }
}
