/**
 * CloudFront: distributions, their policies, access controls, functions, keys and invalidations.
 *
 * Not modelled, and refused where asked for: origin groups, access logs, web ACLs, Lambda@Edge, geographic restrictions,
 * field-level encryption, trusted signers that are accounts, key value stores, VPC origins, Origin Shield, tenants.
 */
import { service } from '../service.ts';
import * as distribution from './distribution.ts';
import * as viewerFunction from './function.ts';
import * as invalidation from './invalidation.ts';
import { simpleOperations } from './kinds.ts';
import { resources } from './resources.ts';
import { invalidations } from './state.ts';
import * as tags from './tags.ts';

export const cloudFront = service('@aws-sdk/client-cloudfront', 'cloudfront', {
  operations: {
    createDistribution: distribution.createDistribution,
    createDistributionWithTags: distribution.createDistributionWithTags,
    getDistribution: distribution.getDistribution,
    getDistributionConfig: distribution.getDistributionConfig,
    updateDistribution: distribution.updateDistribution,
    deleteDistribution: distribution.deleteDistribution,
    listDistributions: distribution.listDistributions,
    createFunction: viewerFunction.createFunction,
    updateFunction: viewerFunction.updateFunction,
    publishFunction: viewerFunction.publishFunction,
    describeFunction: viewerFunction.describeFunction,
    getFunction: viewerFunction.getFunction,
    listFunctions: viewerFunction.listFunctions,
    deleteFunction: viewerFunction.deleteFunction,
    testFunction: viewerFunction.testFunction,
    createInvalidation: invalidation.createInvalidation,
    getInvalidation: invalidation.getInvalidation,
    listInvalidations: invalidation.listInvalidations,
    tagResource: tags.tagResource,
    untagResource: tags.untagResource,
    listTagsForResource: tags.listTagsForResource,
    ...simpleOperations,
  },
  resources,
  start(scope) {
    if (scope.region !== 'us-east-1') return;
    for (const record of invalidations(scope).values()) if (!record.done) void invalidation.carryOut(scope, record);
  },
});
