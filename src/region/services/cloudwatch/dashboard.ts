/** Dashboards: kept and shown; what they draw is read by who opens them. They are of the account, not of a region. */
import type {
  DashboardValidationMessage,
  DeleteDashboardsCommandInput,
  GetDashboardCommandInput,
  ListDashboardsCommandInput,
  PutDashboardCommandInput,
} from '@aws-sdk/client-cloudwatch';
import { Fault } from '../../wire/fault.ts';
import type { Access, Call } from '../service.ts';
import { checkTags } from '../tags.ts';
import { tagFaults } from './alarm-input.ts';
import { invalidValue, missingParameter, page } from './faults.ts';
import { dashboards } from './state.ts';

const longestBody = 1024 * 1024;
const mostWidgets = 500;
const listPage = 1_000;
const widgetTypes = ['metric', 'text', 'log', 'alarm', 'explorer', 'custom', 'trace'];

export function dashboardArn(call: Call, name: string): string {
  return `arn:aws:cloudwatch::${call.account}:dashboard/${name}`;
}

export function dashboardAccess(
  input: { DashboardName?: string | undefined; DashboardNames?: readonly string[] | undefined },
  call: Call,
): Access[] {
  const names = input.DashboardNames ?? [input.DashboardName ?? '*'];
  const action = `cloudwatch:${call.operation}`;
  return names.map((name) => ({ action, resource: dashboardArn(call, name) }));
}

function checkName(name: string | undefined): string {
  if (name === undefined) throw missingParameter('DashboardName');
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) {
    throw invalidValue(
      `The value ${name} for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).`,
    );
  }
  return name;
}

export function putDashboard(input: PutDashboardCommandInput, call: Call) {
  const name = checkName(input.DashboardName);
  const body = input.DashboardBody;
  if (body === undefined) throw missingParameter('DashboardBody');
  const { errors, warnings } = validate(body);
  if (errors.length > 0) {
    throw new Fault('DashboardInvalidInputError', 'The dashboard body is invalid, there are validation errors', {
      members: { dashboardValidationMessages: errors },
    });
  }
  const before = dashboards(call).get(name);
  const tags = before && input.Tags === undefined ? before.tags : checkTags(input.Tags, tagFaults);
  dashboards(call).put(name, { name, body, modifiedMs: call.clock.now(), tags });
  return { DashboardValidationMessages: warnings };
}

/** Without valid JSON nothing is kept; a widget that looks wrong is told of. */
function validate(body: string): { errors: DashboardValidationMessage[]; warnings: DashboardValidationMessage[] } {
  const error = (DataPath: string, Message: string) => ({ errors: [{ DataPath, Message }], warnings: [] });
  if (Buffer.byteLength(body) > longestBody)
    return error('/', `The field DashboardBody must be at most ${longestBody} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return error('/', 'The field DashboardBody must be a valid JSON object');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return error('/', 'The field DashboardBody must be a valid JSON object');
  }
  if (!('widgets' in parsed)) return error('/', 'Should have required property "widgets"');
  const { widgets } = parsed;
  if (!Array.isArray(widgets)) return error('/widgets', 'Should be array');
  if (widgets.length > mostWidgets) return error('/widgets', `Should not have more than ${mostWidgets} items`);
  const warnings: DashboardValidationMessage[] = [];
  for (const [index, widget] of (widgets as unknown[]).entries()) {
    const at = `/widgets/${index}`;
    const { type, properties } = (typeof widget === 'object' && widget !== null ? widget : {}) as Record<
      string,
      unknown
    >;
    if (typeof type !== 'string') return error(at, 'Should have required property "type"');
    if (!widgetTypes.includes(type)) {
      return error(`${at}/type`, `Should be equal to one of the allowed values: ${widgetTypes.join(', ')}`);
    }
    if (typeof properties !== 'object' || properties === null)
      return error(at, 'Should have required property "properties"');
    if (type === 'metric' && !('metrics' in properties) && !('annotations' in properties)) {
      warnings.push({ DataPath: `${at}/properties`, Message: 'Should have required property "metrics"' });
    }
  }
  return { errors: [], warnings };
}

function notFound(name: string): Fault {
  return new Fault('DashboardNotFoundError', `Dashboard ${name} does not exist`);
}

export function getDashboard(input: GetDashboardCommandInput, call: Call) {
  const name = checkName(input.DashboardName);
  const found = dashboards(call).get(name);
  if (!found) throw notFound(name);
  return { DashboardArn: dashboardArn(call, name), DashboardName: name, DashboardBody: found.body };
}

export function listDashboards(input: ListDashboardsCommandInput, call: Call) {
  const { DashboardNamePrefix: prefix = '' } = input;
  const found = [...dashboards(call).values()]
    .filter(({ name }) => name.startsWith(prefix))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const { items, ...more } = page(found, input.NextToken, listPage);
  return {
    DashboardEntries: items.map(({ name, body, modifiedMs }) => ({
      DashboardName: name,
      DashboardArn: dashboardArn(call, name),
      LastModified: new Date(modifiedMs),
      Size: Buffer.byteLength(body),
    })),
    ...more,
  };
}

/** All of them, or none. */
export function deleteDashboards({ DashboardNames }: DeleteDashboardsCommandInput, call: Call) {
  if (!DashboardNames?.length) throw missingParameter('DashboardNames');
  for (const name of DashboardNames) if (!dashboards(call).has(checkName(name))) throw notFound(name);
  for (const name of DashboardNames) dashboards(call).delete(name);
  return {};
}
