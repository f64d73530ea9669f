/** Below the picture: the journeys step by step, notes, and a legend. */
import type { Label, PanelColumn, PanelEntry, Rect } from './layout.ts';
import type { Scene } from './scene.ts';
import { labelAt } from './sheet.ts';

const gap = 24;
const padding = 16;
const narrowest = 260;

interface Entry extends Pick<PanelEntry, 'badge' | 'sample' | 'swatch'> {
  readonly text: string;
  readonly style?: 'title' | 'step';
}

interface Column {
  readonly heading: string;
  readonly journey?: PanelColumn['journey'];
  readonly entries: readonly Entry[];
}

export function placePanel(scene: Scene, space: Omit<Rect, 'h'>): { columns: PanelColumn[]; bottom: number } {
  const columns = columnsOf(scene);
  if (columns.length === 0) return { columns: [], bottom: space.y };
  const perRow = Math.min(columns.length, Math.max(1, Math.floor((space.w + gap) / (narrowest + gap))));
  const width = Math.floor((space.w - (perRow - 1) * gap) / perRow);
  const placed: PanelColumn[] = [];
  let y = space.y;
  for (let from = 0; from < columns.length; from += perRow) {
    const row = columns
      .slice(from, from + perRow)
      .map((column, index) => placeColumn(column, { x: space.x + index * (width + gap), y, w: width }));
    const height = Math.max(...row.map(({ h }) => h));
    placed.push(...row.map((column) => ({ ...column, h: height })));
    y += height + gap;
  }
  return { columns: placed, bottom: y - gap };
}

function placeColumn({ heading, journey, entries }: Column, { x, y, w }: Omit<Rect, 'h'>): PanelColumn {
  const head = labelAt({ x: x + padding, y: y + 12, width: w - 2 * padding }, [[heading, 'title']]);
  let at = y + 40;
  const placed: PanelEntry[] = [];
  for (const { text, style = 'step', ...mark } of entries) {
    const indent = mark.badge ? 28 : mark.sample || mark.swatch ? 56 : 0;
    const label: Label = labelAt({ x: x + padding + indent, y: at, width: w - 2 * padding - indent }, [
      [text, style, 9],
    ]);
    placed.push({ ...mark, at: { x: x + padding + (mark.badge ? 10 : 0), y: at + 8 }, label });
    at += label.h + 6;
  }
  return { x, y, w, h: at + 8 - y, heading: head, journey, entries: placed };
}

function columnsOf({ journeys, notes, links, compared }: Scene): Column[] {
  const columns: Column[] = journeys.map(({ name, title, steps }) => ({
    heading: `${name === 'site' ? 'The page' : 'The API'}${title === '' ? '' : `: ${title}`}`,
    journey: name,
    entries: steps.map(({ number, text }) => ({ badge: { journey: name, number }, text })),
  }));
  const has = (kind: string) => links.some((link) => link.kind === kind);
  const sample = (kind: (typeof links)[number]['kind'], text: string, { reply = false, both = false } = {}): Entry[] =>
    has(kind) ? [{ sample: { kind, reply, both, stopped: false }, text }] : [];
  const told = links.some(({ kind, both }) => kind === 'api' && both);
  const replied = links.find((link) => link.reply)?.kind;
  const legend: Entry[] = [
    ...(compared
      ? (['added', 'removed', 'replaced', 'changed'] as const).map((swatch) => ({ swatch, text: swatch }))
      : []),
    ...sample('site', 'Request for the page'),
    ...sample('api', 'Request to the API'),
    ...(replied === undefined ? [] : sample(replied, 'Its answer, by the same way', { reply: true })),
    ...sample('shared', 'For both'),
    ...sample('plain', told ? 'The same for others, there and back' : 'There and back', { both: true }),
    ...(links.some(({ stopped }) => stopped)
      ? [{ sample: { kind: 'api' as const, reply: false, both: false, stopped: true }, text: 'Stopped by a rule' }]
      : []),
    ...sample('outbound', 'Connections that machines open to the internet'),
  ];
  const title = { text: 'Lines', style: 'title' as const };
  if (notes.length > 0) {
    const entries = [...notes.map((text) => ({ text })), ...(legend.length > 0 ? [title, ...legend] : [])];
    columns.push({ heading: 'Notes', entries });
  } else if (legend.length > 0) columns.push({ heading: title.text, entries: legend });
  return columns;
}
