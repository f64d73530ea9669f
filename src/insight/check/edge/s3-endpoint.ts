/** What the policies of S3's gateway endpoints let through. */
import type { Model, ModelResource } from '../../model/model.ts';
import type { Found, Rule } from '../rule.ts';
import { anonymous, rootOf } from './bucket-questions.ts';
import { listOf, ofType, recordOf, textOf } from './parts.ts';
import { pasteInto } from './paste.ts';

interface Endpoints {
  readonly VpcEndpoints: readonly { readonly VpcEndpointId: string; readonly PolicyDocument?: string }[];
}

interface Endpoint {
  readonly resource: ModelResource;
  readonly policy: string;
}

async function s3Endpoints(model: Model): Promise<readonly Endpoint[]> {
  const gateways = ofType(model, 'AWS::EC2::VPCEndpoint').filter(
    ({ properties: { VpcEndpointType, ServiceName } }) =>
      (textOf(VpcEndpointType) ?? 'Gateway') === 'Gateway' && textOf(ServiceName)?.endsWith('.s3'),
  );
  if (gateways.length === 0) return [];
  const { VpcEndpoints } = await model.invoke<Endpoints>('ec2', 'DescribeVpcEndpoints', {
    VpcEndpointIds: gateways.map(({ physicalId }) => physicalId),
  });
  return gateways.flatMap((resource) => {
    const policy = VpcEndpoints.find(({ VpcEndpointId }) => VpcEndpointId === resource.physicalId)?.PolicyDocument;
    return policy === undefined ? [] : [{ resource, policy }];
  });
}

const somebody = '210987654321';

function openToAll(action: string): string {
  const statement = { Effect: 'Allow', Principal: '*', Action: action, Resource: '*' };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

/** Whether a bucket that is open to all is reached through the endpoint: what is left to decide is the endpoint's. */
function letsThrough(
  model: Model,
  { resource, policy }: Endpoint,
  action: string,
  arn: string,
  signed: boolean,
): boolean {
  const via = {
    ...{ sourceIp: '10.0.0.10', secure: true, endpointPolicy: policy },
    vpcEndpointId: resource.physicalId,
    vpcId: textOf(resource.properties.VpcId),
  };
  const access = { action, resource: arn, resourceAccount: somebody, resourcePolicy: openToAll(action) };
  return model.decisions.decide(signed ? rootOf(somebody) : anonymous, via, access).allowed;
}

const packages: Rule = {
  id: 's3-endpoint-packages',
  severity: 'error',
  title: 'Machines can install packages through the S3 endpoint',
  page: 'https://docs.aws.amazon.com/linux/al2023/ug/managing-repos-os-updates.html',
  async find(model) {
    const installing = machinesWithPackages(model);
    if (installing.length === 0) return [];
    // Amazon Linux keeps its packages in a bucket of each region.
    const repository = `arn:aws:s3:::al2023-repos-${model.region}-de612dc2`;
    return (await s3Endpoints(model))
      .filter((endpoint) => !letsThrough(model, endpoint, 's3:GetObject', `${repository}/core/x`, false))
      .map(({ resource: { logicalId } }): Found => {
        const arn = 'arn:${AWS::Partition}:s3:::al2023-repos-${AWS::Region}-de612dc2/*';
        return {
          message: `${installing.join(' and ')} installs packages, and Amazon Linux keeps them in S3: the policy of ${logicalId} does not let their bucket through, so that dnf gets a 403 (also where there is a NAT, as the endpoint's route is the closer one).`,
          logicalId,
          path: ['Properties', 'PolicyDocument'],
          fix: pasteInto(`${logicalId}.PolicyDocument.Statement`, [
            { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: { 'Fn::Sub': arn } },
          ]),
        };
      });
  },
};

/** Logical ids of what boots with packages of the distribution. */
function machinesWithPackages(model: Model): readonly string[] {
  return ofType(model, 'AWS::EC2::LaunchTemplate', 'AWS::EC2::Instance').flatMap(
    ({ logicalId, properties, metadata }) => {
      const data = recordOf(properties.LaunchTemplateData ?? properties);
      const script = Buffer.from(textOf(data.UserData) ?? '', 'base64').toString();
      const init = Object.values(recordOf(metadata['AWS::CloudFormation::Init']));
      const byInit = init.some((set) => recordOf(recordOf(set).packages).yum !== undefined);
      return byInit || /^\s*(sudo )?(dnf|yum)\b.*\binstall\b/m.test(script) ? [logicalId] : [];
    },
  );
}

const openEndpoint: Rule = {
  id: 's3-endpoint-open',
  severity: 'note',
  title: 'The S3 endpoint leads to known buckets only',
  page: 'https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html',
  async find(model) {
    return (await s3Endpoints(model))
      .filter((endpoint) => letsThrough(model, endpoint, 's3:PutObject', 'arn:aws:s3:::somebody-elses/x', true))
      .map(({ resource: { logicalId, properties } }): Found => {
        const buckets = ofType(model, 'AWS::S3::Bucket').flatMap((one) => [
          { 'Fn::GetAtt': [one.logicalId, 'Arn'] },
          { 'Fn::Sub': `\${${one.logicalId}.Arn}/*` },
        ]);
        const missing = listOf(recordOf(properties.PolicyDocument).Statement).length === 0;
        return {
          message: `${missing ? `${logicalId} has no policy` : `The policy of ${logicalId}`}${missing ? ', so that it' : ''} lets machines write to buckets of any account: a way out for data that no firewall sees.`,
          logicalId,
          path: ['Properties', 'PolicyDocument'],
          fix: pasteInto(`${logicalId}.PolicyDocument (keep the buckets that are meant)`, {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: '*',
                Action: 's3:*',
                Resource: buckets.length > 0 ? buckets : ['the ARNs of your buckets'],
              },
              {
                Effect: 'Allow',
                Principal: '*',
                Action: 's3:GetObject',
                Resource: { 'Fn::Sub': 'arn:${AWS::Partition}:s3:::al2023-repos-${AWS::Region}-de612dc2/*' },
              },
            ],
          }),
        };
      });
  },
};

export const s3Endpoint: readonly Rule[] = [packages, openEndpoint];
