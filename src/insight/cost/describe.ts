/** Lists of a service, all pages of them. */
import type { Model } from '../model/model.ts';

/** EC2's and Auto Scaling's continuation; Elastic Load Balancing's is a marker. */
export async function listOf<Item>(
  model: Model,
  service: string,
  operation: string,
  list: string,
  input: object = {},
): Promise<readonly Item[]> {
  const found: Item[] = [];
  let more: object = {};
  for (;;) {
    const page = await model.invoke<Readonly<Record<string, unknown>>>(service, operation, { ...input, ...more });
    found.push(...((page[list] ?? []) as readonly Item[]));
    if (typeof page.NextToken === 'string' && page.NextToken !== '') more = { NextToken: page.NextToken };
    else if (typeof page.NextMarker === 'string' && page.NextMarker !== '') more = { Marker: page.NextMarker };
    else return found;
  }
}

export function tagOf(
  tags: readonly { readonly Key: string; readonly Value: string }[] | undefined,
  key: string,
): string | undefined {
  return tags?.find((one) => one.Key === key)?.Value;
}
