/**
 * S3's errors with S3's words. List: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
import { Fault } from '../../wire/fault.ts';

export const noSuchBucket = (bucket: string) =>
  new Fault('NoSuchBucket', 'The specified bucket does not exist', { status: 404, members: { BucketName: bucket } });

export const noSuchKey = (key: string, headers: Record<string, string> = {}) =>
  new Fault('NoSuchKey', 'The specified key does not exist.', { status: 404, members: { Key: key }, headers });

export const noSuchVersion = (key: string, versionId: string) =>
  new Fault('NoSuchVersion', 'The specified version does not exist.', {
    status: 404,
    members: { Key: key, VersionId: versionId },
  });

export const noSuchUpload = (uploadId: string) =>
  new Fault(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { status: 404, members: { UploadId: uploadId } },
  );

export const accessDenied = (message = 'Access Denied') => new Fault('AccessDenied', message, { status: 403 });

export const preconditionFailed = (condition: string) =>
  new Fault('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    status: 412,
    members: { Condition: condition },
  });

export const invalidArgument = (message: string, name: string, value: unknown) =>
  new Fault('InvalidArgument', message, {
    status: 400,
    members: { ArgumentName: name, ArgumentValue: value === undefined ? undefined : String(value) },
  });

export const invalidRequest = (message: string) => new Fault('InvalidRequest', message, { status: 400 });

export const malformedXml = () =>
  new Fault(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
    { status: 400 },
  );

/** Part of S3, but not of this model: said with the code S3 has for such. */
export const notModelled = (what: string) =>
  new Fault('NotImplemented', `${what} is not modelled by Orrery.`, { status: 501 });

export const invalidPart = () =>
  new Fault(
    'InvalidPart',
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { status: 400 },
  );
