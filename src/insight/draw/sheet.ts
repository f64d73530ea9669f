/** What is placed so far: boxes and shapes, with labels that fit where they are put. */
import type { Box, BoxKind, Label, Rect, Shape, TextStyle } from './layout.ts';
import { faces } from './layout.ts';
import type { Part } from './scene.ts';
import { shortened, textWidth, wrapped } from './text.ts';

/** All edges and middles of shapes lie on it, and all arrows do. In pixels. */
export const lattice = 8;

export const iconSize = 48;
export const smallIcon = 32;

/** The next point of the lattice. */
export function up(value: number): number {
  return Math.ceil(value / lattice) * lattice;
}

/** Where a label of some lines begins, and how wide it may be. */
export interface LabelSpace {
  /** Its left edge, or its middle. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly align?: 'start' | 'middle';
  /** In whose colour. */
  readonly on?: BoxKind;
}

export function labelAt(
  { x, y, width, align = 'start', on }: LabelSpace,
  texts: readonly (readonly [text: string, style: TextStyle, mostLines?: number])[],
): Label {
  const lines = texts.flatMap(([text, style, most = 1]) => {
    const face = faces[style];
    const some = most === 1 ? [shortened(text, width, face)] : wrapped(text, width, face, most);
    return some.filter((line) => line !== '').map((line) => ({ text: line, style }));
  });
  const w = Math.max(0, ...lines.map(({ text, style }) => textWidth(text, faces[style])));
  const h = lines.reduce((sum, { style }) => sum + faces[style].line, 0);
  return {
    x: align === 'middle' ? x - Math.ceil(w / 2) : x,
    y,
    w,
    h,
    align,
    lines,
    ...(on === undefined ? {} : { on }),
  };
}

export interface Sheet {
  readonly boxes: Box[];
  readonly shapes: Shape[];
  /** Where links of a part end, if not at its own shape: a balancer's at the band of its nodes. */
  readonly ends: Map<string, string>;
}

export function emptySheet(): Sheet {
  return { boxes: [], shapes: [], ends: new Map() };
}

export function addBox(
  sheet: Sheet,
  kind: BoxKind,
  parent: string | undefined,
  rect: Rect,
  part: Pick<Part, 'key' | 'title' | 'name' | 'covers' | 'mark'>,
  label: Label | undefined,
): void {
  sheet.boxes.push({ key: part.key, kind, parent, ...rect, label, tip: tipOf(part), mark: part.mark });
}

/** `label` is placed by whoever knows what is around it. */
export function addShape(sheet: Sheet, parent: string | undefined, rect: Rect, part: Part, label: Label): void {
  const { key, icon, mark, faded = false } = part;
  sheet.shapes.push({ key, icon, parent, ...rect, label, tip: tipOf(part), mark, faded });
}

/** A label centred below an icon. */
export function below(part: Part, middle: number, y: number, width: number): Label {
  return labelAt({ x: middle, y, width, align: 'middle' }, [
    [part.title, 'title', 2],
    [part.name, 'name', 2],
  ]);
}

function tipOf({ title, name, covers, mark }: Pick<Part, 'title' | 'name' | 'covers' | 'mark'>): string {
  const head = name === '' ? title : `${title}: ${name}`;
  const ids = covers.length > 0 && !(covers.length === 1 && covers[0] === name) ? `\n${covers.join(', ')}` : '';
  return `${mark === undefined ? '' : `${mark}: `}${head}${ids}`;
}
