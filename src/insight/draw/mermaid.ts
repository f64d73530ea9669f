/** The picture as text for READMEs: a Mermaid flowchart. https://mermaid.js.org/syntax/flowchart.html */
import { arrowLines, classLines, type MermaidClass } from './mermaid-style.ts';
import { escapedText, fittedName } from './mermaid-text.ts';
import type { Band, Card, Link, NetworkScene, Part, Row, Scene } from './scene.ts';
import { markSigns } from './theme.ts';

type Named = Pick<Part, 'key' | 'title' | 'name' | 'mark' | 'faded'>;

export function mermaidOf(scene: Scene): string {
  const chart = new Chart();
  const cloud = cloudLines(scene, chart);
  const lines = [
    ...(scene.users ? [chart.node(scene.users)] : []),
    ...(cloud.length > 0 ? chart.container({ key: 'cloud', title: 'AWS Cloud', name: '' }, 'cloud', cloud) : []),
  ];
  const links = scene.links.filter(({ from, to }) => chart.has(from) && chart.has(to));
  const all = [
    ...lines,
    ...links.map((link) => arrow(link, chart)),
    ...classLines(chart.classes),
    ...arrowLines(links),
  ];
  return `flowchart TB\n${all.map((line) => `${indented(line)}\n`).join('')}`;
}

/** Nodes and containers, each with an id and the classes that it is of. */
class Chart {
  readonly classes = new Map<MermaidClass, string[]>();
  readonly #ids = new Map<string, string>();
  readonly #taken = new Set<string>();

  has(key: string): boolean {
    return this.#ids.has(key);
  }

  /** A name of the diagram's own: `end` and others mean something in Mermaid. */
  id(key: string): string {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const plain = `n_${key.replace(/[^A-Za-z0-9]+/g, '_')}`;
    let id = plain;
    for (let more = 2; this.#taken.has(id); more++) id = `${plain}_${more}`;
    this.#taken.add(id);
    this.#ids.set(key, id);
    return id;
  }

  node(part: Named): string {
    return `${this.#classed(part)}["${linesOf(part).join('<br>')}"]`;
  }

  /** One in which nothing is, is a node: Mermaid has no empty subgraphs. */
  container(part: Named, kind: MermaidClass, inner: readonly string[], direction?: 'LR'): string[] {
    const id = this.#classed(part, kind);
    if (inner.length === 0) return [`${id}["${linesOf(part).join('<br>')}"]`];
    const heading = headingOf(part);
    const body = direction === undefined ? inner : [`direction ${direction}`, ...inner];
    return [`subgraph ${id}["${heading === '' ? ' ' : heading}"]`, ...body.map(indented), 'end'];
  }

  #classed({ key, mark, faded }: Named, kind?: MermaidClass): string {
    const id = this.id(key);
    for (const name of [kind, faded ? ('faded' as const) : undefined, mark]) {
      if (name === undefined) continue;
      const some = this.classes.get(name) ?? [];
      if (!some.includes(id)) this.classes.set(name, [...some, id]);
    }
    return id;
  }
}

function linesOf({ title, name, mark }: Named): string[] {
  const texts = [title, fittedName(name), mark === undefined ? '' : `(${mark})`];
  return texts.filter((text) => text !== '').map(escapedText);
}

/** A title is one line, and may not be wider than what it is in. */
function headingOf({ title, name, mark }: Named): string {
  const texts = [mark === undefined ? '' : markSigns[mark], title, fittedName(name)];
  return texts
    .filter((text) => text !== '')
    .map(escapedText)
    .join(' ');
}

function indented(line: string): string {
  return `  ${line}`;
}

