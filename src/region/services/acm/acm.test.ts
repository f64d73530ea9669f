import { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import {
  ACMClient,
  AddTagsToCertificateCommand,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  GetCertificateCommand,
  ListCertificatesCommand,
  ListTagsForCertificateCommand,
  RequestCertificateCommand,
  type RequestCertificateCommandInput,
} from '@aws-sdk/client-acm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { route53 } from '../route53/index.ts';
import { service } from '../service.ts';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { acm } from './index.ts';
import { certificatePem, localCa } from './snapshot.ts';

/** What load balancers there are, and the certificates of their listeners. */
let balancers: Map<string, string>;
const elb = service('@aws-sdk/client-elastic-load-balancing-v2', 'elasticloadbalancing', {
  operations: {
    describeLoadBalancers: () => ({ LoadBalancers: [...balancers.keys()].map((arn) => ({ LoadBalancerArn: arn })) }),
    describeListeners: ({ LoadBalancerArn }: { LoadBalancerArn: string }) => ({
      Listeners: [{ Certificates: [{ CertificateArn: balancers.get(LoadBalancerArn) }] }],
    }),
  },
});

let region: TestRegion;
let client: ACMClient;
beforeEach(async () => {
  balancers = new Map();
  region = await testRegion({ services: [acm, route53, elb] });
  client = region.client(ACMClient);
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

async function zone(name: string): Promise<string> {
  const { HostedZone } = await region.invoke<{ HostedZone: { Id: string } }>('route53', 'CreateHostedZone', {
    Name: name,
    CallerReference: name,
  });
  return HostedZone.Id.replace('/hostedzone/', '');
}

async function request(DomainName: string, more: Partial<RequestCertificateCommandInput> = {}): Promise<string> {
  const input = { DomainName, ValidationMethod: 'DNS' as const, KeyAlgorithm: 'EC_prime256v1' as const, ...more };
  return (await client.send(new RequestCertificateCommand(input))).CertificateArn ?? '';
}

const read = async (CertificateArn: string) =>
  (await client.send(new DescribeCertificateCommand({ CertificateArn }))).Certificate;

async function prove(arn: string, zoneId: string): Promise<void> {
  const certificate = await read(arn);
  const records = new Map(
    certificate?.DomainValidationOptions?.map(({ ResourceRecord }) => [ResourceRecord?.Name, ResourceRecord]),
  );
  const Changes = [...records.values()].map((record) => ({
    Action: 'UPSERT',
    ResourceRecordSet: { Name: record?.Name, Type: record?.Type, TTL: 60, ResourceRecords: [{ Value: record?.Value }] },
  }));
  await region.invoke('route53', 'ChangeResourceRecordSets', { HostedZoneId: zoneId, ChangeBatch: { Changes } });
}

/** Moves time on until the certificate is no longer pending. Keys are made outside of model time. */
async function settled(arn: string): Promise<string | undefined> {
  await expect
    .poll(
      async () => {
        await region.clock.advance(1000);
        return (await read(arn))?.Status;
      },
      { timeout: 10_000 },
    )
    .not.toBe('PENDING_VALIDATION');
  return (await read(arn))?.Status;
}

describe('a certificate', () => {
  it('is issued once its records are in the zone, and works', async () => {
    const id = await zone('example.com');
    const arn = await request('api.example.com', { SubjectAlternativeNames: ['*.api.example.com'] });
    await region.clock.advance(5000);
    const pending = await read(arn);
    expect(pending).toMatchObject({
      Status: 'PENDING_VALIDATION',
      SubjectAlternativeNames: ['api.example.com', '*.api.example.com'],
    });
    const [first, second] = pending?.DomainValidationOptions ?? [];
    expect(first?.ResourceRecord?.Name).toMatch(/^_[0-9a-f]{32}\.api\.example\.com\.$/);
    expect(first?.ResourceRecord?.Value).toMatch(/^_[0-9a-f]{32}\.[a-z]{10}\.acm-validations\.aws\.$/);
    expect(second?.ResourceRecord).toEqual(first?.ResourceRecord);
    expect(await faultOf(client.send(new GetCertificateCommand({ CertificateArn: arn })))).toMatch(
      /^RequestInProgressException/,
    );

    await prove(arn, id);
    expect(await settled(arn)).toBe('ISSUED');
    const got = await client.send(new GetCertificateCommand({ CertificateArn: arn }));
    const leaf = new X509Certificate(got.Certificate ?? '');
    const root = new X509Certificate(got.CertificateChain ?? '');
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.checkHost('x.api.example.com')).toBe('*.api.example.com');
    const detail = await read(arn);
    expect(detail?.Serial?.replaceAll(':', '')).toBe(leaf.serialNumber.toLowerCase());
    expect(detail?.NotAfter?.getTime()).toBe(Date.parse(leaf.validTo));

    // A client that trusts the local authority speaks TLS with a server that has it.
    const pem = certificatePem(region.scope, arn);
    const server = createServer({ cert: pem?.cert, key: pem?.key }, (socket) => socket.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', servername: 'api.example.com', ca: localCa(region.scope) });
      let all = '';
      socket.on('data', (data) => {
        all += String(data);
      });
      socket.on('end', () => resolve(all));
      socket.on('error', reject);
    });
    server.close();
    expect(text).toBe('hello');
  });

  it('is given up after 72 hours', async () => {
    await zone('example.com');
    const arn = await request('example.com');
    await region.clock.advance(71 * 3_600_000);
    expect((await read(arn))?.Status).toBe('PENDING_VALIDATION');
    await region.clock.advance(3_700_000);
    const gone = await read(arn);
    expect(gone?.Status).toBe('VALIDATION_TIMED_OUT');
    expect(gone?.DomainValidationOptions?.[0]?.ValidationStatus).toBe('FAILED');
    expect(region.events.map(({ kind }) => kind)).toEqual(['validation-timed-out']);
  });

  it('is not proven by another value, nor by a private zone', async () => {
    const { HostedZone } = await region.invoke<{ HostedZone: { Id: string } }>('route53', 'CreateHostedZone', {
      Name: 'example.com',
      CallerReference: 'private',
      VPC: { VPCId: 'vpc-1', VPCRegion: 'us-east-1' },
      HostedZoneConfig: { PrivateZone: true },
    });
    const arn = await request('example.com');
    await prove(arn, HostedZone.Id);
    await region.clock.advance(30_000);
    expect((await read(arn))?.Status).toBe('PENDING_VALIDATION');
    const id = await zone('example.com');
    const Name = (await read(arn))?.DomainValidationOptions?.[0]?.ResourceRecord?.Name;
    const ResourceRecordSet = { Name, Type: 'CNAME', TTL: 60, ResourceRecords: [{ Value: 'other.example.' }] };
    await region.invoke('route53', 'ChangeResourceRecordSets', {
      HostedZoneId: id,
      ChangeBatch: { Changes: [{ Action: 'CREATE', ResourceRecordSet }] },
    });
    await region.clock.advance(30_000);
    expect((await read(arn))?.Status).toBe('PENDING_VALIDATION');
  });

  it('is the same for the same token, is listed, tagged and kept while in use', async () => {
    const arn = await request('example.com', {
      IdempotencyToken: 'one',
      Tags: [{ Key: 'a', Value: '1' }],
      KeyAlgorithm: 'RSA_2048',
    });
    expect(await request('example.com', { IdempotencyToken: 'one' })).toBe(arn);
    expect(await request('example.com', { IdempotencyToken: 'two' })).not.toBe(arn);
    await client.send(new AddTagsToCertificateCommand({ CertificateArn: arn, Tags: [{ Key: 'b' }] }));
    const { Tags } = await client.send(new ListTagsForCertificateCommand({ CertificateArn: arn }));
    expect(Tags).toEqual([{ Key: 'a', Value: '1' }, { Key: 'b' }]);
    balancers.set('arn:balancer', arn);
    const listed = await client.send(new ListCertificatesCommand({}));
    expect(listed.CertificateSummaryList).toMatchObject([{ CertificateArn: arn, InUse: true }]);
    const remove = () => client.send(new DeleteCertificateCommand({ CertificateArn: arn }));
    expect(await faultOf(remove())).toBe(
      `ResourceInUseException: Certificate ${arn} in account 123456789012 is in use.`,
    );
    balancers.clear();
    await remove();
    expect(await faultOf(remove())).toBe(`ResourceNotFoundException: Could not find certificate ${arn}.`);
  });
});

describe('is refused', () => {
  const cases: [string, Partial<RequestCertificateCommandInput>, RegExp][] = [
    [
      'a domain that is none',
      { DomainName: 'example' },
      /^ValidationException: 1 validation error detected: Value 'example' at 'domainName'/,
    ],
    [
      'e-mail',
      { ValidationMethod: 'EMAIL' },
      /^InvalidParameterException: Validation by EMAIL is not modelled by Orrery$/,
    ],
    [
      'too many names',
      { SubjectAlternativeNames: Array.from({ length: 10 }, (_, i) => `n${i}.example.com`) },
      /^LimitExceededException/,
    ],
    [
      'a private authority',
      { CertificateAuthorityArn: 'arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/x' },
      /^InvalidParameterException: CertificateAuthorityArn is not modelled/,
    ],
  ];
  it.each(cases)('%s', async (_, input, expected) => {
    expect(await faultOf(request('example.com', input))).toMatch(expected);
  });

  it('what is no ARN', async () => {
    expect(await faultOf(read('arn:of-nothing-in-particular'))).toMatch(/^InvalidArnException/);
  });
});

describe('CloudFormation', () => {
  it('sets the records itself and waits', async () => {
    const stacks = region.stacks();
    stacks.create('app', {
      Resources: {
        Zone: { Type: 'AWS::Route53::HostedZone', Properties: { Name: 'example.com' } },
        Certificate: {
          Type: 'AWS::CertificateManager::Certificate',
          Properties: {
            DomainName: 'example.com',
            SubjectAlternativeNames: ['api.example.com'],
            ValidationMethod: 'DNS',
            KeyAlgorithm: 'EC_prime256v1',
            CertificateTransparencyLoggingPreference: 'DISABLED',
            DomainValidationOptions: ['example.com', 'api.example.com'].map((DomainName) => ({
              DomainName,
              HostedZoneId: { Ref: 'Zone' },
            })),
            Tags: [{ Key: 'team', Value: 'web' }],
          },
        },
      },
      Outputs: { Arn: { Value: { Ref: 'Certificate' } } },
    });
    await expect
      .poll(
        async () => {
          await region.clock.advance(1000);
          return stacks.stack('app').status;
        },
        { timeout: 10_000 },
      )
      .toBe('CREATE_COMPLETE');
    const arn = stacks.stack('app').outputs[0]?.value ?? '';
    expect(await read(arn)).toMatchObject({
      Status: 'ISSUED',
      Options: { CertificateTransparencyLoggingPreference: 'DISABLED' },
    });
    expect(stacks.reads.neverRead(acm.resources)).toEqual({});
  });
});
