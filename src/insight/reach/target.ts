/** Where a name leads: a service to whoever has a private DNS name for it, and to its public addresses for all others. */
import type { World } from '../../region/network/world.ts';
import type { Books } from './books.ts';
import type { End } from './flow.ts';
import { endsOf, type Place } from './place.ts';

/** The ends of a place as they are found from there. */
export function targetsOf(books: Books, from: End, place: Place): readonly End[] {
  if (place.services.length === 0) return place.ends;
  return place.services.flatMap((serviceName) => {
    const interfaceIds = privateInterfaces(books.world, from, serviceName);
    if (interfaceIds.length > 0) return endsOf(books.positions, ({ id }) => interfaceIds.includes(id));
    return books.positions.outside.filter((end) => end.serviceName === serviceName);
  });
}

/** Also what is found by no name, but could be spoken to by its address. */
export function everyTarget(books: Books, place: Place): readonly End[] {
  if (place.services.length === 0) return place.ends;
  const all = [...books.world.interfaceEndpoints.values()].filter((one) => place.services.includes(one.serviceName));
  const interfaceIds = all.flatMap((endpoint) => endpoint.interfaceIds);
  return [...endsOf(books.positions, ({ id }) => interfaceIds.includes(id)), ...place.ends];
}

function privateInterfaces({ interfaceEndpoints }: World, from: End, serviceName: string): readonly string[] {
  const vpcId = from.kind === 'interfaces' ? from.members[0]?.subnet.vpcId : undefined;
  for (const endpoint of interfaceEndpoints.values()) {
    const named = endpoint.privateDns && endpoint.available;
    if (named && endpoint.serviceName === serviceName && endpoint.vpcId === vpcId) return endpoint.interfaceIds;
  }
  return [];
}