function cloudLines(scene: Scene, chart: Chart): string[] {
  const sites = scene.sites.flatMap(({ distribution, origins }) => [distribution, ...origins]);
  const nodes = [...scene.names, ...sites].map((part) => chart.node(part));
  const networks = scene.networks.flatMap((network) => networkLines(network, chart));
  const beside = [...scene.services, ...scene.side].map((part) => chart.node(part));
  const unknown = scene.notModelled.map((part) => chart.node(part));
  const region = [
    ...networks,
    // Below each other: nothing leads to them, and a row of them would be as wide as it is long.
    ...(beside.length > 0 ? chart.container({ key: 'beside', title: '', name: '' }, 'unframed', beside, 'LR') : []),
    ...(unknown.length > 0
      ? chart.container(
          { key: 'not modelled', title: 'Not modelled, or not made', name: '' },
          'notModelled',
          unknown,
          'LR',
        )
      : []),
  ];
  const name = `Region ${scene.region}`;
  return [
    ...nodes,
    ...(region.length > 0 ? chart.container({ key: 'region', title: name, name: '' }, 'region', region) : []),
  ];
}

function networkLines(network: NetworkScene, chart: Chart): string[] {
  const edge = [...network.gateways, ...network.doors].map((part) => chart.node(part));
  const across = network.rows.flatMap(({ bands }) => bands.flatMap((band) => acrossLines(band, chart)));
  const zones = network.zones.flatMap((zone, column) => {
    const subnets = network.rows.flatMap((row) => subnetLines(row, column, chart));
    const part = { key: `${network.key} ${zone}`, title: 'Availability Zone', name: zone };
    return subnets.length > 0 ? chart.container(part, 'zone', subnets) : [];
  });
  const inner = [...edge, ...across, ...zones];
  return [...chart.container(network, 'vpc', inner), ...network.reached.map((part) => chart.node(part))];
}

/** What lies across zones is in none of them. */
function acrossLines({ kind, frame, parts }: Band, chart: Chart): string[] {
  if (kind === 'machines') return [];
  const nodes = parts.map((part) =>
    chart.node(kind === 'endpoints' ? { ...part, title: `Interface endpoint: ${part.title}` } : part),
  );
  return frame ? framed(frame, nodes, chart) : nodes;
}

/** A subnet in its network ACL, if that is the template's. */
function subnetLines(row: Row, column: number, chart: Chart): string[] {
  const subnet = row.subnets[column];
  if (!subnet) return [];
  const loose = subnet.loose.flatMap((card) => cardLines(card, chart));
  const machines = row.bands.flatMap((band) => machineLines(band, column, chart));
  const lines = chart.container(subnet, row.tier, [...loose, ...machines]);
  const acls = [...row.aclsAbove, ...row.aclsBelow].filter(({ columns }) => columns.includes(column));
  return acls.reduce((inner, acl) => chart.container(inZone(acl, column, acl.columns), 'acl', inner), lines);
}

/** In each zone it is another box; the first has the key that arrows and marks know. */
function inZone<P extends Named>(part: P, column: number, columns: readonly number[]): P {
  return columns[0] === column ? part : { ...part, key: `${part.key} ${column}` };
}

function machineLines({ kind, group, cards, columns }: Band, column: number, chart: Chart): string[] {
  if (kind !== 'machines') return [];
  const inner = cards.flatMap(([at, card]) => (at === column ? cardLines(card, chart) : []));
  if (!group || inner.length === 0) return inner;
  const named = { ...group, name: group.covers[0] ?? group.name };
  return chart.container(inZone(named, column, columns), 'group', inner);
}

function cardLines({ part, frame }: Card, chart: Chart): string[] {
  const node = chart.node(part);
  return frame ? framed(frame, [node], chart) : [node];
}

/** Security groups: their border says what they are. */
function framed(frame: Part, inner: readonly string[], chart: Chart): string[] {
  return chart.container({ ...frame, title: '' }, 'securityGroup', inner);
}

function arrow({ from, to, reply, both, stopped, badges }: Link, chart: Chart): string {
  const line = both ? '<-->' : stopped ? '--x' : reply ? '-.->' : '-->';
  const numbers = badges.map(({ journey, number }) => `${journey === 'site' ? 'page' : 'API'} ${number}`).join(', ');
  return `${chart.id(from)} ${line}${numbers === '' ? '' : `|"${numbers}"|`} ${chart.id(to)}`;
}
