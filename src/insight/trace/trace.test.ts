/** The journeys of the blueprint as they are told, and where each planted mistake ends them. */
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../blueprint/index.ts';
import type { Journey, TraceResult } from './result.ts';
import { traceText } from './text.ts';
import { type Change, changed, numbered, pasted, stated, traced, withDomain, without } from './trace.fixture.ts';

const api = { url: 'https://api.myapp.com/items' };
const site = { url: 'https://myapp.com/' };
const noDomain: ConfigInput = { name: 'gallery' };

describe('the journeys of the architecture, hop by hop', () => {
  it.each([
    ['site', site, withDomain],
    ['api', api, withDomain],
    ['route of the app, by HTTP', { url: 'http://myapp.com/photos/7' }, withDomain],
    ['out through NAT', { url: 'https://example.org/', from: 'ApiGroup' }, withDomain],
    ['images with KMS', { url: 's3://DataBucket/a.png', from: 'ApiGroup' }, { ...withDomain, data: { kms: true } }],
  ])('%s', async (name, request, config) => {
    const result = await traced(request, undefined, config);
    expect(result.delivered).toBe(true);
    await expect(`${numbered(traceText(result))}\n`).toMatchFileSnapshot(
      `golden/${name.replaceAll(/[ ,]+/g, '-')}.txt`,
    );
  });
});

const apiPorts = { FromPort: 8080, ToPort: 8080 };

