/** The services that the region has. Adding one is a folder and a line here. */
import { ec2 } from './ec2/index.ts';
import { s3 } from './s3/index.ts';
import type { Service } from './service.ts';

export function allServices(): readonly Service[] {
  return [ec2, s3];
}
