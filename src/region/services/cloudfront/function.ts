/** CloudFront Functions: a development stage that is edited, and a live one that viewers meet. */
import type {
  CreateFunctionCommandInput,
  DeleteFunctionCommandInput,
  DescribeFunctionCommandInput,
  FunctionConfig,
  GetFunctionCommandInput,
  ListFunctionsCommandInput,
  PublishFunctionCommandInput,
  TestFunctionCommandInput,
  UpdateFunctionCommandInput,
} from '@aws-sdk/client-cloudfront';
import type { ViewerFunction } from '../../traffic/edge/config.ts';
import { functionSandbox } from '../../traffic/edge/function-sandbox.ts';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { maxItems } from './distribution.ts';
import {
  checkMatch,
  distributions,
  type FunctionRecord,
  type FunctionVersion,
  functions,
  invalid,
  newId,
  notModelled,
  pageOf,
} from './state.ts';
import { checkTags } from './tags.ts';

type Stage = 'DEVELOPMENT' | 'LIVE';
const mostCodeBytes = 10 * 1024;

function functionOf(call: Scope, name: string | undefined): FunctionRecord {
  const record = functions(call).get(name ?? '');
  if (!record) throw new Fault('NoSuchFunctionExists', 'The function does not exist.', { status: 404 });
  return record;
}

function stageOf(record: FunctionRecord, stage: string | undefined): { version: FunctionVersion; stage: Stage } {
  if (stage !== 'LIVE') return { version: record.development, stage: 'DEVELOPMENT' };
  if (!record.live) throw new Fault('NoSuchFunctionExists', 'The function does not exist.', { status: 404 });
  return { version: record.live, stage: 'LIVE' };
}

function versionOf(scope: Scope, config: FunctionConfig | undefined, code: Uint8Array | undefined): FunctionVersion {
  const { Comment = '', Runtime, KeyValueStoreAssociations } = config ?? {};
  if (Runtime !== 'cloudfront-js-1.0' && Runtime !== 'cloudfront-js-2.0') {
    throw invalid('The Runtime must be one of: cloudfront-js-1.0, cloudfront-js-2.0.');
  }
  if ((KeyValueStoreAssociations?.Quantity ?? 0) > 0) throw notModelled('A key value store');
  if (!code || code.length === 0) throw invalid('The FunctionCode is required.');
  if (code.length > mostCodeBytes) {
    throw new Fault('FunctionSizeLimitExceeded', 'The function exceeds the maximum size.', { status: 413 });
  }
  return {
    etag: `ETV${newId(scope).slice(1)}`,
    modifiedMs: scope.clock.now(),
    config: { Comment, Runtime },
    code: Buffer.from(code).toString('utf8'),
  };
}

export function createFunction(
  { Name = '', FunctionConfig, FunctionCode, Tags }: CreateFunctionCommandInput,
  call: Call,
) {
  if (!/^[a-zA-Z0-9-_]{1,64}$/.test(Name))
    throw invalid('The Name must have 1 to 64 letters, digits, hyphens or underscores.');
  if (functions(call).has(Name)) {
    throw new Fault('FunctionAlreadyExists', 'A function with the same name already exists in this account.', {
      status: 409,
    });
  }
  const development = versionOf(call, FunctionConfig, FunctionCode);
  const arn = `arn:aws:cloudfront::${call.account}:function/${Name}`;
  const record: FunctionRecord = { name: Name, arn, createdMs: call.clock.now(), tags: checkTags(Tags), development };
  functions(call).put(Name, record);
  return {
    FunctionSummary: summary(record, 'DEVELOPMENT', development),
    ETag: development.etag,
    Location: `https://cloudfront.amazonaws.com/2020-05-31/function/${arn}`,
  };
}

export function updateFunction(
  { Name, IfMatch, FunctionConfig, FunctionCode }: UpdateFunctionCommandInput,
  call: Call,
) {
  const before = functionOf(call, Name);
  checkMatch(before.development.etag, IfMatch);
  const development = versionOf(call, FunctionConfig, FunctionCode);
  const record = { ...before, development };
  functions(call).put(record.name, record);
  return { FunctionSummary: summary(record, 'DEVELOPMENT', development), ETag: development.etag };
}

