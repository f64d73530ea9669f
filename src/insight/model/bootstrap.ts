/**
 * What `cdk bootstrap` leaves in an account, as far as templates look at it: the version, of which CDK's own `Rules`
 * section wants 6 at least. https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
 */
import type { SimulatedRegion } from '../../region/simulated-region.ts';
import { parseTemplate, TemplateFault } from '../../region/template.ts';

const version = '30';

export async function bootstrapped(
  { region }: { readonly region: Pick<SimulatedRegion['region'], 'invoke'> },
  template: string,
): Promise<void> {
  for (const { Type, Default } of parametersOf(template)) {
    if (Type !== 'AWS::SSM::Parameter::Value<String>' || !/^\/cdk-bootstrap\/\w+\/version$/.test(Default ?? ''))
      continue;
    await region.invoke('ssm', 'PutParameter', { Name: Default, Type: 'String', Value: version, Overwrite: true });
  }
}

/** None of what is no template: CloudFormation says so itself, when it is handed it. */
function parametersOf(template: string) {
  try {
    return Object.values(parseTemplate(template).parameters);
  } catch (error) {
    if (error instanceof TemplateFault) return [];
    throw error;
  }
}
