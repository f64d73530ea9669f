/**
 * An error that a client is meant to see: AWS's own code and wording, sent in the service's own envelope.
 * Anything else that is thrown by a handler is our mistake and becomes `InternalFailure`, with its stack in the log.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: string;
  /** HTTP status; 400 unless told. A modelled error of the service's schema brings its own. */
  readonly status: number | undefined;
  /** Further members of the error's shape, for example `BucketName`. */
  readonly members: Readonly<Record<string, unknown>>;
  /** Extra response headers, for example `Allow`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    options: {
      status?: number;
      members?: Record<string, unknown>;
      headers?: Record<string, string>;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.members = options.members ?? {};
    this.headers = options.headers ?? {};
  }
}
