/** The template of a request: its text, or where in S3 it is. */
import type { Readable } from 'node:stream';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { invalid } from './engines.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const bodyLimit = 51_200;
const urlLimit = 1_000_000;

export interface TemplateSource {
  readonly TemplateBody?: string | undefined;
  readonly TemplateURL?: string | undefined;
}

/** The text; undefined when the request names none. */
export async function sourceText(
  { TemplateBody, TemplateURL }: TemplateSource,
  call: Call,
): Promise<string | undefined> {
  if (TemplateBody !== undefined && TemplateURL !== undefined) {
    throw invalid('Both TemplateBody and TemplateURL cannot be specified.');
  }
  if (TemplateBody !== undefined) {
    if (TemplateBody.length === 0) throw constraint(TemplateBody, 'greater than or equal to 1');
    if (Buffer.byteLength(TemplateBody) > bodyLimit)
      throw constraint(TemplateBody, `less than or equal to ${bodyLimit}`);
    return TemplateBody;
  }
  return TemplateURL === undefined ? undefined : fromS3(TemplateURL, call);
}

function constraint(body: string, bound: string): Fault {
  const shown = body.length > 200 ? `${body.slice(0, 200)}…` : body;
  return invalid(
    `1 validation error detected: Value '${shown}' at 'templateBody' failed to satisfy constraint: Member must have length ${bound}`,
  );
}

async function fromS3(url: string, call: Call): Promise<string> {
  const place = s3Place(url);
  if (!place) throw invalid('TemplateURL must be a supported URL.');
  const answer = await call
    .invoke<{ Body?: Readable | Uint8Array }>(call.caller, 's3', 'GetObject', place)
    .catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
      throw invalid(
        `S3 error: ${error.message}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html`,
      );
    });
  const chunks: Buffer[] = [];
  let size = 0;
  // Small objects come whole, others as a stream.
  const { Body = [] } = answer;
  for await (const chunk of Body instanceof Uint8Array ? [Body] : Body) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > urlLimit) throw invalid(`Template may not exceed ${urlLimit} bytes in size.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Bucket and key of a URL in path or host style, at AWS or at this machine. */
export function s3Place(url: string): { Bucket: string; Key: string; VersionId?: string } | undefined {
  if (!URL.canParse(url)) return undefined;
  const { hostname, pathname, searchParams, protocol } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return undefined;
  const path = decodeURIComponent(pathname.slice(1));
  const VersionId = searchParams.get('versionId');
  const place = (Bucket: string, Key: string) =>
    Bucket && Key ? { Bucket, Key, ...(VersionId ? { VersionId } : {}) } : undefined;
  const hosted =
    /^(.+)\.s3(?:[.-][a-z0-9-]+)?(?:\.dualstack)?\.amazonaws\.com$/.exec(hostname)?.[1] ??
    /^(.+)\.localhost$/.exec(hostname)?.[1];
  if (hosted) return place(hosted, path);
  const plain =
    /^s3(?:[.-][a-z0-9-]+)?(?:\.dualstack)?(?:\.[a-z0-9-]+)?\.amazonaws\.com$/.test(hostname) ||
    ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  if (!plain) return undefined;
  const slash = path.indexOf('/');
  return slash < 0 ? undefined : place(path.slice(0, slash), path.slice(slash + 1));
}
