/**
 * What roles were seen to do: an event for each action of a role on each kind of resource, told once. `check` compares a
 * role's policies with it.
 */
import type { Access, Caller, Scope } from './service.ts';

/** Different ones that are told in the life of a region: a bound on memory, far above what an architecture does. */
const mostTold = 5_000;

/** Gives, for a caller that is a role, what notes a permission that it was granted. */
export function permissionLog(): (scope: Scope, caller: Caller) => ((access: Access) => void) | undefined {
  const told = new Set<string>();
  return (scope, caller) => {
    if (caller.kind !== 'role' || caller.roleName === undefined) return undefined;
    const { roleName: role } = caller;
    return ({ action, resource }) => {
      const kind = kindOf(resource);
      const key = `${role} ${action} ${kind}`;
      if (told.has(key) || told.size >= mostTold) return;
      told.add(key);
      scope.note({
        source: 'iam',
        kind: 'permission-used',
        text: `${role} used ${action} on ${kind}`,
        data: { role, action, resource: kind },
        lasting: true,
      });
    };
  };
}

/** Objects of a bucket and streams of a log group are as many as there are; each stands for all. */
function kindOf(resource: string): string {
  return resource.replace(/^(arn:[^:]+:s3:::[^/]+\/).+$/, '$1*').replace(/(:log-stream:).+$/, '$1*');
}
