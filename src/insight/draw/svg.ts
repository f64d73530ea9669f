/** The picture as SVG: one file, with the icons that it uses and nothing from elsewhere, for day and night. */
import { type GroupIcon, groupDrawing, type IconName, iconDrawing, iconOf } from './icons.ts';
import type { Box, Label, Layout, PanelColumn, PanelEntry, Path, Point, Shape } from './layout.ts';
import { badgeRadius, cornerOf, faces } from './layout.ts';
import type { LinkKind, Mark } from './scene.ts';
import { styleSheet } from './svg-style.ts';
import { lineColours, markSigns, type ThemeName } from './theme.ts';
import { element, escaped } from './xml.ts';

export function svgOf(layout: Layout, theme: ThemeName = 'auto'): string {
  const { width, height, title, description, boxes, shapes, paths, panel } = layout;
  const heading = title.lines.map(({ text }) => text).join(' ');
  const icons = new Set(shapes.flatMap(({ icon }) => (icon === 'plain' ? [] : [icon])));
  const groups = new Set(boxes.flatMap((box) => cornerOf(box)?.icon ?? []));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escaped(heading)}</title>`,
    `<desc id="description">${escaped(description)}</desc>`,
    `<style>${styleSheet(theme)}</style>`,
    `<defs>${[...arrowheads(), ...[...icons].sort().map(iconSymbol), ...[...groups].sort().map(groupSymbol)].join('\n')}</defs>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...boxes.map(boxShape),
    ...paths.map(pathLine),
    ...shapes.map(shapeIcon),
    ...boxes.map((box) => (box.label ? labelText(box.label, box.kind) : '')),
    ...paths.flatMap(({ badges }) => badges.map(({ journey, number, at }) => badge(journey, number, at))),
    ...[...boxes, ...shapes].map(markBadge),
    labelText(title),
    ...panel.map(panelColumn),
    '</svg>',
  ]
    .filter((line) => line !== '')
    .join('\n')
    .concat('\n');
}

function iconSymbol(name: IconName): string {
  if (name === 'plain') return '';
  const { viewBox, body } = iconDrawing(name);
  // General icons are drawn in ink and those of resources in lines, which are paler at night.
  const inked = body.replace(/fill="#(242f3e|232f3e)"/gi, 'class="ink"');
  const lines = Object.entries(lineColours).reduce(
    (text, [colour, colourClass]) => text.replaceAll(`fill="${colour}"`, `class="${colourClass}"`),
    inked,
  );
  return element('symbol', { id: `icon-${name}`, viewBox }, iconOf(name).square ? body : lines);
}

function groupSymbol(name: GroupIcon): string {
  const { viewBox, body } = groupDrawing(name);
  return element('symbol', { id: `group-${name}`, viewBox }, body);
}

function boxShape(box: Box): string {
  const { x, y, w, h, kind, mark, tip } = box;
  const corner = cornerOf(box);
  const rounded = kind === 'securityGroup' || kind === 'span' || kind === 'acl' ? 4 : undefined;
  const rect = element(
    'rect',
    { x, y, width: w, height: h, rx: rounded, class: classes('box', kind, mark) },
    `<title>${escaped(tip)}</title>`,
  );
  const icon =
    corner && element('use', { href: `#group-${corner.icon}`, x, y, width: corner.size, height: corner.size });
  return rect + (icon ?? '');
}

function shapeIcon({ key, icon, x, y, w, h, label, tip, mark, faded }: Shape): string {
  const drawn =
    icon === 'plain'
      ? element('rect', { x, y, width: w, height: h, rx: 4, class: 'plain-part' })
      : element('use', { href: `#icon-${icon}`, x, y, width: w, height: h });
  // Where a person points at: icons have holes.
  const target = element('rect', { x, y, width: w, height: h, class: 'target' });
  const halo = mark
    ? element('rect', { x: x - 3, y: y - 3, width: w + 6, height: h + 6, rx: 5, class: classes('halo', mark) })
    : '';
  const content = `<title>${escaped(tip)}</title>${halo}${drawn}${target}${labelText(label)}`;
  return element('g', { class: classes('part', faded ? 'faded' : undefined, mark), 'data-key': key }, content);
}

function labelText({ x, y, w, align, lines, on, covers }: Label, container = on): string {
  const className = classes(container && `on-${container}`, covers ? 'over' : undefined);
  let top = y;
  return lines
    .map(({ text, style }) => {
      const { size, line } = faces[style];
      const baseline = top + Math.round((line + size * 0.72) / 2);
      top += line;
      const at = align === 'middle' ? x + w / 2 : x;
      const anchor = align === 'middle' ? 'middle' : undefined;
      return element(
        'text',
        { x: at, y: baseline, 'text-anchor': anchor, class: classes(style, className) },
        escaped(text),
      );
    })
    .join('');
}

