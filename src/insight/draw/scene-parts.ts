/** All parts of a scene, wherever they are in it. */
import type { Band, Card, NetworkScene, Part, Row, Scene, SubnetScene } from './scene.ts';

export function* eachPart(scene: Scene): Generator<Part> {
  if (scene.users) yield scene.users;
  yield* scene.names;
  for (const { distribution, origins } of scene.sites) yield* [distribution, ...origins];
  for (const network of scene.networks) {
    yield network;
    yield* [...network.gateways, ...network.doors, ...network.reached];
    for (const row of network.rows) yield* partsOfRow(row);
  }
  yield* [...scene.services, ...scene.side, ...scene.notModelled];
}

function* partsOfRow({ subnets, bands, aclsAbove, aclsBelow }: Row): Generator<Part> {
  yield* [...aclsAbove, ...aclsBelow];
  for (const subnet of subnets) {
    if (!subnet) continue;
    yield subnet;
    for (const card of subnet.loose) yield* partsOfCard(card);
  }
  for (const { group, frame, parts, cards } of bands) {
    if (group) yield group;
    if (frame) yield frame;
    yield* parts;
    for (const [, card] of cards) yield* partsOfCard(card);
  }
}

function* partsOfCard({ part, frame }: Card): Generator<Part> {
  if (frame) yield frame;
  yield part;
}

/** The scene with each part made anew. */
export function mapParts(scene: Scene, map: <P extends Part>(part: P) => P): Scene {
  const some = <P extends Part>(parts: readonly P[]): P[] => parts.map((part) => map(part));
  const card = ({ part, frame }: Card): Card => ({ part: map(part), frame: frame && map(frame) });
  const subnet = (one: SubnetScene): SubnetScene => ({ ...map(one), loose: one.loose.map(card) });
  const band = (one: Band): Band => ({
    ...one,
    group: one.group && map(one.group),
    frame: one.frame && map(one.frame),
    parts: some(one.parts),
    cards: one.cards.map(([column, each]) => [column, card(each)] as const),
  });
  const row = (one: Row): Row => ({
    ...one,
    subnets: one.subnets.map((each) => each && subnet(each)),
    bands: one.bands.map(band),
    aclsAbove: some(one.aclsAbove),
    aclsBelow: some(one.aclsBelow),
  });
  const network = (one: NetworkScene): NetworkScene => ({
    ...map(one),
    gateways: some(one.gateways),
    doors: some(one.doors),
    reached: some(one.reached),
    rows: one.rows.map(row),
  });
  return {
    ...scene,
    users: scene.users && map(scene.users),
    names: some(scene.names),
    sites: scene.sites.map(({ distribution, origins }) => ({
      distribution: map(distribution),
      origins: some(origins),
    })),
    networks: scene.networks.map(network),
    services: some(scene.services),
    side: some(scene.side),
    notModelled: some(scene.notModelled),
  };
}
