/** Random inputs and outputs of every service's operations, through the SDK's own clients and back. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arbitraryOf, type Carrier, pruned } from './arbitrary.fixture.ts';
import { type Canned, cannedEndpoint, packages, type ServiceName, unhandled } from './canned.fixture.ts';
import { payloadOf } from './rest.ts';
import { type OperationSchema, serviceSchema } from './schema.ts';

const load = createRequire(import.meta.url);
let canned: Canned;
beforeAll(async () => {
  canned = await cannedEndpoint();
});
afterAll(async () => {
  await canned.close();
});

interface AnyClient {
  send(command: object): Promise<{ $metadata: object }>;
  destroy(): void;
}

/** A client and its commands, by name. */
function sdk(name: ServiceName, config: object = {}) {
  const exports = load(packages[name]) as Record<string, new (argument: object) => never>;
  const clientName = Object.keys(exports).find((key) => /^[A-Z]\w*Client$/.test(key)) ?? '';
  const Client = exports[clientName] as unknown as new (config: object) => AnyClient;
  const client = new Client({
    region: 'eu-west-1',
    endpoint: canned.url,
    credentials: { accessKeyId: 'AKIDOTHER', secretAccessKey: 'other/secret+key=' },
    maxAttempts: 1,
    disableHostPrefix: true,
    ...config,
  });
  return {
    send: (operation: string, input: object) => {
      const Command = exports[`${operation}Command`];
      if (!Command) throw new Error(`no ${operation}Command`);
      return client.send(new Command(input));
    },
    destroy: () => client.destroy(),
  };
}

const xml: Carrier = { xml: true };
const json: Carrier = { xml: false };
const bucketAndKey = {
  Bucket: fc.constantFrom('bucket', 'a.bucket-1', '0-0'),
  Key: fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc.constantFrom('a//b/./c', '../x', '/lead', 'trail/', 'a+b c%2Fd', '.', '__proto__', "it's (a) *key*!", 'ключ/键'),
  ),
};
const s3: Carrier = {
  xml: true,
  special: { ...bucketAndKey, Body: fc.uint8Array({ maxLength: 300 }), ContentLength: fc.constant(undefined) },
  // Computed by the client, or checked against the body.
  without: new Set(
    'SSECustomerKey SSECustomerKeyMD5 CopySourceSSECustomerKey CopySourceSSECustomerKeyMD5 ContentMD5 ChecksumAlgorithm ChecksumMode ChecksumCRC32 ChecksumCRC32C ChecksumCRC64NVME ChecksumSHA1 ChecksumSHA256 ChecksumSHA512 ChecksumMD5 ChecksumXXHASH64 ChecksumXXHASH3 ChecksumXXHASH128 ContentLength ContentRange Expires ExpiresString SessionMode ContentEncoding AcceptRanges'.split(
      ' ',
    ),
  ),
};

/** Operations whose clients do more than to serialise. */
const peculiar = new Set([
  ...unhandled,
  'CopySnapshot', // makes a presigned URL
  'CreateSession', // S3 Express
  'ListDirectoryBuckets',
  'SelectObjectContent', // event streams
  'WriteGetObjectResponse',
  'StartLiveTail',
  'GetLogObject',
  'PutLogObject',
  'GetBucketLocation', // own test
  'AssumeRoleWithSAML', // unsigned: own test
  'AssumeRoleWithWebIdentity',
]);

const seed = 20261123;

function operationsOf(name: ServiceName): ReadonlyMap<string, OperationSchema> {
  const schema = serviceSchema(packages[name]);
  return new Map(
    schema.operationNames.flatMap((operation) => {
      const found = peculiar.has(operation) ? undefined : schema.operation(operation);
      return found ? [[operation, found]] : [];
    }),
  );
}

function schemaOf(schemas: ReadonlyMap<string, OperationSchema>, name: string): OperationSchema {
  const schema = schemas.get(name);
  if (!schema) throw new Error(`no operation ${name}`);
  return schema;
}

const cases: [name: ServiceName, carrier: Carrier][] = [
  ['ec2', xml],
  ['iam', xml],
  ['sts', xml],
  ['sns', xml],
  ['elasticloadbalancing', xml],
  ['autoscaling', xml],
  ['cloudformation', xml],
  ['cloudwatch', json],
  ['s3', s3],
  ['cloudfront', xml],
  ['route53', xml],
  ['kms', json],
  ['ssm', json],
  ['logs', json],
  ['acm', json],
];

describe.each(cases)('%s', (name, carrier) => {
  test('inputs and outputs arrive as they were sent', async () => {
    const client = sdk(name, name === 's3' ? { forcePathStyle: true } : {});
    const schemas = operationsOf(name);
    const call = fc.constantFrom(...schemas.keys()).chain((operation) => {
      const { input, output } = schemaOf(schemas, operation);
      return fc.record({
        operation: fc.constant(operation),
        input: arbitraryOf(input, carrier),
        output: arbitraryOf(output, { ...carrier, special: {} }),
      });
    });
    await fc.assert(
      fc.asyncProperty(call, async ({ operation, input, output }) => {
        canned.answer = () => output as object;
        const { $metadata, ...result } = await client.send(operation, input as object);
        const seen = canned.seen();
        expect(seen).toMatchObject({ service: name, operation, identity: 'AKIDOTHER' });
        expect($metadata).toMatchObject({ requestId: seen.requestId });
        const payload = payloadOf(schemaOf(schemas, operation).input);
        const streamed = payload?.shape.kind === 'blob' && payload.shape.streaming ? payload.name : '';
        const sent = added(input as object);
        const received = { ...added(seen.input), ...(seen.bytes ? { [streamed]: seen.bytes } : {}) };
        expect(pruned(received)).toEqual(pruned(sent));
        expect(pruned(added(await collected(result)))).toEqual(pruned(added(output as object)));
      }),
      { numRuns: name === 's3' || name === 'ec2' ? 300 : 120, seed },
    );
    client.destroy();
    expect(canned.failures).toEqual([]);
  }, 60_000);
});

/** Without what a client adds on its own. */
function added(input: object): object {
  const names = ['ChecksumAlgorithm', 'ChecksumCRC32', 'ContentLength', 'ContentMD5', 'ChecksumMode'];
  const rest = Object.entries(input).filter(
    ([name, value]) => !names.includes(name) && !(name === 'ContentType' && value === 'application/octet-stream'),
  );
  return Object.fromEntries(rest);
}

interface Collectable {
  transformToByteArray(): Promise<Uint8Array>;
}

async function collected(result: object): Promise<object> {
  const entries = Object.entries(result).map(async ([name, value]) => {
    const stream = typeof value === 'object' && value !== null && 'transformToByteArray' in value;
    return [name, stream ? new Uint8Array(await (value as Collectable).transformToByteArray()) : value] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
