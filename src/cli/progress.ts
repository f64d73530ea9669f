/** A stack as it comes about: a line for each resource that is done, and under them what is under way. */
import type { StackEvent } from '@aws-sdk/client-cloudformation';
import { line, paint, passing } from './print.ts';

export interface Progress {
  event(event: StackEvent): void;
}

const mostNames = 4;

export function stackProgress(stackName: string): Progress {
  const underWay = new Map<string, number>();
  let done = 0;

  function showUnderWay(): void {
    if (underWay.size === 0) return;
    const names = [...underWay.keys()].slice(0, mostNames).join(', ');
    const more = underWay.size > mostNames ? ` and ${underWay.size - mostNames} more` : '';
    passing(`  ${done} done; under way: ${names}${more}`);
  }

  return {
    event(event) {
      const { LogicalResourceId: id = '', ResourceStatus, ResourceStatusReason: reason, Timestamp } = event;
      const status: string = ResourceStatus ?? '';
      const atMs = Timestamp?.getTime() ?? 0;
      if (status.endsWith('_IN_PROGRESS')) {
        if (!underWay.has(id)) underWay.set(id, atMs);
        // What a boot or a rollback says on its way is news; that a creation was initiated is not.
        if (reason && !/initiated|^User Initiated|^Received SUCCESS/i.test(reason))
          line(`  ${paint.yellow('…')} ${id}: ${reason}`);
        else if (id === stackName && status.includes('ROLLBACK')) line(`  ${paint.red('✗')} rolling back`);
      } else if (id !== stackName) {
        const seconds = ((atMs - (underWay.get(id) ?? atMs)) / 1000).toFixed(1);
        underWay.delete(id);
        done++;
        line(
          `  ${mark(status)} ${id.padEnd(28)} ${paint.dim(`${seconds.padStart(5)} s  ${event.ResourceType ?? ''}`)}${reason ? `  ${reason}` : ''}`,
        );
      }
      showUnderWay();
    },
  };
}

function mark(status: string): string {
  if (status.endsWith('_FAILED')) return paint.red('✗');
  if (status.startsWith('DELETE')) return paint.dim('−');
  return status.startsWith('UPDATE') ? paint.yellow('~') : paint.green('✓');
}
