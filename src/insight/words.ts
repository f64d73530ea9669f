/** Numbers, times and names in words, alike on the screen and in reports. */

/** `12 ms`, `1.20 s` */
export function milliseconds(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** `17,400` */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}

/** Of a share in [0, 1]: `0.012 %`, `3.4 %`, `100 %` */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2)).toLocaleString('en-GB', { maximumSignificantDigits: 2 })} %`;
}

/** `1:02:03`, `2:03` */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** `A`, `A and B`, `A, B and C`; of many the first few. */
export function listed(names: Iterable<string>, most = 4): string {
  const all = [...new Set(names)];
  if (all.length > most) return `${all.slice(0, most).join(', ')} and ${all.length - most} more`;
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}
