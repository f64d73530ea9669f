/** Colours, for day and night. Those of containers are AWS's conventions for diagrams. */
import type { BoxKind } from './layout.ts';
import type { LinkKind, Mark } from './scene.ts';

export type ThemeName = 'light' | 'dark' | 'auto';

export interface BoxStyle {
  readonly stroke: string;
  readonly fill: string;
  readonly dash?: string;
  readonly width: number;
}

export interface Palette {
  readonly paper: string;
  readonly ink: string;
  readonly muted: string;
  readonly panel: string;
  readonly panelEdge: string;
  readonly boxes: Readonly<Record<BoxKind, BoxStyle>>;
  readonly links: Readonly<Record<LinkKind, string>>;
  readonly marks: Readonly<Record<Mark, string>>;
  /** By the class of `lineColours`. */
  readonly lines: Readonly<Record<string, string>>;
}

const dashes = { dotted: '2 3', dashed: '6 4', short: '4 3' } as const;

export const light: Palette = {
  paper: '#FFFFFF',
  ink: '#16191F',
  muted: '#545B64',
  panel: '#F7F8FA',
  panelEdge: '#D5DBDB',
  boxes: {
    cloud: { stroke: '#232F3E', fill: 'none', width: 1.25 },
    region: { stroke: '#00A4A6', fill: 'none', dash: dashes.dotted, width: 1.25 },
    vpc: { stroke: '#8C4FFF', fill: 'none', width: 1.5 },
    zone: { stroke: '#147EBA', fill: 'none', dash: dashes.dashed, width: 1.25 },
    public: { stroke: '#7AA116', fill: '#F2F6E8', width: 1 },
    private: { stroke: '#00A4A6', fill: '#E6F6F7', width: 1 },
    group: { stroke: '#ED7100', fill: 'none', dash: dashes.dashed, width: 1.5 },
    securityGroup: { stroke: '#DD344C', fill: '#FFFFFF', dash: dashes.short, width: 1.25 },
    span: { stroke: '#879196', fill: '#FFFFFF', width: 1 },
    acl: { stroke: '#B79BFF', fill: '#F4EFFF', width: 1 },
    notModelled: { stroke: '#879196', fill: '#F7F8FA', dash: dashes.dashed, width: 1.25 },
  },
  links: { site: '#0972D3', api: '#16191F', shared: '#545B64', plain: '#7D8998', outbound: '#9BA7B6' },
  marks: { added: '#1D8102', removed: '#D13212', replaced: '#D97706', changed: '#0972D3' },
  lines: { networking: '#8C4FFF', management: '#E7157B', security: '#DD344C' },
};

export const dark: Palette = {
  paper: '#0F1720',
  ink: '#F2F3F3',
  muted: '#B6BEC9',
  panel: '#16212D',
  panelEdge: '#33414F',
  boxes: {
    cloud: { stroke: '#AEB8C4', fill: 'none', width: 1.25 },
    region: { stroke: '#3CC4C6', fill: 'none', dash: dashes.dotted, width: 1.25 },
    vpc: { stroke: '#A97BFF', fill: 'none', width: 1.5 },
    zone: { stroke: '#5AA9DD', fill: 'none', dash: dashes.dashed, width: 1.25 },
    public: { stroke: '#8FBF1A', fill: '#1A2618', width: 1 },
    private: { stroke: '#2DB9BB', fill: '#11272E', width: 1 },
    group: { stroke: '#FF9433', fill: 'none', dash: dashes.dashed, width: 1.5 },
    securityGroup: { stroke: '#F2647A', fill: '#131D27', dash: dashes.short, width: 1.25 },
    span: { stroke: '#8D99A8', fill: '#131D27', width: 1 },
    acl: { stroke: '#7A5BC4', fill: '#211A38', width: 1 },
    notModelled: { stroke: '#8D99A8', fill: '#16212D', dash: dashes.dashed, width: 1.25 },
  },
  links: { site: '#4DA3F5', api: '#F2F3F3', shared: '#B6BEC9', plain: '#8D99A8', outbound: '#6E7C8C' },
  marks: { added: '#6CC04A', removed: '#FF7A66', replaced: '#F5A742', changed: '#4DA3F5' },
  lines: { networking: '#B18BFF', management: '#FF5FA8', security: '#FF6B80' },
};

/** Of icons that are drawn in lines, and what they are called in style sheets. */
export const lineColours: Readonly<Record<string, string>> = {
  '#8c4fff': 'networking',
  '#e7157b': 'management',
  '#dd344c': 'security',
};

/** What a label of a container is written in. */
export const labelledBoxes: readonly BoxKind[] = [
  'cloud',
  'region',
  'vpc',
  'zone',
  'public',
  'private',
  'group',
  'securityGroup',
  'acl',
  'notModelled',
];

export const markSigns: Readonly<Record<Mark, string>> = { added: '+', removed: '−', replaced: '↻', changed: '~' };
