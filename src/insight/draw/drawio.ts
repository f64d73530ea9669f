/**
 * The picture as a draw.io file: its AWS shapes, containers that hold what is in them, arrows that stay attached.
 * https://www.drawio.com/doc/faq/drawio-style-reference
 */
import { cell, cells, edgeCell, layer, type Named } from './drawio-cells.ts';
import { DrawioStyle } from './drawio-style.ts';
import type { Box, Label, Layout, PanelColumn, Path, Point, Rect, Shape } from './layout.ts';
import { badgeRadius, faces } from './layout.ts';
import { dark, light, type ThemeName } from './theme.ts';
import { escaped } from './xml.ts';

/** Each can be hidden and locked in draw.io. What is in a container is in the container's layer. */
const layers = { network: 'Network', security: 'Security', traffic: 'Traffic', changes: 'Changes', notes: 'Notes' };

/** Shapes beside the network that are there for the sake of security. */
const securityIcons: ReadonlySet<string> = new Set(['role', 'key', 'certificate']);

export function drawioOf(layout: Layout, theme: ThemeName = 'auto'): string {
  const style = new DrawioStyle(theme === 'dark' ? dark : light);
  const { width, height, title, boxes, shapes, paths, panel } = layout;
  const rects = new Map<string, Rect>([...boxes, ...shapes].map((one) => [one.key, one]));
  const heading = title.lines.map(({ text }) => text).join(' ');
  const changed = [...boxes, ...shapes].filter(({ mark }) => mark !== undefined);
  const all = [
    ...Object.entries(layers)
      .filter(([key]) => key !== 'changes' || changed.length > 0)
      .map(([key, name]) => layer(`layer ${key}`, name)),
    ...boxes.map((box) => boxCell(box, style, rects)),
    ...shapes.map((shape) => shapeCell(shape, style, rects, boxes)),
    ...paths.flatMap((path, index) => pathCells(path, index, style, rects)),
    ...changed.map((one) => haloCell(style, one)),
    textCell(style, 'title', title, heading),
    ...panel.flatMap((column, index) => panelCells(column, index, style)),
  ];
  return [
    `<mxfile host="orrery" type="device">`,
    `<diagram id="architecture" name="${escaped(heading)}">`,
    `<mxGraphModel dx="${width}" dy="${height}" grid="1" gridSize="8" guides="1" tooltips="1" connect="1" arrows="1" fold="1" page="1" pageScale="1" pageWidth="${width}" pageHeight="${height}" math="0" shadow="0"${colours(theme)}>`,
    '<root>',
    '<mxCell id="0"/>',
    ...all,
    '</root>',
    '</mxGraphModel>',
    '</diagram>',
    '</mxfile>',
    '',
  ].join('\n');
}

/**
 * draw.io since version 26 adapts colours to a dark editor, if the file or the user's settings say so; older ones leave them.
 * https://github.com/jgraph/drawio-desktop/issues/2507
 */
function colours(theme: ThemeName): string {
  if (theme === 'auto') return ' adaptiveColors="auto"';
  return `${theme === 'dark' ? ` background="${dark.paper}"` : ''} adaptiveColors="none"`;
}

function parentOf(parent: string | undefined, own: string): string {
  return parent === undefined ? `layer ${own}` : parent;
}

/** draw.io has places relative to the container's. */
function within({ x, y, w, h }: Rect, parent: string | undefined, rects: ReadonlyMap<string, Rect>): Rect {
  const outer = parent === undefined ? undefined : rects.get(parent);
  return outer ? { x: x - outer.x, y: y - outer.y, w, h } : { x, y, w, h };
}

function boxCell(box: Box, style: DrawioStyle, rects: ReadonlyMap<string, Rect>): string {
  const { key, tip, label, parent } = box;
  const named: Named = { id: key, label: html(label), tip };
  return cell(named, style.box(box), parentOf(parent, 'network'), within(box, parent, rects));
}

function shapeCell(shape: Shape, style: DrawioStyle, rects: ReadonlyMap<string, Rect>, boxes: readonly Box[]): string {
  const { key, icon, tip, label, mark } = shape;
  const holder = boxes.find((box) => box.key === shape.parent);
  // Beside the network, what is there for security can be hidden with the rest of it.
  const own = securityIcons.has(icon) && (holder === undefined || holder.kind === 'region');
  const parent = own ? undefined : shape.parent;
  const named: Named = { id: key, label: html(label), tip };
  return cell(
    named,
    style.shape(shape, side(shape), mark),
    parentOf(parent, own ? 'security' : 'network'),
    within(shape, parent, rects),
  );
}

/** Where a shape's label is. */
function side({ x, y, w, h, label, icon }: Shape): 'inside' | 'below' | 'above' | 'left' | 'right' {
  if (icon === 'plain' && label.x >= x && label.x + label.w <= x + w && label.y >= y && label.y + label.h <= y + h)
    return 'inside';
  if (label.y >= y + h) return 'below';
  if (label.y + label.h <= y) return 'above';
  return label.x >= x + w ? 'right' : 'left';
}

