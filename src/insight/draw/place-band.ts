/** What lies in a row of subnets: a balancer's band, machines in their group and frames, endpoints, NAT gateways. */
import type { Rect } from './layout.ts';
import { runsOf } from './runs.ts';
import type { Band, Card, NetworkScene, Part, Row, SubnetScene } from './scene.ts';
import { addBox, addShape, iconSize, labelAt, type Sheet, smallIcon } from './sheet.ts';

/** The subnets of a column, left edge and width. */
export type Columns = readonly { readonly x: number; readonly width: number }[];

/** Heights within a row, the same in all zones. */
export interface RowPlace {
  readonly top: number;
  readonly height: number;
  readonly bandTops: readonly number[];
  readonly looseTop: number;
}

const cardHeight = 80;
const cardPitch = 96;
const groupHeader = 48;
export const endpointPitch = 184;

export function bandHeight(band: Band): number {
  if (band.kind !== 'machines') return 80;
  const deepest = Math.max(1, ...band.columns.map((column) => cardsIn(band, column).length));
  const cards = deepest * cardPitch - (cardPitch - cardHeight);
  return band.group ? groupHeader + cards + 16 : cards;
}

function cardsIn(band: Band, column: number): Card[] {
  return band.cards.flatMap(([at, card]) => (at === column ? [card] : []));
}

const loosePitch = 64;

export function looseHeight({ subnets }: Row): number {
  const most = Math.max(0, ...subnets.map((subnet) => subnet?.loose.length ?? 0));
  return most * loosePitch;
}

/** Their middle is left of the machines', so that arrows to machines pass beside them. */
export function placeLoose(sheet: Sheet, subnet: SubnetScene, at: Columns[number], top: number): void {
  for (const [index, { part }] of subnet.loose.entries()) {
    const icon = { x: at.x + 16, y: top + index * loosePitch, w: iconSize, h: iconSize };
    addShape(sheet, subnet.key, icon, part, beside(part, icon, at.width - 164));
  }
}

/** Between an icon and the label beside it: room for the mark of a change. */
export const besideGap = 10;

/** A label to the right of an icon, on its middle. */
function beside(part: Part, icon: Rect, width: number): ReturnType<typeof labelAt> {
  const lines = part.name === '' ? 17 : 32;
  return labelAt({ x: icon.x + icon.w + besideGap, y: icon.y + Math.round((icon.h - lines) / 2), width }, [
    [part.title, 'title'],
    [part.name, 'name'],
  ]);
}

export interface BandSpace {
  readonly network: NetworkScene;
  readonly row: Row;
  readonly columns: Columns;
  readonly top: number;
}

export function placeBand(sheet: Sheet, band: Band, space: BandSpace): void {
  if (band.kind === 'balancer') placeBalancer(sheet, band, space);
  else if (band.kind === 'endpoints') placeEndpoints(sheet, band, space);
  else placeMachines(sheet, band, space);
}

/** The box of each run of neighbouring columns; parts are in the first. */
function runRects({ columns }: Band, space: BandSpace, height: number): Rect[] {
  return runsOf(columns).flatMap(([from, to]) => {
    const [first, last] = [space.columns[from], space.columns[to]];
    if (!first || !last) return [];
    return [{ x: first.x + 8, y: space.top, w: last.x + last.width - first.x - 16, h: height }];
  });
}

/** Inside one subnet it is the subnet's; across several it is the VPC's. */
function holder({ network, row }: BandSpace, columns: readonly number[]): string {
  const [first = 0] = columns;
  return (columns.length === 1 ? row.subnets[first]?.key : undefined) ?? network.key;
}

function spanBoxes(sheet: Sheet, band: Band, space: BandSpace, height: number): Rect | undefined {
  const rects = runRects(band, space, height);
  const { frame } = band;
  for (const [index, rect] of rects.entries()) {
    const part = frame ?? { key: `${band.key} span`, title: '', name: '', covers: [], mark: band.parts[0]?.mark };
    const key = index === 0 ? part.key : `${part.key} ${index}`;
    const space2 = { x: rect.x + 8, y: rect.y + 5, width: rect.w - 16 };
    const label = frame && labelAt({ ...space2, width: Math.min(space2.width, 176) }, [[frame.name, 'groupName']]);
    addBox(sheet, frame ? 'securityGroup' : 'span', holder(space, band.columns), rect, { ...part, key }, label);
    if (index === 0) for (const { key: of } of band.parts) sheet.ends.set(of, key);
  }
  return rects[0];
}

