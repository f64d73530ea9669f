/** Downloads of cfn-init: private objects of S3 by `AWS::CloudFormation::Authentication`, and anything over HTTP. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { z } from 'zod';
import { type AwsRequest, bodyOf, errorText } from './aws-calls.ts';
import { BootError, messageOf, NotModelled } from './errors.ts';
import type { Guest } from './guest.ts';

const authentication = z.looseObject({
  type: z.string(),
  roleName: z.string().optional(),
  accessKeyId: z.string().optional(),
  secretKey: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  buckets: z.array(z.string()).optional(),
  uris: z.array(z.string()).optional(),
});
export const authenticationsSchema = z.record(z.string(), authentication);
export type Authentications = z.infer<typeof authenticationsSchema>;
type Authentication = z.infer<typeof authentication>;

interface S3Object {
  readonly bucket: string;
  /** Escaped as in the URL. */
  readonly key: string;
  readonly region: string | undefined;
}

/** Bucket and key of an S3 URL in any of its forms; undefined for other URLs. */
export function s3ObjectOf(url: URL): S3Object | undefined {
  const host = /^(?:(.+)\.)?s3(?:[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com$/.exec(url.hostname);
  if (!host) return undefined;
  const path = url.pathname.slice(1);
  if (host[1]) return { bucket: host[1], key: path, region: host[2] };
  const slash = path.indexOf('/');
  if (slash < 1) return undefined;
  return { bucket: path.slice(0, slash), key: path.slice(slash + 1), region: host[2] };
}

/**
 * The body of what the URL names. Throws a `BootError` with AWS's code, or the network's verdict, in its text.
 * `named` is the entry that a file asks for by `authentication`.
 */
export async function download(
  guest: Guest,
  source: string,
  authentications: Authentications,
  named?: string,
): Promise<IncomingMessage> {
  const url = URL.canParse(source) ? new URL(source) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new BootError(`${source} is not an http or https URL`);
  const object = s3ObjectOf(url);
  const chosen = choose(authentications, url, object, named);
  try {
    const answer = object
      ? await guest.aws.send({ ...s3Request(guest, object, url, chosen), signal: guest.bootSignal() })
      : await overHttp(guest, url, chosen);
    const status = answer.statusCode ?? 0;
    if (status === 200) return answer;
    throw new BootError(`HTTP Error ${status} : ${errorText(await bodyOf(answer))}`);
  } catch (error) {
    if (error instanceof NotModelled) throw error;
    throw new BootError(`Failed to retrieve ${source}: ${messageOf(error)}`);
  }
}

function choose(
  all: Authentications,
  url: URL,
  object: S3Object | undefined,
  named: string | undefined,
): Authentication | undefined {
  if (named !== undefined) {
    const found = Object.hasOwn(all, named) ? all[named] : undefined;
    if (!found) throw new BootError(`No such authentication: ${named}`);
    return found;
  }
  return Object.values(all).find((one) =>
    one.type.toLowerCase() === 's3'
      ? object !== undefined && one.buckets?.includes(object.bucket)
      : one.uris?.some((uri) => url.href.startsWith(uri)),
  );
}

function s3Request(guest: Guest, object: S3Object, url: URL, chosen: Authentication | undefined): AwsRequest {
  let credentials: AwsRequest['credentials'] = 'none';
  if (chosen?.type.toLowerCase() === 's3') {
    if (chosen.accessKeyId && chosen.secretKey) {
      credentials = { accessKeyId: chosen.accessKeyId, secretAccessKey: chosen.secretKey };
    } else if (chosen.roleName !== undefined && chosen.roleName !== guest.spec.roleName) {
      throw new BootError(`the instance's role is ${guest.spec.roleName ?? 'none'}, not ${chosen.roleName}`);
    } else credentials = 'role';
  }
  // The instance's AWS endpoint has one name for all buckets.
  const path = `/${object.bucket}/${object.key}${url.search}`;
  const region = object.region ?? guest.spec.region;
  return { method: 'GET', service: 's3', region, path, credentials };
}

async function overHttp(guest: Guest, url: URL, chosen: Authentication | undefined): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const port = Number(url.port) || (secure ? 443 : 80);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  await guest.egress.way(host, port);
  const { socket } = await guest.egress.dial(host, port, guest.bootSignal());
  const headers: Record<string, string> = { host: url.host, connection: 'close' };
  if (chosen?.type.toLowerCase() === 'basic') {
    headers.authorization = `Basic ${Buffer.from(`${chosen.username ?? ''}:${chosen.password ?? ''}`).toString('base64')}`;
  }
  const connection: Duplex = secure ? connectTls({ socket, servername: host }) : socket;
  return await new Promise((resolve, reject) => {
    const path = `${url.pathname}${url.search}`;
    const asked = httpRequest({ createConnection: () => connection, path, headers }, resolve);
    asked.once('error', reject);
    asked.end();
  });
}
