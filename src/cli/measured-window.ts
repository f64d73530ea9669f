/** Since when a running region has been measured, and what of it comes to a month. */

export const monthMs = 730 * 3_600_000;

/** Of the region's time. */
export interface RunningWindow {
  readonly fromMs: number;
  readonly toMs: number;
  /** Model seconds in a real one: what programs do in real time counts so often. */
  readonly timeScale: number;
}