function placeBalancer(sheet: Sheet, band: Band, space: BandSpace): void {
  const rect = spanBoxes(sheet, band, space, 80);
  const [part] = band.parts;
  if (!rect || !part) return;
  const wide = rect.w >= 576;
  // In the middle of its zones, where no arrow to a machine leaves the band.
  // In one zone it is below the name of its security groups.
  const icon = {
    x: down8(rect.x + rect.w / 2 - (wide ? 96 : 120)),
    y: rect.y + (wide ? 16 : 24),
    w: iconSize,
    h: iconSize,
  };
  const parent = sheet.ends.get(part.key);
  addShape(sheet, parent, icon, part, beside(part, icon, rect.x + rect.w - icon.x - iconSize - 20));
}

function placeEndpoints(sheet: Sheet, band: Band, space: BandSpace): void {
  const rect = spanBoxes(sheet, band, space, 80);
  if (!rect) return;
  const parent = band.frame?.key ?? `${band.key} span`;
  const inset = endpointInset(space.network.doors.length);
  for (const [index, part] of band.parts.entries()) {
    const icon = { x: rect.x + inset + index * endpointPitch, y: rect.y + 32, w: smallIcon, h: smallIcon };
    addShape(sheet, parent, icon, part, beside(part, icon, endpointPitch - smallIcon - 18));
    // Machines meet all of them at the band; what is behind is reached from each.
    if (!band.frame) sheet.ends.set(part.key, parent);
  }
}

/** A gateway endpoint on the VPC's lower edge, with its label beside it. */
export const doorPitch = 152;

/** Endpoints begin right of the gateway endpoints, so that the services of all of them stand straight below. */
export function endpointInset(doors: number): number {
  return doors === 0 ? 16 : 56 + (doors - 1) * doorPitch;
}

function placeMachines(sheet: Sheet, band: Band, space: BandSpace): void {
  const { group } = band;
  const height = bandHeight(band);
  const { top, columns, row } = space;
  for (const [index, rect] of group ? runRects(band, space, height).entries() : []) {
    if (!group) break;
    const icon = labelAt({ x: rect.x + 32, y: rect.y + 5, width: 172 }, [
      [group.title, 'group'],
      [group.name, 'groupName'],
    ]);
    const key = index === 0 ? group.key : `${group.key} ${index}`;
    addBox(sheet, 'group', holder(space, band.columns), rect, { ...group, key }, icon);
  }
  for (const column of band.columns) {
    const at = columns[column];
    const subnet = row.subnets[column];
    if (!at || !subnet) continue;
    for (const [index, card] of cardsIn(band, column).entries()) {
      const y = top + (group ? groupHeader : 0) + index * cardPitch;
      placeCard(sheet, subnet.key, card, { x: at.x + 16, y, w: at.width - 32, h: cardHeight });
    }
  }
}

/** Text left, icon right: arrows from above and below meet the icon and pass no text. */
function placeCard(sheet: Sheet, parent: string, { part, frame }: Card, rect: Rect): void {
  const icon = { x: rect.x + rect.w - iconSize - 16, y: rect.y + 16, w: iconSize, h: iconSize };
  const width = rect.w - iconSize - 40;
  if (frame) {
    const label = labelAt({ x: rect.x + 8, y: rect.y + 5, width }, [[frame.name, 'groupName']]);
    addBox(sheet, 'securityGroup', parent, rect, frame, label);
  }
  const label = labelAt({ x: rect.x + 8, y: rect.y + 32, width }, [
    [part.title, 'title'],
    [part.name, 'name'],
  ]);
  addShape(sheet, frame?.key ?? parent, icon, part, label);
}

function down8(value: number): number {
  return Math.floor(value / 8) * 8;
}
