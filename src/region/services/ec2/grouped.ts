/** Records by a key, in order of appearance (`Map.groupBy` came with Node 21). */
export function grouped<T>(records: Iterable<T>, keyOf: (record: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const record of records) {
    const key = keyOf(record);
    const group = groups.get(key);
    if (group) group.push(record);
    else groups.set(key, [record]);
  }
  return groups;
}
