/** What is wrong with a layout as a picture, in words: the list is empty where everything has room of its own. */
import type { Box, Layout, Point, Rect, Shape } from './layout.ts';
import { badgeRadius, cornerOf } from './layout.ts';

export function geometryProblems(layout: Layout): string[] {
  return [
    ...nesting(layout),
    ...overlaps(layout),
    ...labels(layout),
    ...arrows(layout),
    ...badges(layout),
    ...margins(layout),
  ];
}

const right = ({ x, w }: Rect) => x + w;
const bottom = ({ y, h }: Rect) => y + h;

function meet(a: Rect, b: Rect, gap = 0): boolean {
  return a.x < right(b) + gap && b.x < right(a) + gap && a.y < bottom(b) + gap && b.y < bottom(a) + gap;
}

function holds(outer: Rect, inner: Rect, margin = 0): boolean {
  return (
    inner.x >= outer.x + margin &&
    inner.y >= outer.y + margin &&
    right(inner) <= right(outer) - margin &&
    bottom(inner) <= bottom(outer) - margin
  );
}

/** Gateways and gateway endpoints sit on their VPC's edge. */
function onEdge(outer: Rect, { x, y, w, h }: Rect): boolean {
  const middle = { x: x + w / 2, y: y + h / 2 };
  return middle.x === outer.x || middle.y === bottom(outer);
}

function nesting({ boxes, shapes, width, height }: Layout): string[] {
  const byKey = new Map(boxes.map((box) => [box.key, box]));
  const page: Rect = { x: 0, y: 0, w: width, h: height };
  const keys = [...boxes, ...shapes].map(({ key }) => key);
  const twice = keys.filter((key, index) => keys.indexOf(key) !== index).map((key) => `${key} is there twice`);
  const outside = [...boxes, ...shapes].flatMap((one) => {
    const outer = one.parent === undefined ? page : byKey.get(one.parent);
    if (!outer) return [`${one.key} is in ${one.parent}, which is not there`];
    const margin = 'kind' in one && one.kind === 'acl' ? 4 : 8;
    return holds(outer, one, margin) || onEdge(outer, one)
      ? []
      : [`${one.key} is not inside ${one.parent ?? 'the page'}`];
  });
  return [...twice, ...outside];
}

/** What lies across zones and subnets, and shares their room without being in them. */
const across: ReadonlySet<string> = new Set(['group', 'securityGroup', 'span', 'acl']);
const zones: ReadonlySet<string> = new Set(['zone', 'public', 'private']);

function overlaps({ boxes, shapes }: Layout): string[] {
  const byKey = new Map(boxes.map((box) => [box.key, box]));
  /** It and what it is in, the innermost first. */
  const chain = (one: Box | Shape): (Box | Shape)[] => {
    const outer = one.parent === undefined ? undefined : byKey.get(one.parent);
    return outer ? [one, ...chain(outer)] : [one];
  };
  const kindOf = (one: Box | Shape) => ('kind' in one ? one.kind : 'icon');
  const mayCover = (one: Box | Shape, other: Box | Shape): boolean => {
    const kinds = chain(one).map(kindOf);
    const spans = zones.has(kindOf(other)) && kinds.some((kind) => across.has(kind));
    // A network ACL is between subnets, never on one.
    if (spans) return kindOf(other) === 'zone' || !kinds.includes('acl');
    // Its machines are their subnets'; the group around them is nobody's.
    return kindOf(other) === 'group' && kinds.length > 1 && holds(other, one);
  };
  const all: (Box | Shape)[] = [...boxes, ...shapes];
  return all.flatMap((one, index) =>
    all.slice(index + 1).flatMap((other) => {
      if (!meet(one, other) || chain(one).includes(other) || chain(other).includes(one)) return [];
      return mayCover(one, other) || mayCover(other, one) ? [] : [`${one.key} and ${other.key} overlap`];
    }),
  );
}

interface Text {
  readonly of: string;
  readonly label: Rect;
}

function labelsOf({ boxes, shapes, title, panel }: Layout): Text[] {
  return [
    ...boxes.flatMap(({ key, label }) => (label ? [{ of: key, label }] : [])),
    ...shapes.map(({ key, label }) => ({ of: key, label })),
    { of: 'title', label: title },
    ...panel.flatMap(({ heading, entries }, index) => [
      { of: `panel ${index}`, label: heading },
      ...entries.map(({ label }, entry) => ({ of: `panel ${index} entry ${entry}`, label })),
    ]),
  ];
}

