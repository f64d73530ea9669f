/** Whether a zone can start an instance now: what EC2 says when it cannot. */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html#troubleshooting-launch-capacity */
export function needCapacity({ machines, zones }: Scope, instanceType: string, zone: string): void {
  const has = (one: string) => machines.hasCapacity?.(one) ?? true;
  if (has(zone)) return;
  const others = zones.filter(has);
  const elsewhere =
    others.length === 0
      ? ''
      : ` You can currently get ${instanceType} capacity by not specifying an Availability Zone in your request or choosing ${others.join(', ')}.`;
  throw new Fault(
    'InsufficientInstanceCapacity',
    `We currently do not have sufficient ${instanceType} capacity in the Availability Zone you requested (${zone}). Our system will be working on provisioning additional capacity.${elsewhere}`,
    { status: 500 },
  );
}
