/** Bodies on their way in: chunks, signed chunks, trailers, checksums, compression, and clients that go away. */
import { createHash, createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { crc32, gzipSync } from 'node:zlib';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Canned, cannedEndpoint } from './canned.fixture.ts';
import { errorCode, type RawRequest, raw, sha256Hex, sign } from './raw.fixture.ts';

let canned: Canned;
let s3: S3Client;
beforeAll(async () => {
  canned = await cannedEndpoint();
  s3 = new S3Client({
    region: 'us-east-1',
    endpoint: canned.url,
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
});
beforeEach(() => {
  canned.calls.length = 0;
});
afterEach(() => {
  expect(canned.failures.splice(0)).toEqual([]);
});
afterAll(async () => {
  s3.destroy();
  await canned.close();
});

const crcOf = (data: string) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(data));
  return bytes.toString('base64');
};

type Kind = 'UNSIGNED-PAYLOAD-TRAILER' | 'AWS4-HMAC-SHA256-PAYLOAD' | 'AWS4-HMAC-SHA256-PAYLOAD-TRAILER';

interface Chunked {
  readonly kind: Kind;
  readonly pieces: readonly string[];
  readonly trailer?: string;
  /** Changes the body after it was signed. */
  readonly spoil?: (body: string) => string;
  readonly headers?: Record<string, string>;
}

/** An upload in chunks, signed as the guide says. */
function chunked({ kind, pieces, trailer, spoil = (body) => body, headers = {} }: Chunked): RawRequest {
  const whole = pieces.join('');
  const head: RawRequest = {
    method: 'PUT',
    path: '/bucket/key',
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': String(Buffer.byteLength(whole)),
      ...(trailer === undefined ? {} : { 'x-amz-trailer': trailer.split(':')[0] ?? '' }),
      ...headers,
    },
  };
  const { request, signature, key, scope, timestamp } = sign(canned.port, head, {
    service: 's3',
    nowMs: canned.nowMs(),
    hash: `STREAMING-${kind}`,
  });
  const signed = kind !== 'UNSIGNED-PAYLOAD-TRAILER';
  let previous = signature;
  const next = (...parts: string[]) => {
    previous = createHmac('sha256', key).update(parts.join('\n')).digest('hex');
    return previous;
  };
  const chunk = (data: string) => {
    const size = Buffer.byteLength(data).toString(16);
    if (!signed) return `${size}\r\n${data}`;
    const sum = next('AWS4-HMAC-SHA256-PAYLOAD', timestamp, scope, previous, sha256Hex(''), sha256Hex(data));
    return `${size};chunk-signature=${sum}\r\n${data}`;
  };
  const chunks = pieces.map((piece) => `${chunk(piece)}\r\n`).join('');
  let end = chunk('');
  if (trailer !== undefined) {
    end += `${trailer}\r\n`;
    if (signed) {
      const sum = next('AWS4-HMAC-SHA256-TRAILER', timestamp, scope, previous, sha256Hex(`${trailer}\n`));
      end += `x-amz-trailer-signature:${sum}\r\n`;
    }
  }
  return { ...request, body: spoil(`${chunks}${end}\r\n`) };
}

