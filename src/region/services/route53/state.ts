/** Route 53's records, of the whole account. */
import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import type { Scope } from '../service.ts';

export interface HostedZoneRecord {
  /** `Z` and 20 characters, without `/hostedzone/`. */
  readonly id: string;
  /** Lower case, with the final dot. */
  readonly name: string;
  readonly callerReference: string;
  readonly comment?: string;
  readonly private: boolean;
  readonly vpcs: readonly { readonly VPCId: string; readonly VPCRegion: string }[];
  readonly nameServers: readonly string[];
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
  /** In the order of `ListResourceRecordSets`. */
  readonly records: readonly ResourceRecordSet[];
}

export interface ChangeRecord {
  readonly id: string;
  readonly submittedMs: number;
  readonly comment?: string;
}

export const hostedZones = (scope: Scope) => scope.globalTable<HostedZoneRecord>('route53/hostedZones');
export const changes = (scope: Scope) => scope.globalTable<ChangeRecord>('route53/changes');
