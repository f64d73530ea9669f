/** A VPC on the sheet: zones side by side, rows of subnets below each other, bands across them. */
import {
  bandHeight,
  besideGap,
  type Columns,
  doorPitch,
  endpointInset,
  endpointPitch,
  looseHeight,
  placeBand,
  placeLoose,
  type RowPlace,
} from './place-band.ts';
import { runsOf } from './runs.ts';
import type { AclScene, Band, NetworkScene, Part, Row } from './scene.ts';
import { addBox, addShape, below, iconSize, labelAt, type Sheet, up } from './sheet.ts';

const zoneGap = 16;
const zonePadding = 16;
const narrowestZone = 320;

export interface NetworkPlace {
  readonly right: number;
  /** Of all that belongs to it, with what its endpoints lead to. */
  readonly bottom: number;
  /** The middle of its internet gateway, if it has one. */
  readonly gatewayY: number | undefined;
  /** The row of services below it: where the next one may stand. */
  readonly nextService: { readonly x: number; readonly y: number };
}

export function placeNetwork(
  sheet: Sheet,
  network: NetworkScene,
  parent: string,
  left: number,
  top: number,
): NetworkPlace {
  const { zones, rows, gateways, doors } = network;
  const inset = gateways.length + doors.length > 0 ? 96 : 24;
  const zoneWidth = zoneWidthOf(network);
  const columns: Columns = zones.map((_, index) => ({
    x: left + inset + index * (zoneWidth + zoneGap) + zonePadding,
    width: zoneWidth - 2 * zonePadding,
  }));
  const width = Math.max(inset + zones.length * (zoneWidth + zoneGap) + 8, 360);
  const zoneTop = top + 48;
  let y = zoneTop + 40;
  const places: RowPlace[] = [];
  // Boxes are listed before what lies in them, so their heights are found first.
  for (const row of rows) {
    y += row.aclsAbove.length * stripPitch;
    const place = rowPlace(row, y);
    places.push(place);
    y = place.top + place.height + row.aclsBelow.length * stripPitch + 24;
  }
  const zoneBottom = Math.max(zones.length > 0 ? y - 8 : zoneTop, zoneTop + 16 + gateways.length * gatewayPitch);
  const bottom = zoneBottom + (doors.length > 0 ? 56 : 24);
  const key = network.key;
  addBox(
    sheet,
    'vpc',
    parent,
    { x: left, y: top, w: width, h: bottom - top },
    network,
    labelAt({ x: left + 40, y: top + 8, width: width - 48 }, [[`VPC  ${network.name}`, 'group']]),
  );
  for (const [index, zone] of zones.entries()) {
    const rect = { x: left + inset + index * (zoneWidth + zoneGap), y: zoneTop, w: zoneWidth, h: zoneBottom - zoneTop };
    const label = labelAt({ x: rect.x + zoneWidth / 2, y: rect.y + 10, width: zoneWidth - 16, align: 'middle' }, [
      [`Availability Zone ${zone}`, 'group'],
    ]);
    addBox(
      sheet,
      'zone',
      key,
      rect,
      { key: `${key} ${zone}`, title: 'Availability Zone', name: zone, covers: [] },
      label,
    );
  }
  for (const [index, row] of rows.entries()) {
    const place = places[index];
    if (place) placeRow(sheet, network, row, place, columns);
  }
  const gatewayY = placeGateways(sheet, network, left, rows, places, zoneTop, zoneBottom);
  const serviceRow = placeDoors(sheet, network, parent, left, bottom);
  return { right: left + width, bottom: serviceRow.bottom, gatewayY, nextService: serviceRow.next };
}

/** How many zones lie beside each other where the parts of a band are. */
function firstRun(columns: readonly number[]): number {
  const [[from, to] = [0, 0]] = runsOf(columns);
  return to - from + 1;
}

function zoneWidthOf({ zones, rows, doors }: NetworkScene): number {
  const needs = rows.flatMap(({ bands }) =>
    bands
      .filter(({ kind }) => kind === 'endpoints')
      .map(
        ({ parts, columns }) => (endpointInset(doors.length) + parts.length * endpointPitch + 48) / firstRun(columns),
      ),
  );
  return Math.max(narrowestZone, ...(zones.length > 0 ? needs.map((need) => up(need) + 2 * zonePadding) : []));
}

/** A gateway with its label above it. */
const gatewayPitch = 112;

/** A network ACL's strip, and the channel below it. */
const stripHeight = 40;
const stripPitch = 56;

function rowPlace(row: Row, top: number): RowPlace {
  let y = top + 48;
  const bandTops: number[] = [];
  let looseTop = y;
  const loose = looseHeight(row);
  const placeOne = (band: Band, index: number) => {
    bandTops[index] = y;
    y += bandHeight(band) + 24;
  };
  for (const [index, band] of row.bands.entries()) if (band.kind === 'balancer') placeOne(band, index);
  looseTop = y;
  if (loose > 0) y += loose + 16;
  for (const [index, band] of row.bands.entries()) if (band.kind !== 'balancer') placeOne(band, index);
  const height = up(Math.max(y - top - 8, 64));
  return { top, height, bandTops, looseTop };
}

