/** Pages of a list that is held whole. */

export interface Page<T> {
  readonly items: T[];
  /** The token that the next page is asked for by; undefined after the last. */
  readonly next: string | undefined;
}

/**
 * @param token of the page before; undefined or empty for the first page. It stands for a position and says nothing to
 *   clients, so items that come or go in between shift what follows: right for lists that only grow, or are short
 * @param refuse throws the service's fault for a token that none of its pages gave
 */
export function pageAt<T>(all: readonly T[], token: string | undefined, size: number, refuse: () => never): Page<T> {
  const start = token ? positionOf(token) : 0;
  if (start === undefined) refuse();
  const end = start + size;
  return { items: all.slice(start, end), next: end < all.length ? tokenOf(end) : undefined };
}

const tokenOf = (position: number) => Buffer.from(String(position)).toString('base64url');

function positionOf(token: string): number | undefined {
  const position = Number(Buffer.from(token, 'base64url').toString());
  return Number.isSafeInteger(position) && position > 0 && tokenOf(position) === token ? position : undefined;
}
