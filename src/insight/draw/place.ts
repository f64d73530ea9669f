/**
 * The whole picture: users and names at the left, distributions above, the region with its networks, small parts beside
 * them. Everything has its place by what it is, so that little moves when little changes.
 */
import type { Layout, Rect } from './layout.ts';
import { placePanel } from './panel.ts';
import { besideGap } from './place-band.ts';
import { placeNetwork, servicePitch } from './place-network.ts';
import { routes } from './route.ts';
import type { Part, Scene } from './scene.ts';
import { addBox, addShape, below, emptySheet, iconSize, labelAt, type Sheet, smallIcon, up } from './sheet.ts';

const margin = 24;
const titleHeight = 48;
/** Of the whole picture. */
const narrowest = 640;
const cell = 120;
const sidePitch = 64;
const sideWidth = 216;

export function layoutOf(scene: Scene): Layout {
  const sheet = emptySheet();
  for (const { from, to } of scene.links) {
    const key = `behind ${to}`;
    if (!sheet.ends.has(key)) sheet.ends.set(key, from);
  }
  const top = margin + titleHeight;
  const cloudLeft = scene.users ? margin + cell + 16 : margin;
  const regionLeft = cloudLeft + 24 + (scene.names.length > 0 ? cell : toNetwork(scene) ? 64 : 0);
  // Boxes come before what lies in them; their sizes are known at the end.
  const inside = emptySheet();
  for (const [from, to] of sheet.ends) inside.ends.set(from, to);
  const sitesBottom = placeSites(inside, scene, regionLeft, top + 48);
  const regionTop = scene.sites.length > 0 ? sitesBottom + 16 : top + 48;
  const region = placeRegion(inside, scene, regionLeft, regionTop);
  const namesBottom = placeNames(inside, scene, cloudLeft, regionTop);
  const regionBottom = Math.max(region.bottom, namesBottom);
  const right = Math.max(region.right, sitesRight(inside));
  const cloud: Rect = { x: cloudLeft, y: top, w: right + 24 - cloudLeft, h: regionBottom + 24 - top };
  addBox(
    sheet,
    'cloud',
    undefined,
    cloud,
    { key: 'cloud', title: 'AWS Cloud', name: '', covers: [] },
    header(cloud, 'AWS Cloud'),
  );
  const regionRect: Rect = { x: regionLeft, y: regionTop, w: right - regionLeft, h: regionBottom - regionTop };
  addBox(
    sheet,
    'region',
    'cloud',
    regionRect,
    { key: 'region', title: 'Region', name: scene.region, covers: [] },
    header(regionRect, `Region  ${scene.region}`),
  );
  if (scene.users) placeUsers(inside, scene.users, scene, region.gatewayY, regionTop);
  sheet.boxes.push(...inside.boxes);
  sheet.shapes.push(...inside.shapes);
  for (const [from, to] of inside.ends) sheet.ends.set(from, to);
  const width = Math.max(cloud.x + cloud.w + margin, narrowest);
  const panel = placePanel(scene, { x: margin, y: up(cloud.y + cloud.h + margin), w: width - 2 * margin });
  return {
    width,
    height: up(panel.bottom + margin),
    title: labelAt({ x: margin, y: margin, width: width - 2 * margin }, [[scene.title, 'heading']]),
    description: descriptionOf(scene),
    boxes: sheet.boxes,
    shapes: sheet.shapes,
    paths: routes(scene.links, sheet, { width, height: cloud.y + cloud.h + margin }),
    panel: panel.columns,
  };
}

function header(rect: Rect, text: string): ReturnType<typeof labelAt> {
  return labelAt({ x: rect.x + 40, y: rect.y + 8, width: rect.w - 48 }, [[text, 'group']]);
}

/** A row for each distribution: it, and to its right what it reads. */
function placeSites(sheet: Sheet, scene: Scene, left: number, top: number): number {
  const { sites } = scene;
  // Arrows to a network leave below: what is said of it is above.
  const above = toNetwork(scene);
  for (const [index, { distribution, origins }] of sites.entries()) {
    const y = top + index * 112;
    const first = left + 104;
    for (const [at, part] of [distribution, ...origins].entries()) {
      const middle = first + at * 240;
      const icon = { x: middle - 24, y: above ? y + 40 : y, w: iconSize, h: iconSize };
      addShape(sheet, 'cloud', icon, part, below(part, middle, above ? y : y + 52, 200));
    }
  }
  return top + sites.length * 112 - 8;
}

/** Whether a distribution reads from a balancer. */
function toNetwork({ sites, networks, links }: Scene): boolean {
  const gateways = networks.flatMap((network) => network.gateways.map(({ key }) => key));
  return links.some(({ from, to }) => gateways.includes(to) && sites.some((site) => site.distribution.key === from));
}

function sitesRight({ shapes }: Sheet): number {
  const cloudShapes = shapes.filter(({ parent }) => parent === 'cloud');
  return up(Math.max(0, ...cloudShapes.map(({ x, label }) => Math.max(x + iconSize, label.x + label.w) + 16)));
}

function placeNames(sheet: Sheet, { names, users }: Scene, left: number, top: number): number {
  for (const [index, part] of names.entries()) {
    const middle = left + 24 + cell / 2 - 4;
    const y = top + (users ? 16 : 0) + index * 104;
    addShape(sheet, 'cloud', { x: middle - 24, y, w: iconSize, h: iconSize }, part, below(part, middle, y + 52, 112));
  }
  return top + 16 + names.length * 104;
}