function html(label: Label | undefined): string {
  if (!label) return '';
  return label.lines
    .map(({ text, style }) => {
      const { size, bold } = faces[style];
      const content = bold ? `<b>${escaped(text)}</b>` : escaped(text);
      return `<span style="font-size: ${size}px">${content}</span>`;
    })
    .join('<br>');
}

function pathCells(path: Path, index: number, style: DrawioStyle, rects: ReadonlyMap<string, Rect>): string[] {
  const { from, to, points, badges, tip } = path;
  const [source, target] = [rects.get(from), rects.get(to)];
  const [first, last] = [points[0], points.at(-1)];
  if (!source || !target || !first || !last) return [];
  const id = `arrow ${index + 1}`;
  const line = style.edge(path, share(first, source), share(last, target));
  const arrow = edgeCell({ id, label: '', tip }, line, 'layer traffic', { from, to }, points.slice(1, -1));
  const numbers = badges.map(({ journey, number, at }, badge) =>
    cells.onEdge(
      `${id} step ${badge + 1}`,
      String(number),
      style.badge(journey),
      id,
      along(points, at),
      2 * badgeRadius,
    ),
  );
  return [arrow, ...numbers];
}

/** Of a point on a rim, from 0 to 1 in both directions. */
function share({ x, y }: Point, rect: Rect): Point {
  const round = (value: number) => Math.round(value * 10_000) / 10_000;
  return { x: round((x - rect.x) / rect.w), y: round((y - rect.y) / rect.h) };
}

/** Where a point of a path is along it: from -1 to 1. */
function along(points: readonly Point[], at: Point): number {
  let before = 0;
  let total = 0;
  for (const [index, to] of points.entries()) {
    const from = points[index - 1];
    if (!from) continue;
    const length = Math.abs(to.x - from.x) + Math.abs(to.y - from.y);
    const here = Math.abs(at.x - from.x) + Math.abs(at.y - from.y);
    const on = here + Math.abs(to.x - at.x) + Math.abs(to.y - at.y) === length;
    if (on) before = total + here;
    total += length;
  }
  return total === 0 ? 0 : Math.round(((2 * before) / total - 1) * 10_000) / 10_000;
}

function haloCell(style: DrawioStyle, { key, x, y, w, h, mark }: Box | Shape): string {
  const rect = { x: x - 4, y: y - 4, w: w + 8, h: h + 8 };
  return cell({ id: `change ${key}`, label: '', tip: `${key}: ${mark}` }, style.halo(mark), 'layer changes', rect);
}

function textCell(style: DrawioStyle, id: string, { x, y, w, h, align }: Label, text: string, size = 20): string {
  // A little wider than measured: draw.io breaks lines where its own font is wider.
  const rect = { x, y, w: w + 12, h };
  return cell({ id, label: `<b>${escaped(text)}</b>`, tip: '' }, style.text(align, size), 'layer notes', rect);
}

function panelCells({ x, y, w, h, heading, entries }: PanelColumn, index: number, style: DrawioStyle): string[] {
  const id = `panel ${index + 1}`;
  const cellsOf = entries.flatMap(({ badge, sample, swatch, at, label }, entry) => {
    const here = `${id} entry ${entry + 1}`;
    const local = { x: label.x - x, y: label.y - y, w: w - (label.x - x) - 12, h: label.h };
    const face = faces[label.lines[0]?.style ?? 'step'];
    const text = escaped(label.lines.map((line) => line.text).join(' '));
    const bold = face.bold ? `<b>${text}</b>` : text;
    const found = [cell({ id: here, label: bold, tip: '' }, style.text('start', face.size), id, local)];
    const r = badgeRadius;
    if (badge) {
      const rect = { x: at.x - x - r, y: at.y - y - r, w: 2 * r, h: 2 * r };
      found.push(
        cell({ id: `${here} number`, label: String(badge.number), tip: '' }, style.badge(badge.journey), id, rect),
      );
    }
    if (sample) {
      const line = [
        { x: at.x - x, y: at.y - y },
        { x: at.x - x + 44, y: at.y - y },
      ] as const;
      found.push(cells.freeEdge(`${here} line`, style.edge({ ...sample, mark: undefined }), id, line));
    }
    if (swatch) {
      const rect = { x: at.x - x, y: at.y - y - 7, w: 40, h: 14 };
      found.push(cell({ id: `${here} swatch`, label: '', tip: '' }, style.halo(swatch), id, rect));
    }
    return found;
  });
  const head = { x: heading.x - x, y: heading.y - y, w: w - 24, h: heading.h };
  const title = heading.lines.map(({ text }) => `<b>${escaped(text)}</b>`).join(' ');
  return [
    cell({ id, label: '', tip: '' }, style.panel(), 'layer notes', { x, y, w, h }),
    cell({ id: `${id} heading`, label: title, tip: '' }, style.text('start', 13), id, head),
    ...cellsOf,
  ];
}
