/** The numbers of steps, on their arrows: where they cover no other arrow, icon or label. */
import type { Path, PlacedBadge, Point, Rect } from './layout.ts';
import { badgeRadius } from './layout.ts';
import type { Link } from './scene.ts';
import type { Sheet } from './sheet.ts';

const clear = badgeRadius + 3;
/** From the ends, where arrowheads are. */
const fromEnd = 20;
const step = 4;

export function placeBadges(paths: readonly Path[], links: readonly Link[], sheet: Sheet): Path[] {
  const taken: Point[] = [];
  const rects: Rect[] = [...sheet.shapes, ...sheet.shapes.map(({ label }) => label)];
  for (const { label } of sheet.boxes) if (label) rects.push(label);
  const byEnds = new Map(links.map((link) => [keyOf(endsOf(link, sheet)), link]));
  return paths.map((path) => {
    const { badges = [] } = byEnds.get(keyOf(path)) ?? {};
    const placed: PlacedBadge[] = [];
    for (const badge of badges) {
      const places = candidates(path.points);
      const free = (at: Point) =>
        rects.every((rect) => toRect(at, rect) >= clear) && taken.every((one) => far(one, at) >= 2 * badgeRadius + 2);
      const alone = (at: Point) => paths.every((other) => other === path || toPath(at, other.points) >= clear);
      const at = places.find((one) => free(one) && alone(one)) ?? places.find(free) ?? places[0];
      if (!at) continue;
      taken.push(at);
      placed.push({ ...badge, at });
    }
    return { ...path, badges: placed };
  });
}

function endsOf({ from, to, reply = false }: Link, { ends }: Sheet): Pick<Path, 'from' | 'to' | 'reply'> {
  return { from: ends.get(from) ?? from, to: ends.get(to) ?? to, reply };
}

function keyOf({ from, to, reply }: Pick<Path, 'from' | 'to' | 'reply'>): string {
  return `${from} ${to} ${reply}`;
}

/** From the middle of the longest stretch outwards, then the next longest. */
function candidates(points: readonly Point[]): Point[] {
  const stretches = points.slice(1).map((to, index) => [points[index] ?? to, to] as const);
  return [...stretches]
    .sort(([a, b], [c, d]) => far(c, d) - far(a, b))
    .flatMap(([a, b]) => {
      const length = far(a, b);
      const found: Point[] = [];
      for (let offset = 0; offset <= length / 2 - fromEnd; offset += step) {
        for (const at of offset === 0 ? [length / 2] : [length / 2 - offset, length / 2 + offset]) {
          const share = at / length;
          found.push({ x: Math.round(a.x + (b.x - a.x) * share), y: Math.round(a.y + (b.y - a.y) * share) });
        }
      }
      return found;
    });
}

function far(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function toRect({ x, y }: Point, rect: Rect): number {
  return Math.hypot(Math.max(rect.x - x, 0, x - rect.x - rect.w), Math.max(rect.y - y, 0, y - rect.y - rect.h));
}

function toPath(at: Point, points: readonly Point[]): number {
  return Math.min(
    ...points.slice(1).map((to, index) => {
      const from = points[index] ?? to;
      const rect = {
        x: Math.min(from.x, to.x),
        y: Math.min(from.y, to.y),
        w: Math.abs(from.x - to.x),
        h: Math.abs(from.y - to.y),
      };
      return toRect(at, rect);
    }),
  );
}
