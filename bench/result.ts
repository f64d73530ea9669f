/** What a scenario found out, and how that stands to what was aimed at. */

export interface Row {
  /** `Orrery`, `nginx`, `moto_server`… */
  readonly who: string;
  readonly what: string;
  /** With its unit: `12,345 /s`. */
  readonly value: string;
  readonly more?: string;
}

export interface Aim {
  readonly aim: string;
  readonly measured: string;
  readonly met: boolean;
}

export interface Result {
  readonly title: string;
  readonly how: string;
  readonly rows: readonly Row[];
  readonly aims: readonly Aim[];
  /** What could not be measured here, and what to install. */
  readonly missing: readonly string[];
}

export interface Settings {
  /** Seconds of each run under load. */
  readonly seconds: number;
  /** Runs of which the middle one counts. */
  readonly times: number;
}

export type Scenario = (settings: Settings) => Promise<Result>;

export const perSecond = (value: number) => `${Math.round(value).toLocaleString('en-US')} /s`;
export const inSeconds = (value: number) => `${value.toFixed(2)} s`;
export const ratio = (a: number, b: number) => `${(a / b).toFixed(2)} ×`;

interface LoadFigures {
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly spreadPercent: number;
  readonly failedPercent?: number;
}

export function loadText({ p50, p99, spreadPercent, failedPercent }: LoadFigures): string {
  const failed =
    failedPercent === undefined ? '' : `, ${failedPercent.toFixed(0)} % of all failed, which are not counted`;
  return `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ±${(spreadPercent / 2).toFixed(0)} %${failed}`;
}
