/** What a page of plots shows: the same for a surge that was sent and for a simulation. Plain data. */

export type Point = readonly [atSeconds: number, value: number];

export interface Series {
  readonly name: string;
  /** In the order of time. Any number: the page is given at most 2,000 of them, peaks kept. */
  readonly points: readonly Point[];
}

export interface Plot {
  readonly title: string;
  /** `requests per second`, `ms`, `%` */
  readonly unit: string;
  /** `log`: for values over several powers of ten; those of 0 and less are left out. */
  readonly axis: 'linear' | 'log';
  /** `step`: each value holds until the next. The first series of an `area` or a `step` is filled. */
  readonly shape: 'line' | 'area' | 'step';
  readonly series: readonly Series[];
  /** The axis begins at 0 and goes to this at least. */
  readonly atLeast?: number;
  /** Of what should not be. */
  readonly bad?: boolean;
  /** Whether the markers are shown on it. */
  readonly marked?: boolean;
}

export interface Band {
  readonly name: string;
  /** The full name, or what else there is to say. */
  readonly detail: string;
  /** Each state holds until the next. */
  readonly changes: readonly { readonly atSeconds: number; readonly state: 'ok' | 'alarm' | 'unknown' }[];
}

export interface Marker {
  readonly atSeconds: number;
  readonly tone: Tone;
  readonly text: string;
  readonly detail?: string;
}

export type Tone = 'plain' | 'good' | 'bad';

export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly tone?: Tone;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly { readonly name: string; readonly numbers?: boolean }[];
  readonly rows: readonly (readonly string[])[];
}

export interface Report {
  readonly title: string;
  /** What was tried, and where. */
  readonly subtitle: string;
  readonly facts: readonly Fact[];
  /** The time axis is from 0 to this, in seconds of model time. */
  readonly seconds: number;
  readonly plots: readonly Plot[];
  /** Under the plots, by the same time axis. */
  readonly bands: { readonly title: string; readonly rows: readonly Band[] };
  readonly markers: readonly Marker[];
  readonly tables: readonly Table[];
  /** What the reader must know to read it right. */
  readonly notes: readonly string[];
}
