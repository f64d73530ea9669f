/** Fewer points that look the same: of each stretch of time the least and the greatest value stay. */
import type { Point } from './report.ts';

export const mostPoints = 2_000;

export function downsample(points: readonly Point[], most = mostPoints): readonly Point[] {
  const first = points[0];
  const last = points.at(-1);
  if (points.length <= most || !first || !last) return points;
  // The ends stay; each stretch between them gives two.
  const stretches = Math.max(1, Math.floor((most - 2) / 2));
  const kept: Point[] = [first];
  const inner = points.length - 2;
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = 1 + Math.floor((stretch * inner) / stretches);
    const to = 1 + Math.floor(((stretch + 1) * inner) / stretches);
    let least = from;
    let greatest = from;
    for (let i = from; i < to; i++) {
      if (valueAt(points, i) < valueAt(points, least)) least = i;
      if (valueAt(points, i) > valueAt(points, greatest)) greatest = i;
    }
    for (const i of least === greatest ? [least] : [Math.min(least, greatest), Math.max(least, greatest)]) {
      const point = points[i];
      if (point) kept.push(point);
    }
  }
  kept.push(last);
  return kept;
}

function valueAt(points: readonly Point[], index: number): number {
  return points[index]?.[1] ?? Number.NaN;
}
