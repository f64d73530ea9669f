/** Machines whose credentials anybody gets who makes them fetch a URL. */
import type { Model, ModelResource } from '../../model/model.ts';
import type { Found, Rule } from '../rule.ts';
import { groupsOf } from './groups.ts';
import { named, recordOf } from './parts.ts';
import { pasteInto } from './paste.ts';

interface Reservations {
  readonly Reservations: readonly {
    readonly Instances: readonly {
      readonly InstanceId: string;
      readonly IamInstanceProfile?: object;
      readonly MetadataOptions?: { readonly HttpTokens?: string; readonly HttpEndpoint?: string };
      readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
    }[];
  }[];
}

/** What the instances got, by their own resource or their group's: the image has a say in it, too. */
async function openInstances(model: Model): Promise<readonly ModelResource[]> {
  const { Reservations } = await model.invoke<Reservations>('ec2', 'DescribeInstances', {});
  const groups = groupsOf(model);
  return Reservations.flatMap(({ Instances }) => Instances).flatMap(
    ({ InstanceId, MetadataOptions = {}, IamInstanceProfile, Tags = [] }) => {
      // Without a role there is nothing to be had.
      if (!IamInstanceProfile) return [];
      if (MetadataOptions.HttpTokens === 'required' || MetadataOptions.HttpEndpoint === 'disabled') return [];
      const name = Tags.find(({ Key }) => Key === 'aws:autoscaling:groupName')?.Value;
      const launch = groups.find(({ group }) => group.physicalId === name)?.launch;
      return launch ?? named(model, 'AWS::EC2::Instance', InstanceId) ?? [];
    },
  );
}

export const imdsV1: Rule = {
  id: 'imds-v1',
  severity: 'warning',
  title: 'Machines give their credentials for a session token only',
  page: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html',
  async find(model) {
    const open = new Set(await openInstances(model));
    // A group may have no machines yet.
    for (const { launch } of groupsOf(model)) {
      const { MetadataOptions, IamInstanceProfile } = recordOf(launch?.properties.LaunchTemplateData);
      if (launch && IamInstanceProfile && recordOf(MetadataOptions).HttpTokens === 'optional') open.add(launch);
    }
    return [...open].map(({ logicalId, type }): Found => {
      const inside = type === 'AWS::EC2::LaunchTemplate' ? ['LaunchTemplateData'] : [];
      return {
        message: `Machines of ${logicalId} answer their metadata service without a token (IMDSv1): a program that can be made to fetch a URL hands out the role's credentials.`,
        logicalId,
        path: ['Properties', ...inside, 'MetadataOptions'],
        fix: pasteInto([logicalId, ...inside].join('.'), {
          MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
        }),
      };
    });
  },
};
