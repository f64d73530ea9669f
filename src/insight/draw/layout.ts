/** A picture with a place for everything, in whole pixels, from the top left corner. What the writers write. */
import type { GroupIcon, IconName } from './icons.ts';
import type { Journey, JourneyName, LinkKind, Mark } from './scene.ts';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** `title`: bold; `name`: below it, paler; `group`: of a container, in its colour. */
export type TextStyle = 'title' | 'name' | 'group' | 'groupName' | 'heading' | 'step';

export const faces = {
  title: { size: 13, bold: true, line: 17 },
  name: { size: 12, bold: false, line: 15 },
  group: { size: 13, bold: true, line: 17 },
  groupName: { size: 12, bold: false, line: 15 },
  heading: { size: 20, bold: true, line: 26 },
  step: { size: 13, bold: false, line: 18 },
} as const satisfies Readonly<Record<TextStyle, { size: number; bold: boolean; line: number }>>;

export interface TextLine {
  readonly text: string;
  readonly style: TextStyle;
}

/** Its rectangle holds all lines, in every usual font. */
export interface Label extends Rect {
  readonly align: 'start' | 'middle';
  readonly lines: readonly TextLine[];
  /** Of a container's colour. */
  readonly on?: BoxKind;
  /** Over a border, which is not to be seen through the letters. */
  readonly covers?: boolean;
}

export type BoxKind =
  | 'cloud'
  | 'region'
  | 'vpc'
  | 'zone'
  | 'public'
  | 'private'
  | 'group'
  | 'securityGroup'
  | 'span'
  | 'acl'
  | 'notModelled';

export interface Box extends Rect {
  readonly key: string;
  readonly kind: BoxKind;
  /** The box that holds it. */
  readonly parent: string | undefined;
  readonly label: Label | undefined;
  /** For a person who points at it: all that it stands for. */
  readonly tip: string;
  readonly mark: Mark | undefined;
}

/** AWS's icon of a container, in its upper left corner. */
export function cornerOf({ kind }: Pick<Box, 'kind'>): { readonly icon: GroupIcon; readonly size: number } | undefined {
  if (kind === 'cloud' || kind === 'region' || kind === 'vpc') return { icon: kind, size: 32 };
  if (kind === 'public' || kind === 'private') return { icon: kind, size: 24 };
  return kind === 'group' ? { icon: 'autoScaling', size: 24 } : undefined;
}

/** An icon with its label, or a plain box with its label inside. */
export interface Shape extends Rect {
  readonly key: string;
  readonly icon: IconName;
  readonly parent: string | undefined;
  readonly label: Label;
  readonly tip: string;
  readonly mark: Mark | undefined;
  readonly faded: boolean;
}

export interface PlacedBadge {
  readonly journey: JourneyName;
  readonly number: number;
  /** Its centre. */
  readonly at: Point;
}

export interface Path {
  /** Keys of boxes or shapes. */
  readonly from: string;
  readonly to: string;
  readonly kind: LinkKind;
  readonly reply: boolean;
  readonly both: boolean;
  readonly stopped: boolean;
  /** Corners, in the direction of the arrow. */
  readonly points: readonly Point[];
  readonly badges: readonly PlacedBadge[];
  readonly tip: string;
  readonly mark: Mark | undefined;
}

/** Below the picture: the steps in words, notes, and what the lines mean. */
export interface PanelEntry {
  readonly badge?: { readonly journey: JourneyName; readonly number: number };
  /** A line as it is drawn in the picture. */
  readonly sample?: {
    readonly kind: LinkKind;
    readonly reply: boolean;
    readonly both: boolean;
    readonly stopped: boolean;
  };
  readonly swatch?: Mark;
  readonly at: Point;
  readonly label: Label;
}

export interface PanelColumn extends Rect {
  readonly heading: Label;
  readonly journey: Journey['name'] | undefined;
  readonly entries: readonly PanelEntry[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly title: Label;
  /** What the picture is of, in a sentence. */
  readonly description: string;
  /** Containers first. */
  readonly boxes: readonly Box[];
  readonly shapes: readonly Shape[];
  readonly paths: readonly Path[];
  readonly panel: readonly PanelColumn[];
}

/** Radius of a badge in the picture. */
export const badgeRadius = 9;
