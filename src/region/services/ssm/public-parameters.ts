/** The parameters that AWS publishes: ids of the latest Amazon Linux images, as EC2's catalogue has them. */
import { publicImages } from '../ec2/image.ts';
import type { ParameterRecord } from './state.ts';

const memo = new Map<string, ReadonlyMap<string, ParameterRecord>>();

export function publicParameters(region: string): ReadonlyMap<string, ParameterRecord> {
  let known = memo.get(region);
  if (!known) {
    known = new Map(
      publicImages(region).flatMap(({ imageId, created, parameters }) =>
        parameters.map((name): [string, ParameterRecord] => [
          name,
          {
            name,
            tags: [],
            versions: [
              {
                version: 1,
                type: 'String',
                value: imageId,
                dataType: 'text',
                tier: 'Standard',
                modifiedMs: Date.parse(created),
                modifiedBy: 'amazon',
              },
            ],
          },
        ]),
      ),
    );
    memo.set(region, known);
  }
  return known;
}