function labels(layout: Layout): string[] {
  const { boxes, shapes, panel, width, height } = layout;
  const found: string[] = [];
  const texts = labelsOf(layout);
  for (const [index, { of, label }] of texts.entries()) {
    if (!holds({ x: 8, y: 8, w: width - 16, h: height - 16 }, label)) found.push(`the label of ${of} leaves the page`);
    for (const other of texts.slice(index + 1))
      if (meet(label, other.label)) found.push(`the labels of ${of} and ${other.of} overlap`);
    for (const shape of shapes)
      if (shape.icon !== 'plain' && meet(label, shape)) found.push(`the label of ${of} is on ${shape.key}`);
  }
  for (const box of boxes) {
    const corner = cornerOf(box);
    const icon = corner && { x: box.x, y: box.y, w: corner.size, h: corner.size };
    for (const { of, label } of texts)
      if (icon && meet(icon, label)) found.push(`the label of ${of} is on ${box.key}'s icon`);
    for (const shape of shapes) if (icon && meet(icon, shape)) found.push(`${shape.key} is on ${box.key}'s icon`);
  }
  for (const { key, label, kind, ...box } of boxes)
    if (label && !holds(box, label)) found.push(`the label of ${key} leaves it`);
  for (const { key, label, parent } of shapes) {
    const outer = boxes.find((box) => box.key === parent);
    if (
      outer &&
      (outer.kind === 'securityGroup' || outer.kind === 'acl' || outer.kind === 'public') &&
      !holds(outer, label)
    )
      found.push(`the label of ${key} leaves ${parent}`);
  }
  for (const { entries, ...column } of panel)
    for (const { label } of entries) if (!holds(column, label, 4)) found.push('an entry leaves its panel');
  return found;
}

interface Stretch {
  readonly from: Point;
  readonly to: Point;
}

function stretches(points: readonly Point[]): Stretch[] {
  return points.slice(1).map((to, index) => ({ from: points[index] ?? to, to }));
}

function rectOf({ from, to }: Stretch): Rect {
  return {
    x: Math.min(from.x, to.x),
    y: Math.min(from.y, to.y),
    w: Math.abs(from.x - to.x),
    h: Math.abs(from.y - to.y),
  };
}

function arrows(layout: Layout): string[] {
  const { paths, shapes, boxes } = layout;
  const found: string[] = [];
  const ends = new Map<string, Rect>([...boxes, ...shapes].map((one) => [one.key, one]));
  for (const [index, path] of paths.entries()) {
    const name = `${path.from} → ${path.to}`;
    for (const stretch of stretches(path.points)) {
      const rect = rectOf(stretch);
      if (rect.w > 0 && rect.h > 0) found.push(`${name} goes aslant`);
      for (const shape of shapes) {
        const own = shape.key === path.from || shape.key === path.to;
        // At its own end it touches the rim.
        if (meet(rect, own ? { x: shape.x + 1, y: shape.y + 1, w: shape.w - 2, h: shape.h - 2 } : shape))
          found.push(`${name} passes ${shape.key}`);
      }
      for (const { of, label } of labelsOf(layout))
        if (meet(rect, label)) found.push(`${name} passes the label of ${of}`);
      for (const other of paths.slice(index + 1)) {
        for (const one of stretches(other.points)) {
          const theirs = rectOf(one);
          const alike =
            (rect.w === 0 && theirs.w === 0 && rect.x === theirs.x) ||
            (rect.h === 0 && theirs.h === 0 && rect.y === theirs.y);
          const grown = { x: theirs.x - 0.5, y: theirs.y - 0.5, w: theirs.w + 1, h: theirs.h + 1 };
          if (alike && meet(rect, grown)) found.push(`${name} lies on ${other.from} → ${other.to}`);
        }
      }
    }
    for (const [key, point] of [
      [path.from, path.points[0]],
      [path.to, path.points.at(-1)],
    ] as const) {
      const rect = ends.get(key);
      if (!rect || !point || !onRim(rect, point)) found.push(`${name} does not meet ${key}`);
    }
  }
  return found;
}

function onRim(rect: Rect, { x, y }: Point): boolean {
  const upright = (x === rect.x || x === right(rect)) && y >= rect.y && y <= bottom(rect);
  const level = (y === rect.y || y === bottom(rect)) && x >= rect.x && x <= right(rect);
  return upright || level;
}

function badges(layout: Layout): string[] {
  const found: string[] = [];
  const all = layout.paths.flatMap((path) => path.badges.map((badge) => ({ ...badge, path })));
  for (const [index, { at, journey, number, path }] of all.entries()) {
    const name = `${journey} ${number}`;
    const rect = { x: at.x - badgeRadius, y: at.y - badgeRadius, w: 2 * badgeRadius, h: 2 * badgeRadius };
    for (const { of, label } of labelsOf(layout))
      if (meet(rect, label)) found.push(`${name} covers the label of ${of}`);
    for (const shape of layout.shapes) if (meet(rect, shape)) found.push(`${name} covers ${shape.key}`);
    for (const other of all.slice(index + 1)) {
      if (Math.hypot(at.x - other.at.x, at.y - other.at.y) < 2 * badgeRadius)
        found.push(`${name} covers ${other.journey} ${other.number}`);
    }
    for (const other of layout.paths) {
      if (other !== path && stretches(other.points).some((stretch) => meet(rect, rectOf(stretch))))
        found.push(`${name} covers ${other.from} → ${other.to}`);
    }
  }
  return found;
}

/** Neighbours in a container keep a distance. */
function margins({ boxes }: Layout): string[] {
  const found: string[] = [];
  for (const [index, one] of boxes.entries()) {
    for (const other of boxes.slice(index + 1)) {
      if (one.parent === other.parent && !meet(one, other) && meet(one, other, 8))
        found.push(`${one.key} and ${other.key} touch`);
    }
  }
  return found;
}