describe('aws-chunked', () => {
  const trailer = `x-amz-checksum-crc32:${crcOf('hello, world')}`;
  const pieces = ['hello', ', world'];

  test.each<[Kind, Partial<Chunked>]>([
    ['UNSIGNED-PAYLOAD-TRAILER', { trailer }],
    ['UNSIGNED-PAYLOAD-TRAILER', {}],
    ['AWS4-HMAC-SHA256-PAYLOAD', {}],
    ['AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { trailer }],
    ['AWS4-HMAC-SHA256-PAYLOAD', { headers: { 'content-encoding': 'aws-chunked,br', 'content-type': 'text/x' } }],
  ])('%s', async (kind, more) => {
    expect(await raw(canned.port, chunked({ kind, pieces, ...more }))).toMatchObject({ status: 200 });
    const { bytes, input } = canned.seen();
    expect(bytes?.toString()).toBe('hello, world');
    expect(input).toMatchObject({ ContentLength: 12 });
    expect((input as { ContentEncoding?: string }).ContentEncoding).toBe(more.headers ? 'br' : undefined);
  });

  test.each<[string, Kind, Partial<Chunked>, string]>([
    ['a wrong trailer', 'UNSIGNED-PAYLOAD-TRAILER', { trailer: 'x-amz-checksum-crc32:AAAAAA==' }, 'BadDigest'],
    [
      'a missing trailer',
      'UNSIGNED-PAYLOAD-TRAILER',
      { trailer, spoil: (body) => body.replace(/x-amz-checksum.*\r\n/, '') },
      'MalformedTrailerError',
    ],
    [
      'changed data',
      'UNSIGNED-PAYLOAD-TRAILER',
      { trailer, spoil: (body) => body.replace('world', 'w0rld') },
      'BadDigest',
    ],
    [
      'changed data, signed',
      'AWS4-HMAC-SHA256-PAYLOAD',
      { spoil: (body) => body.replace('world', 'w0rld') },
      'SignatureDoesNotMatch',
    ],
    [
      'a chunk left out',
      'AWS4-HMAC-SHA256-PAYLOAD',
      { spoil: (body) => body.replace(/^5;.*\r\nhello\r\n/, '') },
      'SignatureDoesNotMatch',
    ],
    [
      'no signature',
      'AWS4-HMAC-SHA256-PAYLOAD',
      { spoil: (body) => body.replaceAll(/;chunk-signature=[0-9a-f]*/g, '') },
      'SignatureDoesNotMatch',
    ],
    [
      'an unsigned trailer',
      'AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      { trailer, spoil: (body) => body.replace(/x-amz-trailer-signature.*\r\n/, '') },
      'SignatureDoesNotMatch',
    ],
    ['no end', 'UNSIGNED-PAYLOAD-TRAILER', { spoil: (body) => body.slice(0, 10) }, 'IncompleteBody'],
    [
      'no last chunk',
      'UNSIGNED-PAYLOAD-TRAILER',
      { spoil: (body) => body.replace(/0\r\n\r\n$/, '') },
      'IncompleteBody',
    ],
    ['nonsense', 'UNSIGNED-PAYLOAD-TRAILER', { spoil: () => 'zz\r\nhello' }, 'IncompleteBody'],
    ['endless heads', 'UNSIGNED-PAYLOAD-TRAILER', { spoil: () => '1'.repeat(100_000) }, 'IncompleteBody'],
    [
      'another length',
      'UNSIGNED-PAYLOAD-TRAILER',
      { headers: { 'x-amz-decoded-content-length': '11' } },
      'IncompleteBody',
    ],
  ])('%s: %s', async (_what, kind, more, code) => {
    const answer = await raw(canned.port, chunked({ kind, pieces, ...more }));
    expect(errorCode(answer)).toBe(code);
    expect(canned.calls).toEqual([]);
  });

  test('however the bytes arrive', async () => {
    const text = fc.array(fc.string({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(400), { maxLength: 6 }), fc.boolean(), async (parts, cuts, signed) => {
        const kind: Kind = signed ? 'AWS4-HMAC-SHA256-PAYLOAD-TRAILER' : 'UNSIGNED-PAYLOAD-TRAILER';
        const sum = `x-amz-checksum-crc32:${crcOf(parts.join(''))}`;
        const { headers = {}, body = '' } = chunked({ kind, pieces: parts, trailer: sum });
        await inPieces({ ...headers, 'content-length': String(Buffer.byteLength(body)) }, Buffer.from(body), cuts);
        expect(canned.seen().bytes?.toString()).toBe(parts.join(''));
      }),
      { numRuns: 60, seed: 3 },
    );
  });
});

/** Writes a PUT in pieces that are cut at those places, and waits for its answer. */
function inPieces(headers: Record<string, string>, body: Buffer, cuts: readonly number[]): Promise<void> {
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const at = [0, ...cuts.filter((cut) => cut < body.length).sort((a, b) => a - b), body.length];
  return new Promise((resolve, reject) => {
    const socket = connect(canned.port, '127.0.0.1', async () => {
      socket.setNoDelay(true);
      socket.write(`PUT /bucket/key HTTP/1.1\r\nconnection: close\r\n${head.join('')}\r\n`);
      for (const [i, from] of at.slice(0, -1).entries()) {
        await new Promise((written) => socket.write(body.subarray(from, at[i + 1]), written));
      }
    });
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => (answer.startsWith('HTTP/1.1 200') ? resolve() : reject(new Error(answer))));
  });
}