/** Beside Route 53 where there is one: their other arrows leave above and below. */
function placeUsers(sheet: Sheet, users: Part, scene: Scene, gatewayY: number | undefined, regionTop: number): void {
  const middle = margin + 80;
  const first = scene.sites[0]?.distribution.key;
  const distribution = sheet.shapes.find(({ key }) => key === first);
  const y = scene.names.length > 0 ? regionTop + 16 : (distribution?.y ?? (gatewayY ?? regionTop + 104) - 24);
  const label = labelAt({ x: margin, y: y + 16, width: 52 }, [[users.title, 'title']]);
  addShape(sheet, undefined, { x: middle - 24, y, w: iconSize, h: iconSize }, users, label);
}

function placeRegion(
  sheet: Sheet,
  scene: Scene,
  left: number,
  top: number,
): { right: number; bottom: number; gatewayY: number | undefined } {
  const { networks, services, side, names } = scene;
  const inset = networks.some(({ gateways }) => gateways.length > 0) ? 64 : 24;
  // Arrows from users to the gateway pass below the names.
  let y = top + 56 + Math.max(0, names.length - 2) * 104;
  const networksTop = y;
  let right = left + inset;
  let gatewayY: number | undefined;
  let next = { x: left + 80, y };
  for (const network of networks) {
    const place = placeNetwork(sheet, network, 'region', left + inset, y);
    gatewayY ??= place.gatewayY;
    right = Math.max(right, place.right);
    next = place.nextService;
    y = place.bottom + 16;
  }
  const rowEnd = Math.max(right - 56, next.x + 5 * servicePitch);
  let middle = next.x;
  let serviceTop = next.y;
  for (const part of services) {
    if (middle > rowEnd) [middle, serviceTop] = [left + 80, y];
    const icon = { x: middle - 24, y: serviceTop, w: iconSize, h: iconSize };
    addShape(sheet, 'region', icon, part, below(part, middle, serviceTop + 52, 128));
    right = Math.max(right, middle + 56);
    y = Math.max(y, serviceTop + 120);
    middle += servicePitch;
  }
  let bottom = y;
  if (side.length > 0) {
    placeSide(sheet, side, right + 24, networksTop);
    right += 24 + sideWidth;
    bottom = Math.max(bottom, networksTop + side.length * sidePitch);
  }
  const columns = Math.min(3, Math.ceil(scene.notModelled.length / 4));
  right = Math.max(right + 24, left + 64 + columns * (plainWidth + 16), narrowest - 2 * margin);
  return {
    right,
    bottom: placeNotModelled(sheet, scene.notModelled, { x: left + 24, y: bottom, w: right - left - 48 }),
    gatewayY,
  };
}

function placeSide(sheet: Sheet, side: readonly Part[], x: number, top: number): void {
  for (const [index, part] of side.entries()) {
    const y = top + index * sidePitch;
    const icon = { x, y, w: smallIcon, h: smallIcon };
    const label = labelAt({ x: x + smallIcon + 8, y: y - 2, width: sideWidth - smallIcon - 12 }, [
      [part.title, 'title'],
      [part.name, 'name', 2],
    ]);
    addShape(sheet, 'region', icon, part, label);
  }
}

const plainWidth = 264;
const plainHeight = 48;

function placeNotModelled(sheet: Sheet, parts: readonly Part[], space: Omit<Rect, 'h'>): number {
  if (parts.length === 0) return space.y;
  const perRow = Math.max(1, Math.floor((space.w - 16) / (plainWidth + 16)));
  const rows = Math.ceil(parts.length / perRow);
  const rect = { ...space, h: 40 + rows * (plainHeight + 16) };
  const key = 'not modelled';
  const text = 'Not modelled, or not made';
  const label = labelAt({ x: rect.x + 16, y: rect.y + 12, width: rect.w - 32 }, [[text, 'group']]);
  addBox(sheet, 'notModelled', 'region', rect, { key, title: 'Not modelled', name: '', covers: [] }, label);
  for (const [index, part] of parts.entries()) {
    const x = rect.x + 16 + (index % perRow) * (plainWidth + 16);
    const y = rect.y + 40 + Math.floor(index / perRow) * (plainHeight + 16);
    const boxed = part.icon === 'plain';
    const indent = boxed ? 8 : 8 + smallIcon + besideGap;
    const inner = labelAt({ x: x + indent, y: y + 8, width: plainWidth - indent - 8 }, [
      [part.name, 'title'],
      // An icon says of which service it is.
      [boxed ? part.title : part.title.replace(/^.*::/, ''), 'name'],
    ]);
    const shape = boxed ? { x, y, w: plainWidth, h: plainHeight } : { x: x + 8, y: y + 8, w: smallIcon, h: smallIcon };
    addShape(sheet, key, shape, part, inner);
  }
  return rect.y + rect.h + 24;
}

function descriptionOf({ networks, sites, names, side, notModelled }: Scene): string {
  const zones = networks.map((network) => `${network.name} with ${network.zones.length} Availability Zones`);
  const parts = [
    sites.length > 0 ? `${sites.length} CloudFront distribution${sites.length > 1 ? 's' : ''}` : '',
    names.length > 0 ? 'Route 53' : '',
    ...zones.map((text) => `the VPC ${text}`),
    side.length > 0 ? `beside them ${side.map(({ title }) => title).join(', ')}` : '',
    notModelled.length > 0 ? `${notModelled.length} resources that are not modelled` : '',
  ];
  return `Architecture drawn from its CloudFormation template: ${parts.filter((text) => text !== '').join('; ')}.`;
}
