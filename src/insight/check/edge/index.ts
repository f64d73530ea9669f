/** The rules of CloudFront, S3, IAM, CORS and Auto Scaling, in the order in which their findings are told. */
import type { Rule } from '../rule.ts';
import { corsApiOrigin } from './api-origin.ts';
import { originHttp } from './balancer-origin.ts';
import { bucketReaders } from './bucket-readers.ts';
import { bucketSettings } from './bucket-settings.ts';
import { corsRulesOfEdge } from './cors.ts';
import { errorPages } from './error-pages.ts';
import { groupHealth } from './group-health.ts';
import { imdsV1 } from './instance-metadata.ts';
import { logRetention } from './logs.ts';
import { originAccess } from './origin-access.ts';
import { publicWrite } from './public-write.ts';
import { aliasIpv6 } from './records.ts';
import { rolePermissions } from './role-permissions.ts';
import { roleOpenTrust } from './role-trust.ts';
import { s3Endpoint } from './s3-endpoint.ts';
import { scaling } from './scaling.ts';
import { viewerSettings } from './viewer-settings.ts';

export const edgeRules: readonly Rule[] = [
  ...bucketReaders,
  ...originAccess,
  publicWrite,
  ...viewerSettings,
  ...errorPages,
  originHttp,
  ...corsRulesOfEdge,
  corsApiOrigin,
  ...bucketSettings,
  ...rolePermissions,
  roleOpenTrust,
  imdsV1,
  ...scaling,
  ...groupHealth,
  ...s3Endpoint,
  aliasIpv6,
  logRetention,
];
