/** Where a machine that was reached can go on to: buckets that its role may read, and the services behind endpoints. */
import type { Model } from '../model/model.ts';
import { waysOf } from './compare.ts';
import { permitted } from './permitted.ts';
import { reach } from './reach.ts';
import { requestOf } from './request.ts';
import type { Ways } from './result.ts';
import { sourcesOf } from './sources.ts';
import type { Tracing } from './tracing.ts';

const most = 20;

export async function onwardFrom(tracing: Tracing, instanceId: string): Promise<readonly Ways[]> {
  const [source] = sourcesOf(tracing, instanceId);
  if (!source?.at) return [];
  const { model } = tracing;
  const urls = [...readable(tracing, instanceId), ...endpointUrls(model, source.at.subnet.vpcId)];
  const found: Ways[] = [];
  for (const url of urls.slice(0, most)) {
    found.push(waysOf(`${source.name} → ${tracing.names.text(url)}`, await reach(tracing, source, requestOf(url))));
  }
  return found;
}

/** An object of each bucket of the template that a statement of the role's lets it read. */
function readable(tracing: Tracing, instanceId: string): string[] {
  const { decisions } = tracing.model;
  const caller = decisions.machineCaller(instanceId);
  if (!caller) return [];
  const objects = permitted(tracing, caller, 's3').flatMap(({ action, resource }) => {
    const [, bucket, key] = /^arn:aws:s3:::([^/]+)\/(.+)$/.exec(resource) ?? [];
    const read = action === 's3:GetObject' || action === 's3:*' || action === 's3:Getexample';
    return read && bucket !== undefined && decisions.bucket(bucket) ? [`s3://${bucket}/${key}`] : [];
  });
  return [...new Set(objects)];
}

/** CloudWatch first: it is what the machines report to. */
function endpointUrls({ world }: Model, vpcId: string): string[] {
  const services = [...world.interfaceEndpoints.values()]
    .filter((one) => one.vpcId === vpcId && one.available)
    .map(({ serviceName }) => serviceName.split('.').slice(2))
    .map(([region = '', ...service]) => `https://${service.reverse().join('.')}.${region}.amazonaws.com/`);
  const rank = (url: string) => (url.startsWith('https://monitoring.') ? 0 : 1);
  return [...new Set(services)].sort((a, b) => rank(a) - rank(b));
}
