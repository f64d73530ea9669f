/** The engine of each region, found again by every call in it. */
import { createEngine, type Engine } from '../../stacks/engine.ts';
import type { StackRecord } from '../../stacks/records.ts';
import type { EngineOptions } from '../../stacks/run.ts';
import type { Table } from '../../store/store.ts';
import { Fault } from '../../wire/fault.ts';
import type { Call, Caller, Scope } from '../service.ts';

export type EngineOf = (scope: Scope) => Engine;

/** A call is not its scope, but both see the same table of stacks. */
export function engines(options: EngineOptions): { engineOf: EngineOf; start: (scope: Scope) => void } {
  const known = new WeakMap<Table<StackRecord>, Engine>();
  const engineOf = (scope: Scope) => {
    const engine = known.get(scope.table<StackRecord>('cloudformation/stacks'));
    if (!engine) throw new Error(`CloudFormation was not started in ${scope.region}`);
    return engine;
  };
  return {
    engineOf,
    start(scope) {
      const engine = createEngine(
        {
          ...hostOf(scope),
          invoke: (caller, service, operation, input) => scope.invoke(caller as Caller, service, operation, input),
        },
        options,
      );
      known.set(scope.table<StackRecord>('cloudformation/stacks'), engine);
      // Once all services have started.
      void Promise.resolve().then(() => engine.resume());
    },
  };
}

export function hostOf(scope: Scope) {
  const { account, region, zones, clock, random } = scope;
  return {
    account,
    region,
    zones,
    clock,
    random,
    table: <T>(name: string) => scope.table<T>(name),
    note: (event: Parameters<Scope['note']>[0]) => scope.note(event),
  };
}

export const invalid = (message: string) => new Fault('ValidationError', message);

/** In whose name the stack's calls are made: the caller's, or that of the role given to CloudFormation. */
export async function runsAs(call: Call, roleArn: string | undefined): Promise<Caller> {
  if (roleArn === undefined) return call.caller;
  call.authorise({
    action: 'iam:PassRole',
    resource: roleArn,
    context: { 'iam:PassedToService': 'cloudformation.amazonaws.com' },
  });
  const roleName = roleArn.split('/').at(-1) ?? '';
  const refused = invalid(`Role ${roleArn} is invalid or cannot be assumed`);
  const itself: Caller = { kind: 'service', service: 'cloudformation.amazonaws.com', trusted: true };
  const found = await call
    .invoke<{ Role?: { Arn?: string; RoleId?: string; AssumeRolePolicyDocument?: string } }>(itself, 'iam', 'GetRole', {
      RoleName: roleName,
    })
    .catch((error: unknown) => {
      if (error instanceof Fault) return undefined;
      throw error;
    });
  const trust = decodeURIComponent(found?.Role?.AssumeRolePolicyDocument ?? '');
  if (found?.Role?.Arn !== roleArn || !trust.includes('cloudformation.amazonaws.com')) throw refused;
  return {
    kind: 'role',
    account: call.account,
    arn: `arn:aws:sts::${call.account}:assumed-role/${roleName}/AWSCloudFormation`,
    principalId: `${found.Role.RoleId}:AWSCloudFormation`,
    accessKeyId: '',
    roleName,
  };
}
