/** Styles of draw.io: those of its own AWS library, so that a shape that is drawn by hand looks the same. */
import { iconOf, icons } from './icons.ts';
import type { Box, Path, Point, Shape } from './layout.ts';
import type { Mark } from './scene.ts';
import { lineColours, type Palette } from './theme.ts';

type Style = Readonly<Record<string, string | number | undefined>>;

function styled(style: Style, first = ''): string {
  const pairs = Object.entries(style).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  return `${[first, ...pairs].filter((one) => one !== '').join(';')};`;
}

const container: Style = {
  html: 1,
  whiteSpace: 'wrap',
  container: 1,
  collapsible: 0,
  recursiveResize: 0,
  pointerEvents: 0,
  verticalAlign: 'top',
  align: 'left',
};

const corners: Partial<Record<Box['kind'], string>> = {
  cloud: 'group_aws_cloud_alt',
  region: 'group_region',
  vpc: 'group_vpc2',
  public: 'group_security_group',
  private: 'group_security_group',
  group: 'group_auto_scaling_group',
};

/** `left` and `right` are shifted to where the label is. */
const labelPlaces = {
  inside: { align: 'left', verticalAlign: 'middle', spacingLeft: 8 },
  below: { align: 'center', labelPosition: 'center', verticalLabelPosition: 'bottom', verticalAlign: 'top' },
  above: { align: 'center', labelPosition: 'center', verticalLabelPosition: 'top', verticalAlign: 'bottom' },
  left: { align: 'left', labelPosition: 'left', verticalLabelPosition: 'middle', verticalAlign: 'top' },
  right: { align: 'left', labelPosition: 'right', verticalLabelPosition: 'middle', verticalAlign: 'top' },
} as const;

/** From the edge of the area beside a shape that is its label's in draw.io, which adds 2 pixels of its own. */
function shift({ x, y, w, label }: Shape, side: keyof typeof labelPlaces): Style {
  if (side !== 'left' && side !== 'right') return {};
  const edge = side === 'left' ? x - w : x + w;
  return { spacingLeft: label.x - edge - 2, spacingTop: label.y - y - 4 };
}

export class DrawioStyle {
  readonly #palette: Palette;

  constructor(palette: Palette) {
    this.#palette = palette;
  }

  box({ kind, label }: Box): string {
    const { stroke, fill, dash, width } = this.#palette.boxes[kind];
    const lines: Style = {
      strokeColor: stroke,
      fillColor: fill,
      strokeWidth: width,
      dashed: dash === undefined ? 0 : 1,
      dashPattern: dash,
      fontColor: stroke,
    };
    const corner = corners[kind];
    if (corner === undefined) {
      const middle = label?.align === 'middle';
      const rounded = kind === 'zone' || kind === 'notModelled' ? 0 : 1;
      const own: Style = {
        rounded,
        arcSize: 4,
        absoluteArcSize: 1,
        spacingLeft: middle ? 0 : 6,
        spacingTop: middle ? 6 : 0,
      };
      return styled({ ...container, ...lines, ...own, ...(middle ? { align: 'center' } : {}) });
    }
    const subnet = kind === 'public' || kind === 'private';
    return styled({
      outlineConnect: 0,
      gradientColor: 'none',
      ...container,
      shape: 'mxgraph.aws4.group',
      grIcon: `mxgraph.aws4.${corner}`,
      // A subnet's icon is a filled square; its border is thin.
      ...(subnet ? { grStroke: 0 } : {}),
      ...lines,
      spacingLeft: 34,
      spacingTop: subnet || kind === 'group' ? -4 : 2,
    });
  }