const kinds: readonly LinkKind[] = ['site', 'api', 'shared', 'plain', 'outbound'];

function arrowheads(): string[] {
  return [...kinds, 'stopped'].map((kind) =>
    element(
      'marker',
      {
        id: `head-${kind}`,
        viewBox: '0 0 10 10',
        refX: 9,
        refY: 5,
        markerWidth: 9,
        markerHeight: 9,
        markerUnits: 'userSpaceOnUse',
        orient: 'auto-start-reverse',
      },
      element('path', { d: 'M0 1L10 5L0 9z', class: `head ${kind}` }),
    ),
  );
}

function pathLine({ points, kind, reply, both, stopped, tip, mark }: Path): string {
  const head = `url(#head-${stopped ? 'stopped' : kind})`;
  return element(
    'path',
    {
      d: rounded(points),
      class: classes('link', kind, reply ? 'reply' : undefined, stopped ? 'stopped' : undefined, mark),
      'marker-end': head,
      'marker-start': both ? head : undefined,
    },
    `<title>${escaped(tip)}</title>`,
  );
}

const cornerRadius = 6;

function rounded(points: readonly Point[]): string {
  const [first] = points;
  if (!first) return '';
  const parts = [`M${first.x} ${first.y}`];
  for (const [index, point] of points.entries()) {
    const [before, after] = [points[index - 1], points[index + 1]];
    if (!before) continue;
    if (!after) {
      parts.push(`L${point.x} ${point.y}`);
      continue;
    }
    const enter = towards(point, before);
    const leave = towards(point, after);
    parts.push(`L${enter.x} ${enter.y}Q${point.x} ${point.y} ${leave.x} ${leave.y}`);
  }
  return parts.join('');
}

function towards(from: Point, to: Point): Point {
  const length = Math.abs(to.x - from.x) + Math.abs(to.y - from.y);
  const by = Math.min(cornerRadius, Math.floor(length / 2));
  return { x: from.x + Math.sign(to.x - from.x) * by, y: from.y + Math.sign(to.y - from.y) * by };
}

/** The page's numbers are round, the API's have corners: told apart without their colours. */
function badge(journey: 'site' | 'api', number: number, { x, y }: Point): string {
  const r = badgeRadius;
  const shape =
    journey === 'site'
      ? element('circle', { cx: x, cy: y, r, class: `badge ${journey}` })
      : element('rect', { x: x - r, y: y - r, width: 2 * r, height: 2 * r, rx: 4, class: `badge ${journey}` });
  return shape + element('text', { x, y: y + 4, 'text-anchor': 'middle', class: 'number' }, String(number));
}

function markBadge(one: Box | Shape): string {
  const { x, y, w, mark } = one;
  if (!mark) return '';
  // On the side where no label is.
  const at = { x: 'icon' in one && one.label.x >= x + w ? x : x + w, y };
  return (
    element('circle', { cx: at.x, cy: at.y, r: 8, class: `sign ${mark}` }) +
    element('text', { x: at.x, y: at.y + 4, 'text-anchor': 'middle', class: 'number' }, markSigns[mark])
  );
}

function panelColumn({ x, y, w, h, heading, journey, entries }: PanelColumn): string {
  const rect = element('rect', { x, y, width: w, height: h, rx: 6, class: 'panel' });
  const rule = journey ? element('rect', { x, y: y + 8, width: 4, height: 24, class: `rule ${journey}` }) : '';
  const rows = entries.map(({ badge: number, sample, swatch, at, label }) => {
    const mark = number ? badge(number.journey, number.number, at) : sample ? sampleLine(sample, at) : '';
    return mark + (swatch ? swatchBox(swatch, at) : '') + labelText(label);
  });
  return rect + rule + labelText(heading) + rows.join('');
}

function sampleLine({ kind, reply, both, stopped }: NonNullable<PanelEntry['sample']>, { x, y }: Point): string {
  const head = `url(#head-${stopped ? 'stopped' : kind})`;
  return element('path', {
    d: `M${x} ${y}L${x + 44} ${y}`,
    class: classes('link', kind, reply ? 'reply' : undefined, stopped ? 'stopped' : undefined),
    'marker-end': head,
    'marker-start': both ? head : undefined,
  });
}

function swatchBox(mark: Mark, { x, y }: Point): string {
  return element('rect', { x, y: y - 7, width: 40, height: 14, rx: 4, class: classes('halo', mark) });
}

function classes(...names: readonly (string | undefined)[]): string {
  return names.filter((name) => name !== undefined && name !== '').join(' ');
}
