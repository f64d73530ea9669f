/** The style sheet of an SVG picture: plain colours in rules, which every viewer understands, and the night's over them. */
import { faces } from './layout.ts';
import { dark, labelledBoxes, light, type Palette, type ThemeName } from './theme.ts';

export function styleSheet(theme: ThemeName): string {
  const day = theme === 'dark' ? dark : light;
  const night = theme === 'auto' ? `@media (prefers-color-scheme: dark){${colours(dark)}}` : '';
  return `${forms()}${colours(day)}${night}`;
}

function forms(): string {
  const texts = Object.entries(faces).map(
    ([style, { size, bold }]) => `.${style}{font-size:${size}px${bold ? ';font-weight:700' : ''}}`,
  );
  return [
    `text{font-family:"Amazon Ember",Arial,Helvetica,"Liberation Sans",sans-serif}`,
    ...texts,
    '.link{fill:none;stroke-width:1.5}',
    '.link.site,.link.api{stroke-width:2}',
    '.link.outbound{stroke-width:1.25}',
    '.link.reply{stroke-dasharray:5 4}',
    '.link.outbound{stroke-dasharray:2 3}',
    '.target{fill:none;pointer-events:all}',
    '.faded{opacity:.4}',
    '.over{paint-order:stroke;stroke-width:5px;stroke-linejoin:round}',
    '.number{font-size:11px;font-weight:700}',
    '.halo{fill:none;stroke-width:2.5}',
    '.halo.removed,.box.removed,.link.removed{stroke-dasharray:6 4}',
    '.part.removed use,.part.removed text{opacity:.55}',
  ].join('');
}

function colours({ paper, ink, muted, panel, panelEdge, boxes, links, marks, lines }: Palette): string {
  const rules = [
    `.paper{fill:${paper}}`,
    `.ink,.title,.heading,.step{fill:${ink}}`,
    `.name{fill:${muted}}`,
    `.panel{fill:${panel};stroke:${panelEdge}}`,
    `.plain-part{fill:${paper};stroke:${muted};stroke-width:1.25}`,
    `.number{fill:${paper}}`,
    `.over{stroke:${paper}}`,
  ];
  for (const [kind, { stroke, fill, dash, width }] of Object.entries(boxes)) {
    const dashed = dash === undefined ? '' : `;stroke-dasharray:${dash}`;
    rules.push(`.box.${kind}{stroke:${stroke};fill:${fill};stroke-width:${width}${dashed}}`);
  }
  for (const kind of labelledBoxes)
    rules.push(`.on-${kind}{fill:${kind === 'acl' ? boxes.vpc.stroke : boxes[kind].stroke}}`);
  rules.push(`.groupName{fill:${muted}}`, `.groupName.on-securityGroup{fill:${boxes.securityGroup.stroke}}`);
  for (const [kind, colour] of Object.entries(links))
    rules.push(`.link.${kind}{stroke:${colour}}.head.${kind},.badge.${kind},.rule.${kind}{fill:${colour}}`);
  rules.push(`.link.stopped{stroke:${marks.removed}}.head.stopped{fill:${marks.removed}}`);
  for (const [name, colour] of Object.entries(lines)) rules.push(`.${name}{fill:${colour}}`);
  for (const [mark, colour] of Object.entries(marks)) {
    rules.push(`.halo.${mark},.box.${mark},.link.${mark}{stroke:${colour}}.sign.${mark}{fill:${colour}}`);
  }
  return rules.join('');
}