export function publishFunction({ Name, IfMatch }: PublishFunctionCommandInput, call: Call) {
  const before = functionOf(call, Name);
  checkMatch(before.development.etag, IfMatch);
  const live = { ...before.development, modifiedMs: call.clock.now() };
  const record = { ...before, live };
  functions(call).put(record.name, record);
  return { FunctionSummary: summary(record, 'LIVE', live) };
}

export function describeFunction({ Name, Stage }: DescribeFunctionCommandInput, call: Call) {
  const record = functionOf(call, Name);
  const { version, stage } = stageOf(record, Stage);
  return { FunctionSummary: summary(record, stage, version), ETag: version.etag };
}

export function getFunction({ Name, Stage }: GetFunctionCommandInput, call: Call) {
  const { version } = stageOf(functionOf(call, Name), Stage);
  return { FunctionCode: Buffer.from(version.code), ETag: version.etag, ContentType: 'application/octet-stream' };
}

export function listFunctions({ Marker, MaxItems, Stage }: ListFunctionsCommandInput, call: Call) {
  const all = [...functions(call).values()].filter(({ live }) => Stage !== 'LIVE' || live);
  const { items, shared } = pageOf(all, ({ name }) => name, { Marker, MaxItems: maxItems(MaxItems) });
  const Items = items.map((record) => {
    const { version, stage } = stageOf(record, Stage);
    return summary(record, stage, version);
  });
  return { FunctionList: { ...shared, ...(Items.length > 0 ? { Items } : {}) } };
}

export function deleteFunction({ Name, IfMatch }: DeleteFunctionCommandInput, call: Call) {
  const record = functionOf(call, Name);
  checkMatch(record.development.etag, IfMatch);
  if ([...distributions(call).values()].some(({ config }) => JSON.stringify(config).includes(`"${record.arn}"`))) {
    throw new Fault(
      'FunctionInUse',
      "Cannot delete the function because it's attached to one or more cache behaviors.",
      { status: 409 },
    );
  }
  functions(call).delete(record.name);
  return {};
}

export async function testFunction({ Name, IfMatch, Stage, EventObject }: TestFunctionCommandInput, call: Call) {
  const record = functionOf(call, Name);
  const { version, stage } = stageOf(record, Stage);
  checkMatch(version.etag, IfMatch);
  let event: unknown;
  try {
    event = JSON.parse(Buffer.from(EventObject ?? []).toString('utf8'));
  } catch (error) {
    throw new Fault('TestFunctionFailed', 'The event object is not valid JSON.', { cause: error });
  }
  if (typeof event !== 'object' || event === null) throw invalid('The EventObject must be an object.');
  const sandbox = functionSandbox(call.clock, call.random);
  try {
    const run = await sandbox.run(viewerFunction(record, version, stage), event);
    const context = event as { context?: { eventType?: unknown } };
    const response = typeof run.output === 'object' && run.output !== null && 'statusCode' in run.output;
    const kind = response || context.context?.eventType === 'viewer-response' ? 'response' : 'request';
    return {
      TestResult: {
        FunctionSummary: summary(record, stage, version),
        ComputeUtilization: String(run.computeUtilisation),
        FunctionExecutionLogs: [...run.logs],
        FunctionErrorMessage: run.error ?? '',
        FunctionOutput: run.error === undefined ? JSON.stringify({ [kind]: run.output }) : '',
      },
    };
  } finally {
    sandbox.close();
  }
}

/** As the edge runs it. */
export function viewerFunction({ name }: FunctionRecord, version: FunctionVersion, stage: Stage): ViewerFunction {
  return {
    name: `${name}:${stage}`,
    version: `${name} ${version.etag}`,
    runtime: version.config.Runtime === 'cloudfront-js-1.0' ? 'cloudfront-js-1.0' : 'cloudfront-js-2.0',
    code: version.code,
  };
}

function summary(record: FunctionRecord, stage: Stage, { config, modifiedMs, etag }: FunctionVersion) {
  const associated = stage === 'LIVE' || record.live?.etag === etag;
  return {
    Name: record.name,
    Status: associated ? 'DEPLOYED' : 'UNPUBLISHED',
    FunctionConfig: config,
    FunctionMetadata: {
      FunctionARN: record.arn,
      Stage: stage,
      CreatedTime: new Date(record.createdMs),
      LastModifiedTime: new Date(modifiedMs),
    },
  };
}
