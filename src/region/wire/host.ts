/** What the wire asks of the region behind it, and what it hands over: the contract of this room. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

/** A service as the wire needs it; `Service` of `region/services` is one. */
export interface WireService {
  /** As in IAM actions: `ec2`, `cloudwatch`. */
  readonly name: string;
  /** The SDK package with the schemas, loaded on the service's first request. */
  readonly sdk: string;
  /** In a credential scope, where it is not `name`. CloudWatch's `monitoring` is known. */
  readonly signingName?: string;
  /** By name (`DescribeInstances`): the operations that are handled. */
  readonly operations: Readonly<Record<string, unknown>>;
}

/** The request's head. */
export interface Http {
  readonly method: string;
  /** The `Host` header, with its port. */
  readonly host: string;
  /** As sent, still percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The peer's address, as the socket has it. */
  readonly sourceIp: string;
  /** Whether it came over TLS. */
  readonly secure: boolean;
}

export interface Received<Identity> {
  /** `WireService.name` */
  readonly service: string;
  readonly operation: string;
  /** The SDK's input shape: `Date`, `Uint8Array`, numbers. Types are checked; required members and ranges are not. */
  readonly input: object;
  /** From the credential scope; the host's default for unsigned requests. */
  readonly region: string;
  readonly requestId: string;
  readonly identity: Identity;
  readonly http: Http;
  /**
   * A streaming payload (S3's PutObject and UploadPart), out of its `aws-chunked` form. It fails at its end with a
   * `Fault` when what only the wire sees is wrong: the signed hash, a chunk's signature, a trailer. Checksums in headers
   * and Content-MD5 are members of the input, for the operation to compare.
   */
  readonly body?: { readonly stream: Readable /** Bytes, when the client said it. */; readonly length?: number };
  /** What `serve` was given. */
  readonly context: unknown;
}

/** An answer that is ready to go out. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** String, bytes, a stream (`Readable` or async iterable of bytes), or undefined for none. */
  readonly body: unknown;
}

export interface WireHost<Identity> {
  readonly services: readonly WireService[];
  readonly defaultRegion: string;
  readonly anonymous: Identity;
  /** The time that signatures are held against, and that the `Date` header tells (SDK clients correct their own by it). */
  nowMs(): number;
  requestId(): string;
  /**
   * The key's secret and owner. Undefined: unknown. Without a secret the signature is not verified
   * (`--any-credentials`). `expired`: a session's, which has ended.
   */
  credentials(
    accessKeyId: string,
    sessionToken: string | undefined,
  ): { readonly secretAccessKey?: string; readonly identity: Identity; readonly expired?: boolean } | undefined;
  /**
   * Whether an unsigned request may reach `invoke` with the anonymous identity; else it is refused with
   * `MissingAuthenticationToken`. S3's always may. Left out: nobody else's.
   */
  allowsAnonymous?(service: string, operation: string, context: unknown): boolean;
  /** Gives the SDK's output shape; streaming payloads may be `Readable`, bytes or text. Throws `Fault`s. */
  invoke(received: Received<Identity>): Promise<object>;
  /** A handler threw something that is no `Fault`; the client sees `InternalFailure`. `operation` is for the log. */
  failed(error: unknown, operation: string): void;
  /** Answers an OPTIONS request: S3's CORS preflight. */
  preflight(http: Http): Answer | Promise<Answer>;
  /** Headers for S3's answer to a request with an `Origin`. */
  corsHeaders(http: Http): Readonly<Record<string, string>>;
}

export interface Endpoint {
  /** A listener of an HTTP server. `context` goes to `invoke` as it is. Never throws or rejects. */
  serve(request: IncomingMessage, response: ServerResponse, context?: unknown): void;
}