/** Name, request, mistake, ending, where, which rule, the fix, whether what it says to paste mends it. */
const mistakes: readonly [string, { url: string; from?: string }, Change, Partial<Ended>][] = [
  [
    'no reply to the balancer in the private ACL',
    api,
    without('PrivateAclOutToBalancer'),
    {
      ending: 'dropped',
      way: 'back',
      at: /^PrivateSubnetA$/,
      rule: /^PrivateAcl egress \*$/,
      fix: /egress rule to PrivateAcl allowing tcp 1024-65535 to 10\.0\.0\.0\/20/,
    },
  ],
  [
    'replies to a part of the ports',
    api,
    changed('PrivateAclOutToBalancer', (entry) => Object.assign(entry, { PortRange: { From: 32768, To: 60999 } })),
    { ending: 'dropped', way: 'back', rule: /^PrivateAcl egress \*$/, fix: /tcp 1024-65535/ },
  ],
  [
    'a denying entry before the one that allows',
    api,
    (resources) =>
      void Object.assign(resources, {
        Never: {
          Type: 'AWS::EC2::NetworkAclEntry',
          Properties: {
            NetworkAclId: { Ref: 'PrivateAcl' },
            RuleNumber: 50,
            RuleAction: 'deny',
            Protocol: -1,
            CidrBlock: '10.0.0.0/16',
          },
        },
      }),
    {
      ending: 'dropped',
      way: 'there',
      at: /^PrivateSubnetA$/,
      rule: /^Never$/,
      fix: /number below that of PrivateAcl ingress 50/,
    },
  ],
  [
    'a group without the balancer',
    api,
    changed('ApiSecurityGroup', (group) => Object.assign(group, { SecurityGroupIngress: [] })),
    {
      ending: 'dropped',
      way: 'there',
      at: /^ApiGroup i-/,
      rule: /^ApiSecurityGroup ingress$/,
      fix: /ingress rule to ApiSecurityGroup allowing tcp 8080 from BalancerSecurityGroup/,
    },
  ],
  [
    'the balancer closed to the world',
    api,
    changed('BalancerSecurityGroup', (group) =>
      Object.assign(group, { SecurityGroupIngress: [{ IpProtocol: 'tcp', ...apiPorts, CidrIp: '0.0.0.0/0' }] }),
    ),
    { ending: 'dropped', way: 'there', rule: /^BalancerSecurityGroup ingress$/, fix: /tcp 443 from 0\.0\.0\.0\/0/ },
  ],
  [
    'no way back to the internet',
    api,
    without('PublicRouteToInternet'),
    { ending: 'dropped', way: 'back', rule: /^PublicRoutes$/, fix: /add a route to PublicRoutes/ },
  ],
  [
    'no NAT in one zone',
    { url: 'https://example.org/', from: 'ApiGroup' },
    without('PrivateRouteAToNat'),
    {
      ending: 'dropped',
      way: 'there',
      at: /^PrivateSubnetA$/,
      rule: /^PrivateRoutesA$/,
      fix: /add a route to PrivateRoutesA/,
      others: 1,
    },
  ],
  [
    'no NAT at all',
    { url: 'https://example.org/', from: 'ApiGroup' },
    without(
      'PrivateRouteAToNat',
      'PrivateRouteBToNat',
      'NatGatewayA',
      'NatGatewayB',
      'NatTrafficA',
      'NatTrafficB',
      'Dashboard',
    ),
    { ending: 'dropped', way: 'there', rule: /^PrivateRoutesA$/, fix: /add a route to PrivateRoutesA/ },
  ],
  [
    'S3 with neither endpoint nor NAT',
    { url: 's3://DataBucket/a.png', from: 'ApiGroup' },
    without('S3Endpoint', 'PrivateRouteAToNat', 'PrivateRouteBToNat'),
    { ending: 'dropped', way: 'there', rule: /^PrivateRoutesA$/, fix: /gateway endpoint for s3/ },
  ],
  [
    'no listener',
    api,
    (resources) => {
      without('HttpsListener')(resources);
      changed('ApiGroup', (group) => delete group.Tags)(resources);
    },
    {
      ending: 'refused',
      way: 'there',
      at: /^ApiBalancer$/,
      why: /nobody listens on port 443: there is HttpListener on 80/,
      fix: /listener to ApiBalancer on port 443/,
      mends: false,
    },
  ],
  [
    'no targets',
    api,
    (resources) => {
      without('ScaleOnRequests')(resources);
      changed('ApiGroup', (group) => delete group.TargetGroupARNs)(resources);
    },
    {
      ending: 'refused',
      way: 'there',
      at: /^ApiTargets$/,
      why: /no target is registered: 503/,
      fix: /register targets with ApiTargets/,
      mends: false,
    },
  ],
  [
    'a certificate for another name',
    api,
    changed('ApiCertificate', (certificate) =>
      Object.assign(certificate, {
        DomainName: 'old.myapp.com',
        DomainValidationOptions: [{ DomainName: 'old.myapp.com', HostedZoneId: { Ref: 'HostedZone' } }],
      }),
    ),
    {
      ending: 'refused',
      way: 'there',
      rule: /^HttpsListener$/,
      why: /for old\.myapp\.com, not for api\.myapp\.com/,
      mends: false,
    },
  ],
  [
    'an endpoint whose policy denies',
    { url: 's3://DataBucket/a.png', from: 'ApiGroup' },
    changed('S3Endpoint', (endpoint) => {
      const Statement = [{ Effect: 'Allow', Principal: '*', Action: 's3:ListBucket', Resource: '*' }];
      endpoint.PolicyDocument = { Version: '2012-10-17', Statement };
    }),
    {
      ending: 'refused',
      way: 'there',
      at: /^S3Endpoint$/,
      why: /no statement of the policy of S3Endpoint allows it/,
      fix: /statement to the policy of S3Endpoint/,
      into: 'S3Endpoint',
    },
  ],
  [
    'a role that may not read',
    { url: 's3://DataBucket/a.png', from: 'ApiGroup' },
    changed('MachineRole', (role) => {
      const Statement = [{ Effect: 'Allow', Action: 's3:ListBucket', Resource: '*' }];
      role.Policies = [{ PolicyName: 'machine', PolicyDocument: { Version: '2012-10-17', Statement } }];
    }),
    {
      ending: 'refused',
      way: 'there',
      at: /^IAM$/,
      why: /MachineRole may not s3:GetObject on DataBucket\/a\.png/,
      fix: /statement to a policy of MachineRole/,
      into: 'MachineRole',
    },
  ],
  [
    'a bucket policy without the distribution',
    site,
    changed('SpaBucketPolicy', (policy) => {
      const document = policy.PolicyDocument as { Statement: unknown[] };
      document.Statement = document.Statement.slice(0, 1);
    }),
    {
      ending: 'refused',
      way: 'there',
      at: /^SpaBucket$/,
      why: /cloudfront\.amazonaws\.com for Distribution may not s3:GetObject/,
      fix: /statement to the policy of SpaBucket/,
      into: 'SpaBucketPolicy',
    },
  ],
  [
    'an origin that is asked unsigned',
    site,
    changed('SpaAccess', (access) => {
      (access.OriginAccessControlConfig as Record<string, string>).SigningBehavior = 'never';
    }),
    {
      ending: 'refused',
      way: 'there',
      at: /^SpaBucket$/,
      why: /an unsigned request may not/,
      fix: /origin access control that always signs/,
      mends: false,
    },
  ],
  [
    'a distribution without the alias',
    site,
    changed(
      'Distribution',
      (distribution) => delete (distribution.DistributionConfig as Record<string, unknown>).Aliases,
    ),
    { ending: 'refused', way: 'there', at: /^Route 53$|^CloudFront$/, mends: false },
  ],
  [
    'no record',
    api,
    without('ApiRecord'),
    {
      ending: 'refused',
      way: 'there',
      at: /^Route 53$/,
      why: /api\.myapp\.com has no A or AAAA record/,
      fix: /record set of api\.myapp\.com/,
      mends: false,
    },
  ],
  [
    'an endpoint that lets nobody in',
    { url: 'https://monitoring.us-east-1.amazonaws.com', from: 'ApiGroup' },
    changed('EndpointSecurityGroup', (group) => Object.assign(group, { SecurityGroupIngress: [] })),
    {
      ending: 'dropped',
      way: 'there',
      at: /^MonitoringEndpoint in/,
      rule: /^EndpointSecurityGroup ingress$/,
      fix: /tcp 443 from ApiSecurityGroup/,
    },
  ],
  [
    'a VPC without its resolver',
    { url: 'https://example.org/', from: 'ApiGroup' },
    (resources) => {
      without('MonitoringEndpoint', 'LogsEndpoint')(resources);
      changed('Vpc', (vpc) => Object.assign(vpc, { EnableDnsSupport: false, EnableDnsHostnames: false }))(resources);
    },
    {
      ending: 'dropped',
      way: 'there',
      at: /^Vpc$/,
      rule: /^EnableDnsSupport$/,
      fix: /EnableDnsSupport of the VPC to true/,
      mends: false,
    },
  ],
];

