/** Tags of alarms and dashboards. */
import type {
  ListTagsForResourceCommandInput,
  TagResourceCommandInput,
  UntagResourceCommandInput,
} from '@aws-sdk/client-cloudwatch';
import { Fault } from '../../wire/fault.ts';
import type { Access, Call } from '../service.ts';
import { addTags, type Tag, withoutTags } from '../tags.ts';
import { tagFaults } from './alarm-input.ts';
import { invalid } from './faults.ts';
import { alarms, dashboards } from './state.ts';

export function tagAccess({ ResourceARN = '*' }: { ResourceARN?: string | undefined }, call: Call): Access {
  return { action: `cloudwatch:${call.operation}`, resource: ResourceARN };
}

/** What is tagged: how to read its tags, and how to put others. */
function tagged(call: Call, arn = ''): { tags: readonly Tag[]; put: (tags: readonly Tag[]) => void } {
  const [, service, region, account, rest] = /^arn:aws[a-z-]*:(cloudwatch):([^:]*):(\d{12}):(.+)$/.exec(arn) ?? [];
  if (!service || account !== call.account || rest === undefined) throw invalid(`Invalid arn syntax: ${arn}`);
  const alarm = rest.startsWith('alarm:') && region === call.region ? alarms(call).get(rest.slice(6)) : undefined;
  if (alarm) return { tags: alarm.tags, put: (tags) => alarms(call).put(alarm.name, { ...alarm, tags }) };
  const dashboard = rest.startsWith('dashboard/') ? dashboards(call).get(rest.slice(10)) : undefined;
  if (dashboard) {
    return { tags: dashboard.tags, put: (tags) => dashboards(call).put(dashboard.name, { ...dashboard, tags }) };
  }
  throw new Fault('ResourceNotFoundException', `Unknown resource: ${arn}`, {
    members: { ResourceType: rest.split(/[:/]/)[0], ResourceId: arn },
  });
}

export function tagResource(input: TagResourceCommandInput, call: Call) {
  const { tags, put } = tagged(call, input.ResourceARN);
  put(addTags(tags, input.Tags, tagFaults));
  return {};
}

export function untagResource({ ResourceARN, TagKeys }: UntagResourceCommandInput, call: Call) {
  const { tags, put } = tagged(call, ResourceARN);
  put(withoutTags(tags, TagKeys));
  return {};
}

export function listTagsForResource({ ResourceARN }: ListTagsForResourceCommandInput, call: Call) {
  return { Tags: tagged(call, ResourceARN).tags.map((tag) => ({ ...tag })) };
}
