/** Elements, made without markup: what people wrote goes in as text and nowhere else. */

const svgNames = new Set(['svg', 'path', 'rect', 'circle', 'line', 'g']);

/**
 * `el('a', { class: 'x', href: '/', onclick: go }, 'text', child)`. Properties that begin with `on` are listeners,
 * `style` is an object of CSS properties (set through CSSOM: the page's policy allows no inline styles), false and
 * null are left out.
 */
export function el(name, properties = {}, ...children) {
  const node = svgNames.has(name)
    ? document.createElementNS('http://www.w3.org/2000/svg', name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (key === 'style') for (const [css, given] of Object.entries(value)) node.style.setProperty(css, given);
    else node.setAttribute(key, value === true ? '' : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An icon of one stroke. */
export function icon(path, size = 16) {
  return el(
    'svg',
    { viewBox: `0 0 ${size} ${size}`, 'aria-hidden': 'true', focusable: 'false', class: 'icon' },
    el('path', { d: path }),
  );
}

export function bytes(count) {
  if (count < 1024) return `${count} bytes`;
  if (count < 1024 * 1024) return `${Math.round(count / 1024)} KB`;
  return `${(count / 1024 / 1024).toFixed(1).replace(/\.0$/, '')} MB`;
}

const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'long', timeStyle: 'short' });

export function date(iso, withTime = false) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? '' : (withTime ? dayAndTime : day).format(at);
}

export function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
