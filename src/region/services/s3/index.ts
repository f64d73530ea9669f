/**
 * S3: buckets and objects. Who may is asked of IAM with the bucket's policy, bytes are files that are written once, and
 * which objects there are is one ordered index.
 *
 * Not modelled, and refused where asked for: SSE-C, Object Lock, MFA delete, ACLs other than private and a bucket's for access logs, archive storage
 * classes, notifications, replication, websites, access points, directory buckets. Server access logs are a setting only.
 */
import { service } from '../service.ts';
import * as bucket from './bucket.ts';
import * as bucketPolicy from './bucket-policy.ts';
import { bucketPolicyType } from './bucket-policy-resource.ts';
import { bucketType } from './bucket-resource.ts';
import * as bucketSettings from './bucket-settings.ts';
import { deleteBucketCors, getBucketCors, putBucketCors } from './cors.ts';
import {
  deleteBucketLifecycle,
  getBucketLifecycleConfiguration,
  putBucketLifecycleConfiguration,
  startLifecycle,
} from './lifecycle.ts';
import { listObjects, listObjectsV2, listObjectVersions } from './list-objects.ts';
import { abortMultipartUpload, createMultipartUpload, uploadPart, uploadPartCopy } from './multipart.ts';
import { completeMultipartUpload } from './multipart-complete.ts';
import { listMultipartUploads, listParts } from './multipart-list.ts';
import { copyObject } from './object-copy.ts';
import { deleteObject, deleteObjects } from './object-delete.ts';
import { getObject, headObject } from './object-get.ts';
import { putObject } from './object-put.ts';
import {
  deleteObjectTagging,
  getObjectAcl,
  getObjectAttributes,
  getObjectTagging,
  putObjectAcl,
  putObjectTagging,
} from './object-tagging.ts';
import { objectsOf } from './objects.ts';

export { type CorsRequest, s3CorsHeaders, s3Preflight } from './cors.ts';

export const s3 = service('@aws-sdk/client-s3', 's3', {
  operations: {
    createBucket: bucket.createBucket,
    deleteBucket: bucket.deleteBucket,
    headBucket: bucket.headBucket,
    listBuckets: bucket.listBuckets,
    getBucketLocation: bucket.getBucketLocation,

    putBucketPolicy: bucketPolicy.putBucketPolicy,
    getBucketPolicy: bucketPolicy.getBucketPolicy,
    deleteBucketPolicy: bucketPolicy.deleteBucketPolicy,
    getBucketPolicyStatus: bucketPolicy.getBucketPolicyStatus,
    putPublicAccessBlock: bucketPolicy.putPublicAccessBlock,
    getPublicAccessBlock: bucketPolicy.getPublicAccessBlock,
    deletePublicAccessBlock: bucketPolicy.deletePublicAccessBlock,

    ...bucketSettings,

    putBucketCors,
    getBucketCors,
    deleteBucketCors,
    putBucketLifecycleConfiguration,
    getBucketLifecycleConfiguration,
    deleteBucketLifecycle,

    putObject,
    getObject,
    headObject,
    deleteObject,
    deleteObjects,
    copyObject,
    listObjects,
    listObjectsV2,
    listObjectVersions,

    createMultipartUpload,
    uploadPart,
    uploadPartCopy,
    completeMultipartUpload,
    abortMultipartUpload,
    listParts,
    listMultipartUploads,

    putObjectTagging,
    getObjectTagging,
    deleteObjectTagging,
    getObjectAcl,
    putObjectAcl,
    getObjectAttributes,
  },
  resources: {
    'AWS::S3::Bucket': bucketType,
    'AWS::S3::BucketPolicy': bucketPolicyType,
  },
  async start(scope) {
    startLifecycle(scope);
    const note = (kind: string, text: string) => scope.note({ source: 's3', kind, text });
    try {
      const orphans = await objectsOf(scope).swept();
      if (orphans > 0) note('orphans-swept', `Removed ${orphans} files of uploads that were cut short.`);
    } catch (error) {
      // Also when the region stops in the middle: the next start sweeps again.
      note('sweep-failed', `Files of uploads that were cut short could not be removed: ${String(error)}`);
    }
  },
});
