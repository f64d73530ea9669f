/** Route 53: hosted zones and their records, which the DNS server answers from. */
import { service } from '../service.ts';
import { getChange } from './change.ts';
import { changeResourceRecordSets, listResourceRecordSets } from './record-set.ts';
import { hostedZone, recordSet } from './resources.ts';
import * as zone from './zone.ts';

export const route53 = service('@aws-sdk/client-route-53', 'route53', {
  operations: {
    createHostedZone: zone.createHostedZone,
    getHostedZone: zone.getHostedZone,
    deleteHostedZone: zone.deleteHostedZone,
    listHostedZones: zone.listHostedZones,
    listHostedZonesByName: zone.listHostedZonesByName,
    getHostedZoneCount: zone.getHostedZoneCount,
    updateHostedZoneComment: zone.updateHostedZoneComment,
    changeTagsForResource: zone.changeTagsForResource,
    listTagsForResource: zone.listTagsForResource,
    changeResourceRecordSets,
    listResourceRecordSets,
    getChange,
  },
  resources: {
    'AWS::Route53::HostedZone': hostedZone,
    'AWS::Route53::RecordSet': recordSet,
  },
});