describe('the SDK', () => {
  const body = 'some bytes, quite some bytes';
  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'streams with a %s trailer',
    async (algorithm) => {
      await s3.send(
        new PutObjectCommand({
          Bucket: 'bucket',
          Key: 'key',
          Body: Readable.from([Buffer.from(body)]),
          ContentLength: body.length,
          ChecksumAlgorithm: algorithm,
        }),
      );
      const { bytes, http } = canned.seen();
      expect(http.headers['x-amz-trailer']).toBe(`x-amz-checksum-${algorithm.toLowerCase()}`);
      expect(bytes?.toString()).toBe(body);
    },
  );

  test('uploads parts, and 20 MB whole', async () => {
    await s3.send(new UploadPartCommand({ Bucket: 'bucket', Key: 'key', PartNumber: 3, UploadId: 'u', Body: body }));
    expect(canned.seen()).toMatchObject({ operation: 'UploadPart', input: { PartNumber: 3, UploadId: 'u' } });
    const large = Buffer.alloc(20_000_000, 'abcdefg');
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: large }));
    expect(canned.seen().bytes?.equals(large)).toBe(true);
  });
});

describe('whole bodies', () => {
  const text = '<Delete><Object><Key>a</Key></Object></Delete>';
  const del = (headers: Record<string, string>) => {
    const request = { method: 'POST', path: '/bucket?delete', body: text, headers };
    return raw(canned.port, sign(canned.port, request, { service: 's3', nowMs: canned.nowMs() }).request);
  };
  const md5 = createHash('md5').update(text).digest('base64');

  test.each<[Record<string, string>, string]>([
    [{ 'content-md5': md5 }, ''],
    [{ 'content-md5': createHash('md5').digest('base64') }, 'BadDigest'],
    [{ 'content-md5': 'xyz' }, 'InvalidDigest'],
    [{ 'x-amz-checksum-crc32': crcOf(text) }, ''],
    [{ 'x-amz-checksum-crc32': 'AAAAAA==' }, 'BadDigest'],
    [{ 'x-amz-checksum-sha256': createHash('sha256').update(text).digest('base64') }, ''],
    [{ 'x-amz-checksum-sha256': 'AAAA' }, 'BadDigest'],
    [{ 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' }, 'BadDigest'],
  ])('%o', async (headers, code) => {
    expect(errorCode(await del(headers))).toBe(code);
    expect(canned.calls.length).toBe(code === '' ? 1 : 0);
  });

  test('the SDK sends one by itself', async () => {
    await s3.send(new DeleteObjectsCommand({ Bucket: 'bucket', Delete: { Objects: [{ Key: 'a\r\nb &<é' }] } }));
    expect(canned.seen().http.headers['x-amz-checksum-crc32']).toBeDefined();
    expect(canned.seen().input).toMatchObject({ Delete: { Objects: [{ Key: 'a\r\nb &<é' }] } });
  });

  test("a checksum of CompleteMultipartUpload is the object's, not the body's", async () => {
    const body =
      '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"e"</ETag></Part></CompleteMultipartUpload>';
    const headers = { 'x-amz-checksum-crc32': 'AAAAAA==' };
    const request = { method: 'POST', path: '/bucket/key?uploadId=u', body, headers };
    await raw(canned.port, sign(canned.port, request, { service: 's3', nowMs: canned.nowMs() }).request);
    expect(canned.seen()).toMatchObject({ operation: 'CompleteMultipartUpload', input: { ChecksumCRC32: 'AAAAAA==' } });
  });

  const gzipped = (body: Buffer) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData',
      'content-encoding': 'gzip',
    };
    const request = { method: 'POST', headers, body };
    return raw(canned.port, sign(canned.port, request, { service: 'monitoring', nowMs: canned.nowMs() }).request);
  };

  test('gzip: what was signed is what was sent', async () => {
    expect(await gzipped(gzipSync('{"Namespace":"N"}'))).toMatchObject({ status: 200 });
    expect(canned.seen()).toMatchObject({ service: 'cloudwatch', input: { Namespace: 'N' } });
    expect(errorCode(await gzipped(Buffer.from('{"Namespace":"N"}')))).toBe('SerializationException');
    expect(errorCode(await gzipped(gzipSync(Buffer.alloc(50_000_000))))).toBe('RequestEntityTooLarge');
  });

  test('no more than is sensible', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const request = { method: 'POST', headers, body: 'x'.repeat(3_000_000) };
    const answer = await raw(
      canned.port,
      sign(canned.port, request, { service: 'iam', nowMs: canned.nowMs() }).request,
    );
    expect([answer.status, errorCode(answer)]).toEqual([413, 'RequestEntityTooLarge']);
  });
});

