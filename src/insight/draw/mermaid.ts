/** The picture as text for READMEs: a Mermaid flowchart. https://mermaid.js.org/syntax/flowchart.html */
import type { Card, Link, NetworkScene, Part, Row, Scene, SubnetScene } from './scene.ts';
import { eachPart } from './scene-parts.ts';
import { light } from './theme.ts';

export function mermaidOf(scene: Scene): string {
  const ids = idsOf(scene);
  const id = (key: string) => ids.get(key) ?? 'unknown';
  const node = (part: Part) => `${id(part.key)}["${textOf(part)}"]`;
  const open = (key: string, title: string, inner: readonly string[]) =>
    inner.length === 0 ? [] : [`subgraph ${id(key)}["${escapedText(title)}"]`, ...inner.map(indented), 'end'];

  const cardLines = ({ part, frame }: Card): string[] =>
    frame ? open(frame.key, frame.name, [node(part)]) : [node(part)];
  const subnetLines = (subnet: SubnetScene, row: Row, column: number): string[] => {
    const cards = row.bands.flatMap((band) => band.cards.filter(([at]) => at === column).map(([, card]) => card));
    const inner = [...subnet.loose, ...cards].flatMap(cardLines);
    return open(
      subnet.key,
      `${subnet.title} ${subnet.name}`,
      inner.length > 0 ? inner : [`${id(subnet.key)}_none[" "]`],
    );
  };
  const networkLines = (network: NetworkScene): string[] => {
    const across = network.rows.flatMap(({ bands }) =>
      bands.flatMap(({ kind, frame, parts }) => {
        if (kind === 'machines') return [];
        return frame ? open(frame.key, frame.name, parts.map(node)) : parts.map(node);
      }),
    );
    const zones = network.zones.flatMap((zone, column) =>
      open(
        `${network.key} ${zone}`,
        `Availability Zone ${zone}`,
        network.rows.flatMap((row) => {
          const subnet = row.subnets[column];
          return subnet ? subnetLines(subnet, row, column) : [];
        }),
      ),
    );
    const edge = [...network.gateways, ...network.doors].map(node);
    return [...open(network.key, `VPC ${network.name}`, [...edge, ...across, ...zones]), ...network.reached.map(node)];
  };

  const region = [...scene.networks.flatMap(networkLines), ...[...scene.services, ...scene.side].map(node)];
  const sites = scene.sites.flatMap(({ distribution, origins }) => [distribution, ...origins].map(node));
  const rest = open('not modelled', 'Not modelled', scene.notModelled.map(node));
  const cloud = [...scene.names.map(node), ...sites, ...open('region', `Region ${scene.region}`, [...region, ...rest])];
  const drawn = new Set([...ids.keys()]);
  const links = scene.links.filter(({ from, to }) => drawn.has(from) && drawn.has(to));
  const lines = [
    'flowchart LR',
    ...(scene.users ? [node(scene.users)] : []),
    ...open('cloud', 'AWS Cloud', cloud),
    ...links.map((link) => arrow(link, id)),
    ...marks(scene, id),
  ];
  return `${lines.map((line, index) => (index === 0 ? line : indented(line))).join('\n')}\n`;
}

function indented(line: string): string {
  return `  ${line}`;
}

/** Names of a diagram's own: `end` and others mean something in Mermaid. */
function idsOf(scene: Scene): ReadonlyMap<string, string> {
  const zones = scene.networks.flatMap(({ key, zones: names }) => names.map((zone) => `${key} ${zone}`));
  const keys = [...[...eachPart(scene)].map(({ key }) => key), ...zones, 'cloud', 'region', 'not modelled'];
  const ids = new Map<string, string>();
  const taken = new Set<string>();
  for (const key of keys) {
    if (ids.has(key)) continue;
    const plain = `n_${key.replace(/[^A-Za-z0-9]+/g, '_')}`;
    let id = plain;
    for (let more = 2; taken.has(id); more++) id = `${plain}_${more}`;
    taken.add(id);
    ids.set(key, id);
  }
  return ids;
}

function textOf({ title, name }: Part): string {
  return name === '' ? escapedText(title) : `${escapedText(title)}<br>${escapedText(name)}`;
}

/** Mermaid has entity codes with a number sign for what would end a text, or be taken for HTML or Markdown. */
export function escapedText(text: string): string {
  return text.replace(/[#"<>&`\\\n]/g, (character) => `#${character.codePointAt(0)};`);
}

function arrow({ from, to, reply, both, stopped, badges }: Link, id: (key: string) => string): string {
  const line = both ? '<-->' : stopped ? '--x' : reply ? '-.->' : '-->';
  const numbers = badges.map(({ journey, number }) => `${journey === 'site' ? 'page' : 'API'} ${number}`).join(', ');
  return `${id(from)} ${line}${numbers === '' ? '' : `|"${numbers}"|`} ${id(to)}`;
}

function marks(scene: Scene, id: (key: string) => string): string[] {
  return Object.entries(light.marks).flatMap(([mark, colour]) => {
    const some = [...eachPart(scene)].filter((part) => part.mark === mark);
    if (some.length === 0) return [];
    const dash = mark === 'removed' ? ',stroke-dasharray:6 4' : '';
    const names = [...new Set(some.map(({ key }) => id(key)))].join(',');
    return [`classDef ${mark} stroke:${colour},stroke-width:3px${dash}`, `class ${names} ${mark}`];
  });
}
