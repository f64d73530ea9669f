/** Objects of all distributions in memory, bounded by bytes: the least recently used make room. */
import { type Headers, sizeOf } from './headers.ts';

export interface CachedObject {
  readonly distributionId: string;
  /** Path, and query where it is part of the key: what invalidations match. */
  readonly path: string;
  readonly status: number;
  /** As they go to viewers, before the response headers policy. */
  readonly headers: Headers;
  readonly body: Buffer;
  /** The origin's own validators: compression weakens the viewer's. */
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** When the origin said it last; what `Age` counts from. */
  readonly validatedMs: number;
  /** `Age` that the origin's answer had already. */
  readonly initialAgeMs: number;
  readonly freshUntilMs: number;
  readonly whileRevalidateMs: number;
  readonly ifErrorMs: number;
}

const overheadBytes = 512;

export class ObjectCache {
  readonly #objects = new Map<string, { object: CachedObject; bytes: number }>();
  readonly #limitBytes: number;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): CachedObject | undefined {
    const found = this.#objects.get(key);
    if (!found) return undefined;
    // A map keeps the order of insertion: the first is the least recently used.
    this.#objects.delete(key);
    this.#objects.set(key, found);
    return found.object;
  }

  put(key: string, object: CachedObject): void {
    this.delete(key);
    const bytes = object.body.length + sizeOf(object.headers) + key.length * 2 + overheadBytes;
    if (bytes > this.#limitBytes) return;
    this.#objects.set(key, { object, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#objects.keys()) {
      if (this.#bytes <= this.#limitBytes) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const found = this.#objects.get(key);
    if (!found) return;
    this.#objects.delete(key);
    this.#bytes -= found.bytes;
  }

  /** Returns how many objects went. */
  evict(matches: (object: CachedObject) => boolean): number {
    let count = 0;
    for (const [key, { object }] of this.#objects) {
      if (!matches(object)) continue;
      this.delete(key);
      count++;
    }
    return count;
  }
}

/**
 * An invalidation's path: all of it, or all that begins with it where it ends in `*`. Case counts.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
 */
export function invalidates(pattern: string, path: string): boolean {
  const wanted = pattern.startsWith('/') ? pattern : `/${pattern}`;
  return wanted.endsWith('*') ? path.startsWith(wanted.slice(0, -1)) : path === wanted;
}
