/** Two scenes in one: what a change adds, removes, replaces and alters, each marked where it is. */
import type { ResourceChange } from './changes.ts';
import type { Band, Card, Link, Mark, NetworkScene, Part, Row, Scene, SubnetScene } from './scene.ts';
import { eachPart, mapParts } from './scene-parts.ts';

export function compared(before: Scene, after: Scene, changes: readonly ResourceChange[]): Scene {
  const [was, is] = [keysOf(before), keysOf(after)];
  const covers = new Map<string, readonly string[]>();
  for (const { key, covers: some } of eachPart(before)) covers.set(key, some);
  const byId = new Map(changes.map((change) => [change.logicalId, change.mark]));
  const marked = <P extends Part>(part: P): P => {
    const all = [...new Set([...part.covers, ...(covers.get(part.key) ?? [])])];
    return { ...part, covers: all, mark: markOf(part, all, was, is, byId) };
  };
  return { ...mapParts(union(before, after), marked), compared: true };
}

function keysOf(scene: Scene): ReadonlySet<string> {
  return new Set([...eachPart(scene)].map(({ key }) => key));
}

function markOf(
  { key, covers: [own] }: Part,
  covers: readonly string[],
  was: ReadonlySet<string>,
  is: ReadonlySet<string>,
  byId: ReadonlyMap<string, Mark>,
): Mark | undefined {
  if (!was.has(key)) return 'added';
  if (!is.has(key)) return 'removed';
  if (own !== undefined && byId.get(own) === 'replaced') return 'replaced';
  // Of a detail of it that came, went or is another: it is not the same as before.
  return covers.some((id) => byId.has(id)) ? 'changed' : undefined;
}

function union(before: Scene, after: Scene): Scene {
  return {
    ...after,
    users: after.users ?? before.users,
    names: both(before.names, after.names),
    sites: merged(
      before.sites,
      after.sites,
      ({ distribution }) => distribution.key,
      (old, one) => ({
        distribution: one.distribution,
        origins: both(old.origins, one.origins),
      }),
    ),
    networks: merged(before.networks, after.networks, ({ key }) => key, unitedNetworks),
    services: both(before.services, after.services),
    side: both(before.side, after.side),
    notModelled: both(before.notModelled, after.notModelled),
    links: unitedLinks(before.links, after.links),
  };
}

function both<P extends Part>(before: readonly P[], after: readonly P[]): P[] {
  return merged(
    before,
    after,
    ({ key }) => key,
    (_, one) => one,
  );
}

/** In the new order; what is only old comes after what it came after. */
function merged<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (one: T) => string,
  unite: (old: T, one: T) => T,
): T[] {
  const old = new Map(before.map((one) => [keyOf(one), one]));
  const found = after.map((one) => {
    const known = old.get(keyOf(one));
    return known === undefined ? one : unite(known, one);
  });
  let at = 0;
  for (const one of before) {
    const index = found.findIndex((other) => keyOf(other) === keyOf(one));
    if (index >= 0) at = index + 1;
    else found.splice(at++, 0, one);
  }
  return found;
}

function unitedNetworks(before: NetworkScene, after: NetworkScene): NetworkScene {
  const zones = [...new Set([...before.zones, ...after.zones])].sort();
  const [old, one] = [spread(before, zones), spread(after, zones)];
  return {
    ...after,
    zones,
    gateways: both(before.gateways, after.gateways),
    doors: both(before.doors, after.doors),
    reached: both(before.reached, after.reached),
    rows: unitedRows(old.rows, one.rows),
  };
}

/** Its columns among more zones. */
function spread(network: NetworkScene, zones: readonly string[]): NetworkScene {
  const to = network.zones.map((zone) => zones.indexOf(zone));
  const column = (from: number) => to[from] ?? from;
  const columns = (some: readonly number[]) => some.map(column);
  const rows = network.rows.map((row): Row => {
    const subnets: (SubnetScene | undefined)[] = zones.map(() => undefined);
    for (const [from, subnet] of row.subnets.entries()) subnets[column(from)] = subnet;
    const strips = (some: Row['aclsAbove']) => some.map((acl) => ({ ...acl, columns: columns(acl.columns) }));
    const bands = row.bands.map(
      (band): Band => ({
        ...band,
        columns: columns(band.columns),
        cards: band.cards.map(([from, card]) => [column(from), card] as const),
      }),
    );
    return { ...row, subnets, bands, aclsAbove: strips(row.aclsAbove), aclsBelow: strips(row.aclsBelow) };
  });
  return { ...network, zones, rows };
}

/** Rows of a tier by their order; a subnet that is gone from where another is now gets a row of its own. */
function unitedRows(before: readonly Row[], after: readonly Row[]): Row[] {
  return (['public', 'private'] as const).flatMap((tier) => {
    const [old, one] = [before, after].map((rows) => rows.filter((row) => row.tier === tier));
    const found: Row[] = [];
    const gone: (SubnetScene | undefined)[][] = [];
    for (let index = 0; index < Math.max(old?.length ?? 0, one?.length ?? 0); index++) {
      const [was, is] = [old?.[index], one?.[index]];
      if (!was || !is) {
        found.push(...[was ?? is].flatMap((row) => row ?? []));
        continue;
      }
      const lost = was.subnets.map((subnet, column) =>
        subnet && is.subnets[column] && is.subnets[column]?.key !== subnet.key ? subnet : undefined,
      );
      if (lost.some((subnet) => subnet)) gone.push(lost);
      found.push(unitedRow(was, is));
    }
    const empty = { tier, bands: [], aclsAbove: [], aclsBelow: [] };
    return [...found, ...gone.map((subnets): Row => ({ ...empty, subnets }))];
  });
}

function unitedRow(was: Row, is: Row): Row {
  return {
    tier: is.tier,
    subnets: is.subnets.map((subnet, column) => {
      const old = was.subnets[column];
      return subnet && old?.key === subnet.key
        ? { ...subnet, loose: unitedCards(old.loose, subnet.loose) }
        : (subnet ?? old);
    }),
    bands: merged(was.bands, is.bands, ({ key }) => key, unitedBands),
    aclsAbove: both(was.aclsAbove, is.aclsAbove),
    aclsBelow: both(was.aclsBelow, is.aclsBelow),
  };
}

function unitedCards(was: readonly Card[], is: readonly Card[]): Card[] {
  return merged(
    was,
    is,
    ({ part }) => part.key,
    (_, one) => one,
  );
}

function unitedBands(was: Band, is: Band): Band {
  const cards = merged(
    was.cards,
    is.cards,
    ([, { part }]) => part.key,
    (_, one) => one,
  );
  const columns = [...new Set([...was.columns, ...is.columns])].sort((a, b) => a - b);
  return { ...is, columns, parts: both(was.parts, is.parts), cards };
}

function unitedLinks(before: readonly Link[], after: readonly Link[]): Link[] {
  const keyOf = ({ from, to, reply }: Link) => `${from} ${to} ${reply === true}`;
  const [was, is] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))];
  const fresh = after.map((link): Link => (was.has(keyOf(link)) ? link : { ...link, mark: 'added' }));
  const gone = before.filter((link) => !is.has(keyOf(link)));
  return [...fresh, ...gone.map((link): Link => ({ ...link, badges: [], mark: 'removed' }))];
}
