/** Neighbouring columns together: `[0, 1, 3]` is from 0 to 1, and 3. */
export function runsOf(columns: readonly number[]): (readonly [from: number, to: number])[] {
  const runs: [number, number][] = [];
  for (const column of columns) {
    const last = runs.at(-1);
    if (last && last[1] === column - 1) last[1] = column;
    else runs.push([column, column]);
  }
  return runs;
}
