/** Arrows led over the sheet: the journeys first, so that they go straight, and each by a channel of its own. */
import { placeBadges } from './badges.ts';
import { Field } from './field.ts';
import { type Box, cornerOf, type Path, type Point, type Shape } from './layout.ts';
import type { Link } from './scene.ts';
import { cheapest, type Port } from './search.ts';
import { lattice, type Sheet } from './sheet.ts';

const order: readonly Link['kind'][] = ['shared', 'site', 'api', 'plain', 'outbound'];

/** Boxes that arrows to something else go around. */
const closed: ReadonlySet<Box['kind']> = new Set(['securityGroup', 'span', 'notModelled']);

/** When nothing else is left, an arrow passes what is in the way rather than be missing. */
const lastResort = 200;

export function routes(
  links: readonly Link[],
  sheet: Sheet,
  size: { readonly width: number; readonly height: number },
): Path[] {
  const field = new Field(size.width, size.height);
  const frames = new Map<string, number>();
  for (const box of sheet.boxes) {
    if (box.kind !== 'acl') field.border(box);
    if (closed.has(box.kind)) frames.set(box.key, field.frame(box));
  }
  for (const box of sheet.boxes) {
    const corner = cornerOf(box);
    if (corner) field.block({ x: box.x, y: box.y, w: corner.size, h: corner.size }, 3);
    if (box.label) field.block(box.label, 3);
  }
  for (const shape of sheet.shapes) {
    field.block(shape, 0);
    field.block(shape.label, 3);
  }
  const ends = endsOf(sheet);
  const paths: Path[] = [];
  const sorted = [...links].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  for (const link of sorted) {
    const [from, to] = [ends(link.from), ends(link.to)];
    if (!from || !to || from.key === to.key) continue;
    const own = new Set([...framesOf(from, sheet, frames), ...framesOf(to, sheet, frames)]);
    const search = { field, from: portsOf(from, field, link), to: portsOf(to, field, link), own };
    const way = cheapest(search) ?? cheapest({ ...search, through: lastResort });
    if (!way) continue;
    field.take(way);
    const { kind, reply = false, both = false, stopped = false, text, mark } = link;
    const points = corners(way.map((node) => field.point(node)));
    paths.push({ from: from.key, to: to.key, kind, reply, both, stopped, points, badges: [], tip: text, mark });
  }
  return placeBadges(paths, sorted, sheet);
}

type End = Box | Shape;

function endsOf(sheet: Sheet): (key: string) => End | undefined {
  const all = new Map<string, End>();
  for (const one of [...sheet.boxes, ...sheet.shapes]) all.set(one.key, one);
  return (key) => all.get(sheet.ends.get(key) ?? key);
}

function framesOf(end: End, { boxes }: Sheet, frames: ReadonlyMap<string, number>): number[] {
  const found: number[] = [];
  for (let key: string | undefined = end.key; key !== undefined; ) {
    const number = frames.get(key);
    if (number !== undefined) found.push(number);
    const at: string = key;
    key = at === end.key ? end.parent : boxes.find((box) => box.key === at)?.parent;
  }
  return found;
}

/** Places on the rim, each with what it costs to be not the usual one. */
function portsOf(end: End, field: Field, link: Link): Port[] {
  const ports: Port[] = [];
  const { x, y, w, h, label } = end;
  const [middleX, middleY] = [x + w / 2, y + h / 2];
  const isBox = !('icon' in end);
  const add = (at: Point, outward: number, offset: number) => {
    const cost = isBox ? 0 : offsetCost(end.icon === 'instance' || end.icon === 'instances', offset, link);
    ports.push({ node: field.node(at), outward, cost });
  };
  const reach = (length: number) => (isBox ? Math.floor((length / 2 - 16) / lattice) * lattice : length > 40 ? 16 : 8);
  // Where its label is, no arrow comes in between.
  const open = (beside: boolean) => isBox || !label || !beside;
  for (let offset = -reach(w); offset <= reach(w); offset += lattice) {
    if (open(!!label && label.y + label.h <= y)) add({ x: middleX + offset, y }, 3, offset);
    if (open(!!label && label.y >= y + h)) add({ x: middleX + offset, y: y + h }, 1, offset);
  }
  for (let offset = -reach(h); offset <= reach(h); offset += lattice) {
    if (open(!!label && label.x >= x + w)) add({ x: x + w, y: middleY + offset }, 0, offset);
    if (open(!!label && label.x + label.w <= x)) add({ x, y: middleY + offset }, 2, offset);
  }
  return ports;
}

/** Two arrows of a pair leave room between them; machines keep a place for the way out. */
function offsetCost(machine: boolean, offset: number, { kind, reply = false, both = false, badges }: Link): number {
  // Numbers of two journeys on both of a pair need more.
  const apart = badges.length > 1 ? 16 : 8;
  const wanted = machine
    ? [kind === 'outbound' ? -16 : reply ? 16 : 0]
    : both || kind === 'outbound'
      ? [0]
      : [-apart, apart];
  return Math.min(...wanted.map((one) => Math.abs(one - offset) / 4)) + (offset === 8 ? 0.1 : 0);
}

function corners(points: readonly Point[]): Point[] {
  return points.filter((point, index) => {
    const [before, after] = [points[index - 1], points[index + 1]];
    if (!before || !after) return true;
    return !((before.x === point.x && point.x === after.x) || (before.y === point.y && point.y === after.y));
  });
}
