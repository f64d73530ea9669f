import type { NotModelled } from '../../region/template.ts';

export const assumedHeading = 'Assumed, and what is said holds if it is so:';

/** `VpcId (line 2): it has no value: …` */
export function assumedText({ logicalId, line, what }: NotModelled): string {
  return `${logicalId}${line === undefined ? '' : ` (line ${line})`}: ${what}`;
}
