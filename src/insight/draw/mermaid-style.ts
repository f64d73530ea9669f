/**
 * Colours of a Mermaid diagram. The page that it is in has a theme of its own, light or dark: containers have borders
 * alone, in the colours of AWS's conventions that are seen on both, and letters keep the theme's.
 */
import type { BoxKind } from './layout.ts';
import type { Link, Mark } from './scene.ts';
import { light } from './theme.ts';

export type MermaidClass = Exclude<BoxKind, 'span'> | Mark | 'faded' | 'unframed';

/** Of dark ink in light pictures, and of light ink in dark ones. */
const onBoth: Partial<Record<BoxKind, string>> = { cloud: '#879196' };

function definitionOf(name: MermaidClass): string {
  if (name === 'unframed') return 'fill:none,stroke:none';
  if (name === 'faded') return 'opacity:0.5';
  if (isMark(name))
    return `stroke:${light.marks[name]},stroke-width:3px${name === 'removed' ? ',stroke-dasharray:6 4' : ''}`;
  const { stroke, dash } = light.boxes[name];
  return `fill:none,stroke:${onBoth[name] ?? stroke}${dash === undefined ? '' : `,stroke-dasharray:${dash}`}`;
}

function isMark(name: MermaidClass): name is Mark {
  return name in light.marks;
}

/** Of each class that is used; the last that is defined counts, and marks are. */
export function classLines(used: ReadonlyMap<MermaidClass, readonly string[]>): string[] {
  const byKind = [...used].sort(([a], [b]) => Number(isMark(a)) - Number(isMark(b)));
  return byKind.flatMap(([name, ids]) => [`classDef ${name} ${definitionOf(name)}`, `class ${ids.join(',')} ${name}`]);
}

/** Of arrows, by their number from 0 on: the page's are blue, and what a change does is marked. */
export function arrowLines(links: readonly Link[]): string[] {
  const byStyle = new Map<string, number[]>();
  for (const [index, { kind, mark, stopped }] of links.entries()) {
    const shown = mark ?? (stopped ? 'removed' : undefined);
    const style =
      shown !== undefined ? `stroke:${light.marks[shown]}` : kind === 'site' ? `stroke:${light.links.site}` : '';
    if (style !== '') byStyle.set(style, [...(byStyle.get(style) ?? []), index]);
  }
  return [...byStyle].map(([style, indices]) => `linkStyle ${indices.join(',')} ${style}`);
}
