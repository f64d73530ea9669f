/** Keys of the object index, and version ids that tell their place in it. */

export const orderOf = (nowMs: number) => Math.floor(nowMs) * 1024;
const highestOrder = Number.MAX_SAFE_INTEGER;
const idAlphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A version's id begins with its order, so that it can be found without a second index. */
export function versionIdOf(order: number, random: string): string {
  let digits = '';
  for (let left = order; digits.length < 9; left = Math.floor(left / 62)) digits = idAlphabet[left % 62] + digits;
  return digits + random;
}

/** Undefined for ids that cannot be ours. */
export function orderOfVersionId(versionId: string): number | undefined {
  if (!/^[0-9A-Za-z]{32}$/.test(versionId)) return undefined;
  let order = 0;
  for (const digit of versionId.slice(0, 9)) order = order * 62 + idAlphabet.indexOf(digit);
  return order <= highestOrder ? order : undefined;
}

/** Between the pieces of an index key. No piece holds it, or anything below it. */
export const separator = '\x05';
export const beyond = '\x06';

/** Keeps the separator and all below free, without changing the order. */
export function escapeKey(key: string): string {
  let clean = true;
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) <= 6) clean = false;
  if (clean) return key;
  return [...key].map((c) => (c <= '\x06' ? `\x06${String.fromCharCode(16 + c.charCodeAt(0))}` : c)).join('');
}
export const objectPath = (bucket: string, key: string) => `${bucket}${separator}o${escapeKey(key)}`;
export const versionPath = (bucket: string, key: string, order: number) =>
  `${bucket}${separator}v${escapeKey(key)}${separator}${age(order)}`;
export const manifestPath = (bucket: string, id: string | undefined) => `${bucket}${separator}m${id}`;
export const uploadPath = (bucket: string, key: string, uploadId: string) =>
  `${bucket}${separator}u${escapeKey(key)}${separator}${uploadId}`;
export const partPath = (bucket: string, uploadId: string, number: number) =>
  `${bucket}${separator}p${uploadId}${separator}${String(number).padStart(5, '0')}`;
export const age = (order: number) => (highestOrder - order).toString(16).padStart(14, '0');
