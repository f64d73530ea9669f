/** How a template is handed to CloudFormation: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
import type { SimulatedRegion } from '../../region/simulated-region.ts';

/** In bytes; larger ones are taken from a bucket only. */
const longestInline = 51_200;

export async function templateSource(
  { region }: { readonly region: Pick<SimulatedRegion['region'], 'invoke'> },
  template: string,
): Promise<{ readonly TemplateBody: string } | { readonly TemplateURL: string }> {
  if (Buffer.byteLength(template) <= longestInline) return { TemplateBody: template };
  const [Bucket, Key] = ['orrery-simulated-template', 'template'];
  await region.invoke('s3', 'CreateBucket', { Bucket });
  await region.invoke('s3', 'PutObject', { Bucket, Key, Body: Buffer.from(template) });
  return { TemplateURL: `https://${Bucket}.s3.amazonaws.com/${Key}` };
}