  shape(placed: Shape, side: keyof typeof labelPlaces, mark: Mark | undefined): string {
    const { icon, faded, label } = placed;
    const common: Style = {
      html: 1,
      ...labelPlaces[side],
      ...shift(placed, side),
      fontColor: mark === undefined ? this.#palette.ink : this.#palette.marks[mark],
      labelBackgroundColor: label.covers ? this.#palette.paper : undefined,
      opacity: faded ? 40 : undefined,
      textOpacity: faded ? 40 : undefined,
    };
    if (icon === 'plain')
      return styled({
        rounded: 1,
        arcSize: 4,
        absoluteArcSize: 1,
        fillColor: this.#palette.paper,
        strokeColor: this.#palette.muted,
        ...common,
      });
    const { shape, square, colour } = iconOf(icon);
    return styled({
      sketch: 0,
      outlineConnect: 0,
      gradientColor: 'none',
      fillColor: square ? colour : this.#lineColour(colour),
      strokeColor: square ? '#ffffff' : 'none',
      dashed: 0,
      aspect: 'fixed',
      ...common,
      ...(square
        ? { shape: 'mxgraph.aws4.resourceIcon', resIcon: `mxgraph.aws4.${shape}` }
        : { pointerEvents: 1, shape: `mxgraph.aws4.${shape}` }),
    });
  }

  edge(
    { kind, reply, both, stopped, mark }: Pick<Path, 'kind' | 'reply' | 'both' | 'stopped' | 'mark'>,
    exit?: Point,
    entry?: Point,
  ): string {
    const heads = { endArrow: stopped ? 'cross' : 'block', endFill: 1, endSize: 5, startSize: 5 };
    return styled({
      edgeStyle: 'orthogonalEdgeStyle',
      rounded: 1,
      html: 1,
      jettySize: 'auto',
      orthogonalLoop: 1,
      strokeColor:
        mark !== undefined
          ? this.#palette.marks[mark]
          : stopped
            ? this.#palette.marks.removed
            : this.#palette.links[kind],
      strokeWidth: kind === 'site' || kind === 'api' ? 2 : 1.5,
      dashed: reply || kind === 'outbound' || mark === 'removed' ? 1 : 0,
      dashPattern: reply ? '5 4' : kind === 'outbound' ? '2 3' : undefined,
      ...heads,
      startArrow: both ? 'block' : 'none',
      startFill: both ? 1 : 0,
      ...(exit ? { exitX: exit.x, exitY: exit.y, exitDx: 0, exitDy: 0, exitPerimeter: 0 } : {}),
      ...(entry ? { entryX: entry.x, entryY: entry.y, entryDx: 0, entryDy: 0, entryPerimeter: 0 } : {}),
    });
  }

  badge(journey: 'site' | 'api'): string {
    const shape = journey === 'site' ? 'ellipse' : '';
    return styled(
      {
        html: 1,
        whiteSpace: 'wrap',
        rounded: journey === 'site' ? 0 : 1,
        fillColor: this.#palette.links[journey],
        strokeColor: 'none',
        fontColor: this.#palette.paper,
        fontSize: 11,
        fontStyle: 1,
        align: 'center',
        verticalAlign: 'middle',
        spacing: 0,
      },
      shape,
    );
  }

  halo(mark: Mark | undefined): string {
    return styled({
      rounded: 1,
      arcSize: 5,
      absoluteArcSize: 1,
      fillColor: 'none',
      strokeColor: mark === undefined ? this.#palette.muted : this.#palette.marks[mark],
      strokeWidth: 3,
      dashed: mark === 'removed' ? 1 : 0,
      pointerEvents: 0,
    });
  }

  panel(): string {
    return styled({
      rounded: 1,
      arcSize: 6,
      absoluteArcSize: 1,
      fillColor: this.#palette.panel,
      strokeColor: this.#palette.panelEdge,
      container: 1,
      collapsible: 0,
    });
  }

  text(align: 'start' | 'middle', size: number): string {
    return styled(
      {
        html: 1,
        whiteSpace: 'wrap',
        align: align === 'start' ? 'left' : 'center',
        // Letters of other fonts and sizes stay beside their number.
        verticalAlign: 'middle',
        fontSize: size,
        fontColor: this.#palette.ink,
        spacing: 0,
        strokeColor: 'none',
        fillColor: 'none',
      },
      'text',
    );
  }

  /** Of an icon that is drawn in lines. */
  #lineColour(colour: string): string {
    const known = lineColours[colour.toLowerCase()];
    if (known !== undefined) return this.#palette.lines[known] ?? colour;
    return colour === icons.users.colour ? this.#palette.ink : colour;
  }
}