interface Ended {
  readonly ending: Journey['ending'];
  readonly way: 'there' | 'back';
  readonly at: RegExp;
  readonly rule: RegExp;
  readonly why: RegExp;
  readonly fix: RegExp;
  /** Ways that end otherwise. */
  readonly others: number;
  /** With what is pasted the request gets through. */
  readonly mends: boolean;
  /** Whose policy it is a statement for; else it is resources. */
  readonly into: string;
}

describe('a planted mistake ends the journey where it is', () => {
  it.each(mistakes)('%s', async (_name, request, mistake, { mends = true, into, others, ending, way, ...patterns }) => {
    const result = await traced(request, mistake);
    const { stopped } = shownOf(result);
    expect({ delivered: result.delivered, ending: stopped?.ending, way: stopped?.way }).toEqual({
      delivered: false,
      ending,
      way,
    });
    expect(shownOf(result).ending).toBe(ending);
    const { fix, ...said } = patterns;
    for (const [key, pattern] of Object.entries(said)) expect(stopped?.[key as 'at' | 'rule' | 'why']).toMatch(pattern);
    if (fix) expect(stopped?.fix?.text).toMatch(fix);
    if (others !== undefined) expect(result.parts[0]?.differing).toHaveLength(others);
    if (!mends) return;
    const mended = await mend(request, mistake, result, into);
    expect(
      mended.parts.flatMap((ways) => [ways, ...ways.differing].flatMap(({ shown }) => shown.stopped ?? [])),
    ).toEqual([]);
    expect(mended.delivered).toBe(true);
  });
});

function shownOf({ parts }: TraceResult): Journey {
  const last = parts.at(-1);
  if (!last) throw new Error('nothing was traced');
  return last.shown;
}

/** Pastes what is said, as often as something is said anew: one of several zones at a time. */
async function mend(
  request: { url: string; from?: string },
  mistake: Change,
  first: TraceResult,
  into: string | undefined,
): Promise<TraceResult> {
  const pastes: string[] = [];
  let result = first;
  for (let turn = 0; turn < 4 && !result.delivered; turn++) {
    const { fix } = shownOf(result).stopped ?? {};
    if (fix?.paste === undefined) return result;
    pastes.push(fix.paste);
    result = await traced(request, (resources) => {
      mistake(resources);
      for (const paste of pastes) (into === undefined ? pasted(paste) : stated(paste, into))(resources);
    });
  }
  return result;
}

