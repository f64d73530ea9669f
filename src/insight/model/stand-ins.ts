/**
 * Images of which AWS publishes the ids in Parameter Store: the region knows those of Amazon Linux. For any other one of these
 * stands in the model, which looks at no image's inside, and it is told that it does.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
 */
import type { SimulatedRegion } from '../../region/simulated-region.ts';
import type { NotModelled, Template } from '../../region/template.ts';

export interface StandIns {
  /** By the names of template parameters, what is given in place of what is not known. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly notModelled: readonly NotModelled[];
}

export async function standIns(
  { region }: { readonly region: Pick<SimulatedRegion['region'], 'invoke'> },
  template: Template,
  given: Readonly<Record<string, string>>,
): Promise<StandIns> {
  const found: Record<string, string> = {};
  const notModelled: NotModelled[] = [];
  for (const [logicalId, { Type, Default = '' }] of Object.entries(template.parameters)) {
    const path = given[logicalId] ?? Default;
    if (!isImage(Type, path) || (await isKnown(region, path))) continue;
    found[logicalId] = `${amazonLinux}${/arm64|aarch64/.test(path) ? 'arm64' : 'x86_64'}`;
    const what = `the image of ${path} is not known: one of Amazon Linux 2023 stands for it`;
    notModelled.push({ logicalId, type: Type, path: '', what, line: template.lineOf(['Parameters', logicalId]) });
  }
  return { parameters: found, notModelled };
}

const amazonLinux = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-';

function isImage(type: string, path: string): boolean {
  if (!type.startsWith('AWS::SSM::Parameter::Value<') || !path.startsWith('/aws/service/')) return false;
  return type.includes('AWS::EC2::Image::Id') || /\/(image_id|ami-id|ami_id)$|\/ami-[a-z]+-latest\//.test(path);
}

async function isKnown(region: Pick<SimulatedRegion['region'], 'invoke'>, path: string): Promise<boolean> {
  const { Parameters = [] } = await region.invoke<{ Parameters?: readonly unknown[] }>('ssm', 'GetParameters', {
    Names: [path],
  });
  return Parameters.length > 0;
}
