/** From a model to what its picture shows. */
import type { Model } from '../model/model.ts';
import { bucketPart, edgeScene } from './edge-scene.ts';
import { type Facts, factsOf } from './facts.ts';
import { type ApiParts, apiJourney, type Placed, siteJourney } from './journeys.ts';
import { linkList } from './links.ts';
import { machinesOf, type PlacedMachine, reachedBy, trafficLinks } from './network-links.ts';
import { networkScene } from './network-scene.ts';
import { notesOf } from './notes.ts';
import { ownersOf } from './owners.ts';
import { referencesOf } from './references.ts';
import type { Journey, NetworkScene, Part, Scene } from './scene.ts';
import { eachPart, mapParts } from './scene-parts.ts';
import { notModelledParts, otherParts, sideParts } from './side-scene.ts';

const usersKey = 'users';

export async function sceneOf(model: Model, title: string): Promise<Scene> {
  const facts = await factsOf(model);
  const edge = edgeScene(facts);
  const origins = new Set(edge.sites.flatMap((site) => site.origins.map(({ key }) => key)));
  const vpcs = [...model.world.vpcs.values()].filter(({ id }) => model.logicalIdOf(id) !== undefined);
  const shownBehind = new Set(origins);
  const links = linkList();
  const placed: Placed = { facts, edge, users: usersKey, links };
  const networks: NetworkScene[] = [];
  const machines: PlacedMachine[] = [];
  for (const vpc of vpcs) {
    const network = networkScene(vpc, facts);
    const reached = reachedBy(network, facts, shownBehind);
    for (const { part } of reached) shownBehind.add(part.key);
    const found = { ...network, reached: reached.filter(({ fresh }) => fresh).map(({ part }) => part) };
    networks.push(found);
    machines.push(...machinesOf(found, facts));
  }
  const journeys = journeysOf(placed, networks, machines);
  for (const network of networks) trafficLinks(network, machines, placed);
  const services = [...model.resources.values()]
    .filter(({ type, modelled, logicalId }) => type === 'AWS::S3::Bucket' && modelled && !shownBehind.has(logicalId))
    .map(({ logicalId }) => bucketPart(logicalId));
  const asked = links.all().some(({ from }) => from === usersKey);
  const scene: Scene = {
    title,
    region: model.region,
    users: asked ? { key: usersKey, icon: 'users', title: 'Users', name: '', covers: [] } : undefined,
    names: edge.names,
    sites: edge.sites,
    networks,
    services,
    side: [],
    notModelled: notModelledParts(model),
    links: [],
    journeys,
    notes: [],
    compared: false,
  };
  return withSide(scene, model, links.all(), notesOf({ scene, edge, journeys, assumed: drawnFor(model) }));
}

/** Parameters for which parts of networks are drawn. */
function drawnFor({ assumed }: Model): readonly string[] {
  return assumed.filter(({ type }) => /::(VPC|Subnet|SecurityGroup)::/.test(type)).map(({ logicalId }) => logicalId);
}

/** What no shape stands for yet is named beside the network, or counts to the shape that it is a detail of. */
function withSide(scene: Scene, model: Model, links: Scene['links'], notes: readonly string[]): Scene {
  const shown = new Set([...eachPart(scene)].flatMap(({ covers }) => covers));
  const references = referencesOf(model);
  const left = () => new Set([...model.resources.keys()].filter((id) => !shown.has(id) && !owners.has(id)));
  let owners = ownersOf(model, references, shown);
  const listed = sideParts(model, left());
  for (const part of listed) for (const id of part.covers) shown.add(id);
  // Once more: an instance profile is a detail of the role that stands there now.
  owners = ownersOf(model, references, shown);
  const side = [...listed, ...otherParts(model, left())];
  const covered = new Map<string, string[]>();
  for (const [detail, some] of owners) for (const id of some) covered.set(id, [...(covered.get(id) ?? []), detail]);
  const withDetails = <P extends Part>(part: P): P => ({
    ...part,
    covers: [...new Set(part.covers.flatMap((id) => [id, ...(covered.get(id) ?? [])]))],
  });
  return mapParts({ ...scene, side, links: [...links, ...alarmLinks(side)], notes }, withDetails);
}

function alarmLinks(side: readonly Part[]): Scene['links'][number][] {
  const has = (key: string) => side.some((part) => part.key === key);
  const chain = ['side Alarm', 'side SNS topic', 'side Subscriber'].filter(has);
  return chain.slice(1).flatMap((to, index) => {
    const from = chain[index];
    if (from === undefined || (from === 'side Alarm' && to !== 'side SNS topic')) return [];
    return [{ from, to, kind: 'plain' as const, badges: [], text: 'Notifies' }];
  });
}

function journeysOf(placed: Placed, networks: readonly NetworkScene[], machines: readonly PlacedMachine[]): Journey[] {
  const { edge, facts, links } = placed;
  const journeys: Journey[] = [];
  for (const site of edge.sites) {
    const first = journeys.length === 0 ? siteJourney(placed, site) : undefined;
    if (first) journeys.push(first);
    else links.add({ from: usersKey, to: site.distribution.key, kind: 'plain', both: true, text: 'HTTPS' });
    for (const { key } of site.origins) {
      const known = links.all().some(({ from, to }) => from === site.distribution.key && to === key);
      if (!known) links.add({ from: site.distribution.key, to: key, kind: 'plain', both: true, text: 'Origin' });
    }
  }
  for (const balancer of facts.balancers) {
    const network = networks.find(({ rows }) =>
      rows.some(({ bands }) => bands.some(({ parts }) => parts.some(({ key }) => key === balancer.logicalId))),
    );
    const gateway = network?.gateways.find(({ title }) => title === 'Internet gateway');
    if (!network || !gateway || !balancer.internetFacing) continue;
    // Nobody answers where there is no listener.
    if (balancer.listeners.length === 0 || journeys.some(({ name }) => name === 'api')) {
      links.add({ from: usersKey, to: gateway.key, kind: 'plain', both: true, text: 'Requests' });
      links.add({ from: gateway.key, to: balancer.logicalId, kind: 'plain', both: true, text: 'Requests' });
      continue;
    }
    journeys.push(
      apiJourney(placed, { balancer, gateway: gateway.key, ...behind(balancer, network, machines, facts) }),
    );
  }
  return journeys;
}

function behind(
  { logicalId }: Facts['balancers'][number],
  network: NetworkScene,
  machines: readonly PlacedMachine[],
  facts: Facts,
): Pick<ApiParts, 'machine' | 'doors'> {
  const machine = machines.find((one) => one.balancers.includes(logicalId) && one.running);
  if (!machine) return { machine: undefined, doors: [] };
  const able = reachedBy(network, facts, new Set()).filter(
    ({ tables }) => tables === undefined || tables.includes(machine.routeTableId),
  );
  const doors = able
    .filter(({ at }, index) => able.findIndex((one) => one.at === at) === index)
    .map(({ at, gateway, name }) => {
      return { at, gateway, name, behind: able.filter((one) => one.at === at).map(({ part }) => part) };
    });
  return { machine: { key: machine.key, frame: machine.frame, instanceId: machine.instanceId }, doors };
}