describe('connections', () => {
  test('a refused upload is answered, however large, and the connection lives on', async () => {
    const large = Buffer.alloc(30_000_000);
    const refused = new S3Client({
      region: 'us-east-1',
      endpoint: canned.url,
      forcePathStyle: true,
      credentials: { accessKeyId: 'AKIDNOBODY', secretAccessKey: 'x' },
      maxAttempts: 1,
    });
    const put = new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: large });
    await expect(refused.send(put)).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
    await expect(refused.send(put)).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
    refused.destroy();
  });

  test('what is left of a refused body is not taken for the next request', async () => {
    const pieces = ['x', 'y'.repeat(5_000_000)];
    const spoil = (body: string) => body.replace('x', 'z');
    const { headers = {}, body = '' } = chunked({ kind: 'AWS4-HMAC-SHA256-PAYLOAD', pieces, spoil });
    const head = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)) });
    const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const answers = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(canned.port, '127.0.0.1', () => {
        socket.write(`PUT /bucket/key HTTP/1.1\r\n${lines}\r\n`);
        socket.write(body);
        socket.write('GET /bucket/next HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      });
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
    });
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 403', 'HTTP/1.1 200']);
    expect(canned.seen().input).toMatchObject({ Key: 'next' });
  });

  test('Expect: 100-continue', async () => {
    const request = { method: 'PUT', path: '/bucket/key', body: 'hello', headers: { expect: '100-continue' } };
    const signed = sign(canned.port, request, { service: 's3', nowMs: canned.nowMs() }).request;
    expect(await raw(canned.port, signed)).toMatchObject({ status: 200 });
    expect(canned.seen().bytes?.toString()).toBe('hello');
  });

  test('streams go out as they come, and end when the client has gone', async () => {
    let made = 0;
    const source = Readable.from(
      (function* () {
        for (;;) {
          made++;
          yield Buffer.alloc(64 * 1024);
        }
      })(),
      { objectMode: false },
    );
    canned.answer = () => ({ Body: source });
    await new Promise<void>((resolve, reject) => {
      const socket = connect(canned.port, '127.0.0.1', () =>
        socket.write('GET /bucket/key HTTP/1.1\r\nhost: x\r\n\r\n'),
      );
      socket.once('data', () => socket.pause());
      socket.on('error', reject);
      socket.on('close', () => resolve());
      void expect
        .poll(() => made)
        .toBeGreaterThan(1)
        .then(() => socket.destroy());
    });
    await expect.poll(() => source.destroyed).toBe(true);
    // Far from what was made if nothing held it back.
    expect(made).toBeLessThan(500);
    canned.answer = () => ({});
  });

  test('a client that breaks off is no failure of ours', async () => {
    const { headers = {} } = sign(
      canned.port,
      { method: 'PUT', path: '/bucket/key' },
      { service: 's3', nowMs: canned.nowMs(), hash: 'UNSIGNED-PAYLOAD' },
    ).request;
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    for (const path of ['/bucket/key', '/bucket?policy']) {
      await new Promise<void>((resolve) => {
        const socket = connect(canned.port, '127.0.0.1', () => {
          socket.write(`PUT ${path} HTTP/1.1\r\n${head.join('')}content-length: 1000\r\n\r\nhalf`, () =>
            socket.destroy(),
          );
        });
        socket.on('close', () => resolve());
      });
    }
    await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));
    expect(canned.calls).toHaveLength(1);
  });

  test('a stream that fails half-way breaks the connection off', async () => {
    canned.answer = () => ({
      ContentLength: 100,
      Body: Readable.from(
        (async function* () {
          yield Buffer.from('half');
          throw new Error('the disk is gone');
        })(),
      ),
    });
    await expect(raw(canned.port, { path: '/bucket/key' })).rejects.toThrow();
    canned.answer = () => ({});
    expect(canned.failures.splice(0)).toMatchObject([{ message: 'the disk is gone' }]);
  });
});