it('tells of targets that health checks do not reach, and that the balancer fails open', async () => {
  const closed = changed('ApiTargets', (group) => Object.assign(group, { HealthCheckPort: '9999' }));
  const { parts } = await traced(api, closed);
  expect(parts[0]?.shown.steps.find(({ kind }) => kind === 'targets')).toMatchObject({
    ok: false,
    why: expect.stringMatching(/no target is healthy: it fails open, and all 2 get requests/),
  });
  expect(parts[0]?.shown.notes.join('\n')).toMatch(
    /health checks of ApiGroup i-\w+ and 1 more on port 9999 .*Fix: add an egress rule to BalancerSecurityGroup allowing tcp 9999 to ApiSecurityGroup/,
  );
});

it('goes by the names that there are, where there is no domain', async () => {
  const asked = traced({ url: 'https://myapp.com/' }, undefined, noDomain);
  const error = await asked.catch((thrown: unknown) => thrown);
  const [, host] = /([a-z0-9]+\.cloudfront\.net)/.exec(String(error)) ?? [];
  expect(String(error)).toMatch(/Nobody in build\.yml has the name "myapp\.com".*elb\.amazonaws\.com/s);
  const { delivered, parts } = await traced({ url: `https://${host}/api/items` }, undefined, noDomain);
  expect(delivered).toBe(true);
  const steps = parts[0]?.shown.steps.map(({ kind, rule }) => `${kind} ${rule}`) ?? [];
  expect(steps).toEqual(expect.arrayContaining(['function ApiPath', 'origin api', 'rule FromDistribution']));
});

it.each([
  [
    'http://api.myapp.com:9999/',
    'dropped',
    /^no rule allows tcp port 9999 from \S+; besides, nobody listens on port 9999: there are HttpListener on 80 and HttpsListener on 443$/,
    /^ask for port 80 or 443, or add a listener to ApiBalancer on port 9999 and let it pass$/,
  ],
  ['tcp://api.myapp.com:22', 'dropped', /besides, nobody listens on port 22/, /^ask for port 80 or 443/],
  ['http://api.myapp.com:443/', 'refused', /speaks HTTPS on port 443/, /^ask for https:\/\/api\.myapp\.com:443\/$/],
  ['https://myapp.com:8443/a', 'refused', /nobody listens for HTTPS on 8443/, /^ask for https:\/\/myapp\.com\/a$/],
])('says of a port that nobody listens on: %s', async (url, ending, why, fix) => {
  const { delivered, parts } = await traced({ url });
  expect({ delivered, stopped: parts[0]?.shown.stopped }).toMatchObject({
    delivered: false,
    stopped: { ending, why: expect.stringMatching(why), fix: { text: expect.stringMatching(fix) } },
  });
});

it('compares every node with every target, and shows the way that differs', async () => {
  const { parts } = await traced(api, undefined, { ...withDomain, network: { zones: 3 }, api: { min: 3 } });
  // Ranges of three zones do not join into one: the third has entries of its own in the ACLs.
  const groups = [parts[0], ...(parts[0]?.differing ?? [])];
  expect(groups.map((one) => 1 + (one?.alike.length ?? 0))).toEqual([4, 2, 2, 1]);
  expect(parts[0]?.differing[0]?.shown.steps.map(({ rule }) => rule)).toContain('PublicAclOutToApiToo');
});

it('shows an unsigned request straight to the bucket refused', async () => {
  const { parts } = await traced({ url: 's3://SpaBucket/index.html' });
  expect(parts[0]?.shown).toMatchObject({ ending: 'refused', stopped: { at: 'SpaBucket' } });
});

it('lists what is not modelled as not proven', async () => {
  const { notProven } = await traced(site, (resources) => {
    Object.assign(resources, { Guard: { Type: 'AWS::WAFv2::WebACL', Properties: { Scope: 'CLOUDFRONT' } } });
  });
  expect(notProven).toEqual([expect.stringMatching(/^Guard \(AWS::WAFv2::WebACL.*\) is not modelled$/)]);
});

it.each([
  ['no URL', { url: 'myapp.com' }, /"myapp\.com" is not a URL/],
  ['another scheme', { url: 'ftp://myapp.com/' }, /has the scheme ftp; http, https, s3, tcp and udp can be followed/],
  ['no port', { url: 'tcp://10.0.1.5' }, /must name a host and a port/],
  ['a name of nobody', { url: 'https://other.com/' }, /Nobody .* has the name "other\.com".*api\.myapp\.com/s],
  ['an unknown bucket', { url: 's3://Nowhere/x' }, /no bucket "Nowhere".*SpaBucket/s],
  ['an unknown source', { ...api, from: 'MachineZ' }, /Nothing is called "MachineZ".*internet, ApiGroup/s],
])('refuses %s', async (_name, request, message) => {
  await expect(traced(request)).rejects.toThrow(message);
});