function placeRow(sheet: Sheet, network: NetworkScene, row: Row, place: RowPlace, columns: Columns): void {
  const { top, height } = place;
  const last = top + height;
  for (const [index, acl] of row.aclsAbove.entries())
    placeStrip(sheet, network, acl, columns, top - (row.aclsAbove.length - index) * stripPitch);
  for (const [index, acl] of row.aclsBelow.entries())
    placeStrip(sheet, network, acl, columns, last + 16 + index * stripPitch);
  for (const [column, subnet] of row.subnets.entries()) {
    const at = columns[column];
    if (!subnet || !at) continue;
    const rect = { x: at.x, y: top, w: at.width, h: height };
    const label = labelAt({ x: at.x + 32, y: top + 4, width: at.width - 128 }, [
      [subnet.title, 'group'],
      [subnet.name, 'groupName'],
    ]);
    addBox(sheet, row.tier, `${network.key} ${network.zones[column]}`, rect, subnet, label);
  }
  for (const [index, band] of row.bands.entries())
    placeBand(sheet, band, { network, row, columns, top: place.bandTops[index] ?? top });
  for (const [column, subnet] of row.subnets.entries()) {
    const at = columns[column];
    if (subnet && at) placeLoose(sheet, subnet, at, place.looseTop);
  }
}

/** One strip for each run of neighbouring zones. */
function placeStrip(sheet: Sheet, network: NetworkScene, acl: AclScene, columns: Columns, y: number): void {
  for (const [index, [from, to]] of runsOf(acl.columns).entries()) {
    const [first, last] = [columns[from], columns[to]];
    if (!first || !last) continue;
    const rect = { x: first.x - 8, y, w: last.x + last.width - first.x + 16, h: stripHeight };
    const key = index === 0 ? `${acl.key} strip` : `${acl.key} strip ${index}`;
    addBox(sheet, 'acl', network.key, rect, { ...acl, key }, undefined);
    const icon = { x: first.x + 56, y: y + 8, w: 24, h: 24 };
    const label = labelAt({ x: icon.x + icon.w + besideGap, y: y + 4, width: 108, on: 'acl' }, [
      [acl.title, 'group'],
      [acl.name, 'groupName'],
    ]);
    addShape(sheet, key, icon, { ...acl, key: index === 0 ? acl.key : `${acl.key} ${index}` }, label);
  }
}

/** On the VPC's left edge, each beside what it serves. */
function placeGateways(
  sheet: Sheet,
  network: NetworkScene,
  left: number,
  rows: readonly Row[],
  places: readonly RowPlace[],
  zoneTop: number,
  zoneBottom: number,
): number | undefined {
  let first: number | undefined;
  let free = zoneTop;
  for (const gateway of network.gateways) {
    const inward = gateway.title === 'Internet gateway';
    const index = inward
      ? 0
      : Math.max(
          0,
          rows.findIndex(({ tier }) => tier === 'private'),
        );
    const place = places[index];
    const balancer = rows[index]?.bands.findIndex(({ kind }) => kind === 'balancer') ?? -1;
    const wanted = inward && balancer >= 0 ? (place?.bandTops[balancer] ?? free) + 40 : (place?.top ?? zoneTop) + 64;
    const middle = up(Math.max(free + 72, Math.min(wanted, Math.max(zoneBottom - 40, free + 72))));
    const texts = [[gateway.title, 'title', 2] as const, [gateway.name, 'name'] as const];
    const height = labelAt({ x: left, y: 0, width: 120, align: 'middle' }, texts).h;
    const space = { x: left, y: middle - 28 - height, width: 120, align: 'middle' as const };
    const label = { ...labelAt(space, texts), covers: true };
    addShape(sheet, network.key, { x: left - 24, y: middle - 24, w: iconSize, h: iconSize }, gateway, label);
    first ??= inward ? middle : undefined;
    free = middle + gatewayPitch - 72;
  }
  return first;
}

/** Gateway endpoints on the lower edge, and what all endpoints lead to in a row below. */
function placeDoors(
  sheet: Sheet,
  { doors, reached, key }: NetworkScene,
  region: string,
  left: number,
  bottom: number,
): { readonly bottom: number; readonly next: { readonly x: number; readonly y: number } } {
  for (const [index, door] of doors.entries()) {
    const x = left + 16 + index * doorPitch;
    const label = labelAt({ x: x + iconSize + besideGap, y: bottom + 4, width: doorPitch - iconSize - besideGap - 8 }, [
      [door.title, 'title', 2],
      [door.name, 'name'],
    ]);
    addShape(sheet, key, { x, y: bottom - 24, w: iconSize, h: iconSize }, door, label);
  }
  const y = bottom + (doors.length > 0 ? 72 : 48);
  for (const { part, middle } of servicesBelow(sheet, reached, left))
    addShape(sheet, region, { x: middle - 24, y, w: iconSize, h: iconSize }, part, below(part, middle, y + 52, 128));
  const middles = sheet.shapes.filter((one) => one.y === y && one.parent === region).map((one) => one.x + 24);
  const next = { x: Math.max(left + 40 - servicePitch, ...middles) + servicePitch, y };
  const lowest = Math.max(...sheet.shapes.filter((one) => one.y === y).map(({ label }) => label.y + label.h));
  return { bottom: reached.length > 0 ? up(lowest) : bottom + (doors.length > 0 ? 72 : 24), next };
}

export const servicePitch = 136;

/** Straight below the endpoint that leads there; what shares an endpoint with another stands at the end of the row. */
function servicesBelow(sheet: Sheet, reached: readonly Part[], left: number): { part: Part; middle: number }[] {
  const found: { part: Part; middle: number }[] = [];
  const taken = (middle: number) => found.some((one) => Math.abs(one.middle - middle) < servicePitch);
  const later: Part[] = [];
  for (const part of reached) {
    const endpoint = sheet.shapes.find(({ key }) => key === sheet.ends.get(`behind ${part.key}`));
    const middle = endpoint && endpoint.x + endpoint.w / 2;
    if (middle === undefined || taken(middle)) later.push(part);
    else found.push({ part, middle });
  }
  for (const part of later) {
    const middle = Math.max(left + 40 - servicePitch, ...found.map((one) => one.middle)) + servicePitch;
    found.push({ part, middle });
  }
  return found;
}
