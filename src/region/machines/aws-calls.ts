/**
 * AWS calls of the instance's modelled programs (cfn-init's downloads, the CloudWatch agent): real requests, signed with
 * the role credentials that its metadata service hands out, sent to its own AWS endpoint. Network, endpoint policies
 * and IAM decide about them as about the app's.
 */
import { createHash, createHmac } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import { endpointName } from './endpoint-name.ts';
import { BootError } from './errors.ts';
import type { MachineHost, MachineSpec } from './machine.ts';
import type { Surroundings } from './processes.ts';

export interface AwsRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** The name that requests are signed for. */
  readonly service: string;
  readonly region?: string;
  /** Escaped already. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** `role`: what the metadata service hands out. `none`: not signed. */
  readonly credentials: 'role' | 'none' | Credentials;
  readonly signal?: AbortSignal;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsCalls {
  /** The answer, whatever its status; its body is not read. Rejects when the network has no way. */
  send(request: AwsRequest): Promise<IncomingMessage>;
  /** The whole body of an answer below 300; rejects with a `BootError` that carries AWS's code otherwise. */
  call(request: AwsRequest): Promise<string>;
  close(): void;
}

const largestAnswer = 1024 * 1024;
/** Fetched anew before the SDKs would. */
const refreshBeforeMs = 5 * 60_000;

export function awsCalls(
  host: MachineHost,
  spec: MachineSpec,
  egress: { way(name: string, port: number): Promise<unknown> },
  surroundings: () => Surroundings,
): AwsCalls {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  let cached: { credentials: Credentials; expirationMs: number } | undefined;

  async function roleCredentials(): Promise<Credentials> {
    if (cached && cached.expirationMs - refreshBeforeMs > host.clock.wallMs()) return cached.credentials;
    const metadata = async (method: string, path: string, headers: Record<string, string>) => {
      const { imdsPort } = surroundings();
      const answer = await exchange({ host: '127.0.0.1', port: imdsPort, method, path, headers, agent });
      const body = await bodyOf(answer);
      if (answer.statusCode !== 200) throw new BootError(`instance metadata: ${answer.statusCode} for ${path}`);
      return body;
    };
    const token = await metadata('PUT', '/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' });
    const folder = '/latest/meta-data/iam/security-credentials/';
    const headers = { 'x-aws-ec2-metadata-token': token };
    const role = await metadata('GET', folder, headers).catch(() => {
      throw new BootError('Unable to locate credentials: the instance has no instance profile with a role');
    });
    const given = JSON.parse(await metadata('GET', `${folder}${role}`, headers)) as Record<string, string>;
    const { AccessKeyId = '', SecretAccessKey = '', Token = '', Expiration = '' } = given;
    const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
    cached = { credentials, expirationMs: Date.parse(Expiration) };
    return credentials;
  }

  async function send(request: AwsRequest): Promise<IncomingMessage> {
    const { service, region = spec.region, method, path, body } = request;
    // The endpoint lets a client wait for packets that vanish; a program of ours need not.
    await egress.way(endpointName(service, region), 443);
    const { awsPort } = surroundings();
    const headers: Record<string, string> = { ...request.headers, host: `127.0.0.1:${awsPort}` };
    if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
    const [pathname = '/', search = ''] = path.split('?');
    const signed =
      request.credentials === 'none'
        ? headers
        : await sign(request.credentials === 'role' ? await roleCredentials() : request.credentials);

    async function sign(credentials: Credentials): Promise<Record<string, string>> {
      const signer = new SignatureV4({ service, region, credentials, sha256: Sha256, uriEscapePath: service !== 's3' });
      const query = Object.fromEntries(new URLSearchParams(search));
      if (service === 's3') headers['x-amz-content-sha256'] = hexHash(body ?? '');
      const plain = { method, protocol: 'http:', hostname: '127.0.0.1', port: awsPort, path: pathname, query, headers };
      const made = await signer.sign(
        { ...plain, ...(body === undefined ? {} : { body }) },
        { signingDate: new Date(host.clock.wallMs()) },
      );
      return made.headers;
    }

    return await exchange({
      host: '127.0.0.1',
      port: awsPort,
      method,
      path,
      headers: signed,
      agent,
      ...(body === undefined ? {} : { body }),
      ...(request.signal ? { signal: request.signal } : {}),
    });
  }

  return {
    send,
    async call(request) {
      const answer = await send(request);
      const body = await bodyOf(answer);
      const status = answer.statusCode ?? 0;
      if (status >= 300) throw new BootError(`${status} ${errorText(body)}`);
      return body;
    },
    close: () => agent.destroy(),
  };
}

interface Exchange {
  readonly host: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly agent: Agent;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

function exchange({ body, ...options }: Exchange): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(options, resolve);
    request.once('error', reject);
    request.end(body);
  });
}

/** The whole body, which must be a small one. */
export async function bodyOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestAnswer) throw new RangeError(`an answer of more than ${largestAnswer} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `AccessDenied: …` out of an error in XML or JSON. */
export function errorText(body: string): string {
  const code = /<Code>([^<]*)<\/Code>/.exec(body)?.[1] ?? /"__type"\s*:\s*"(?:[^"#]*#)?([^"]*)"/.exec(body)?.[1];
  const message = /<Message>([^<]*)<\/Message>/i.exec(body)?.[1] ?? /"message"\s*:\s*"([^"]*)"/i.exec(body)?.[1];
  return [code, message].filter(Boolean).join(': ') || body.slice(0, 200);
}

function hexHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** SHA-256, keyed or not, as the signer wants it. */
export class Sha256 {
  readonly #secret: Parameters<typeof createHmac>[1] | undefined;
  #hash: { update(data: Uint8Array | string): unknown; digest(): Buffer };

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? undefined : typeof secret === 'string' ? secret : bytesOf(secret);
    this.#hash = this.#fresh();
  }

  #fresh() {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }

  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }

  reset(): void {
    this.#hash = this.#fresh();
  }
}

function bytesOf(source: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}