describe('claims nothing of what is not in the model', () => {
  it('targets that a service of another kind registers', async () => {
    const { parts, delivered } = await traced(api, (resources) => {
      changed('ApiGroup', (group) => delete group.TargetGroupARNs)(resources);
      without('ScaleOnRequests')(resources);
      const LoadBalancers = [{ ContainerName: 'x', ContainerPort: 8080, TargetGroupArn: { Ref: 'ApiTargets' } }];
      Object.assign(resources, { Service: { Type: 'AWS::ECS::Service', Properties: { LoadBalancers } } });
    });
    expect(delivered).toBe(false);
    expect(parts[0]?.shown).toMatchObject({
      ending: 'unknown',
      stopped: { at: 'ApiTargets', why: 'its targets come of Service (AWS::ECS::Service), which is not modelled' },
    });
  });

  it('an end that may come of a resource that could not be made', async () => {
    const { parts, notProven } = await traced(api, (resources) => {
      without('ApiRecord')(resources);
      // Nothing of this name can be: the record is refused.
      const wrong = {
        HostedZoneId: { Ref: 'HostedZone' },
        Name: 'api.other.com',
        Type: 'A',
        TTL: '60',
        ResourceRecords: ['192.0.2.1'],
      };
      Object.assign(resources, { Wrong: { Type: 'AWS::Route53::RecordSet', Properties: wrong } });
    });
    expect(parts[0]?.shown).toMatchObject({
      ending: 'unknown',
      stopped: { fix: { text: expect.stringMatching(/^mend first .*Wrong/) } },
    });
    expect(notProven[0]).toMatch(/^Wrong: /);
  });

  it('an origin outside of the template', async () => {
    const { parts } = await traced(site, (resources) => {
      changed('Distribution', ({ DistributionConfig }) => {
        const config = DistributionConfig as { Origins: unknown[]; DefaultCacheBehavior: Record<string, unknown> };
        config.Origins = [
          { Id: 'spa', DomainName: 'old.example.net', CustomOriginConfig: { OriginProtocolPolicy: 'https-only' } },
        ];
        config.DefaultCacheBehavior.TargetOriginId = 'spa';
      })(resources);
    });
    expect(parts[0]?.shown).toMatchObject({ ending: 'unknown', stopped: { at: 'old.example.net' } });
  });
});

it('tells what is shown for a route of the app where no function sees to it', async () => {
  const { parts } = await traced({ url: 'https://myapp.com/photos/7' }, (resources) => {
    changed('Distribution', ({ DistributionConfig }) => {
      const config = DistributionConfig as {
        CustomErrorResponses: unknown[];
        DefaultCacheBehavior: Record<string, unknown>;
      };
      delete config.DefaultCacheBehavior.FunctionAssociations;
      config.CustomErrorResponses = [{ ErrorCode: 404, ResponseCode: 200, ResponsePagePath: '/index.html' }];
    })(resources);
  });
  expect(parts[0]?.shown.notes).toEqual([
    'Were /photos/7 not there: S3 answers 404, and Distribution shows /index.html with 200 in its place',
  ]);
});

it('says of an internal balancer that nobody outside reaches it', async () => {
  const { parts } = await traced(
    api,
    changed('ApiBalancer', (balancer) => Object.assign(balancer, { Scheme: 'internal' })),
  );
  expect(parts[0]?.shown).toMatchObject({
    ending: 'dropped',
    stopped: { fix: { text: expect.stringMatching(/Scheme internet-facing/) } },
  });
});

it('ends at the key where that does not let CloudFront decrypt', async () => {
  const closed = changed('BucketKey', (key) => {
    const policy = key.KeyPolicy as { Statement: unknown[] };
    policy.Statement = policy.Statement.slice(0, 1);
  });
  const { parts } = await traced(site, closed, { ...withDomain, web: { kms: true } });
  expect(parts[0]?.shown).toMatchObject({
    ending: 'refused',
    stopped: { at: 'BucketKey', why: expect.stringMatching(/for Distribution may not kms:Decrypt/) },
  });
});
