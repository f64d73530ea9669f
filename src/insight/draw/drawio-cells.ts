/** Cells of draw.io's graph model: https://www.drawio.com/doc/faq/diagram-source-edit */
import type { Point, Rect } from './layout.ts';
import { element } from './xml.ts';

export interface Named {
  readonly id: string;
  /** HTML. */
  readonly label: string;
  /** Shown when pointed at. */
  readonly tip: string;
}

export function layer(id: string, name: string): string {
  return element('mxCell', { id, value: name, parent: '0' });
}

export function cell({ id, label, tip }: Named, style: string, parent: string, rect: Rect): string {
  const geometry = element('mxGeometry', { x: rect.x, y: rect.y, width: rect.w, height: rect.h, as: 'geometry' });
  return named(id, label, tip, { style, vertex: 1, parent }, geometry);
}

export function edgeCell(
  { id, label, tip }: Named,
  style: string,
  parent: string,
  ends: { readonly from: string; readonly to: string },
  corners: readonly Point[],
): string {
  const points = corners.map(({ x, y }) => element('mxPoint', { x, y })).join('');
  const array = points === '' ? '' : element('Array', { as: 'points' }, points);
  const geometry = element('mxGeometry', { relative: 1, as: 'geometry' }, array);
  return named(id, label, tip, { style, edge: 1, parent, source: ends.from, target: ends.to }, geometry);
}

/** One with a tooltip is an object around its cell. */
function named(
  id: string,
  label: string,
  tip: string,
  attributes: Readonly<Record<string, string | number>>,
  geometry: string,
): string {
  if (tip === '') return element('mxCell', { id, value: label, ...attributes }, geometry);
  return element('object', { label, tooltip: tip, id }, element('mxCell', attributes, geometry));
}

export const cells = {
  /** It moves with its arrow; `at` from -1, the arrow's begin, to 1. */
  onEdge(id: string, label: string, style: string, edge: string, at: number, size: number): string {
    const offset = element('mxPoint', { x: -size / 2, y: -size / 2, as: 'offset' });
    const geometry = element(
      'mxGeometry',
      { x: at, y: 0, width: size, height: size, relative: 1, as: 'geometry' },
      offset,
    );
    return element('mxCell', { id, value: label, style, vertex: 1, connectable: 0, parent: edge }, geometry);
  },

  freeEdge(id: string, style: string, parent: string, [from, to]: readonly [Point, Point]): string {
    const points =
      element('mxPoint', { ...from, as: 'sourcePoint' }) + element('mxPoint', { ...to, as: 'targetPoint' });
    const geometry = element('mxGeometry', { relative: 1, as: 'geometry' }, points);
    return element('mxCell', { id, style, edge: 1, parent }, geometry);
  },
};
