/**
 * Text on its way into bytes. One string of a few hundred thousand pieces takes ten times as long to flatten as to make;
 * flushed every few KiB it costs next to nothing.
 */
const flushAt = 2048;
/** UTF-8 has at most three bytes for each UTF-16 unit. */
const mostBytes = 3;

/** Shared: documents are written at one go, never two at a time. */
let scratch = Buffer.allocUnsafe(256 * 1024);

export class XmlOut {
  #pending = '';
  #length = 0;

  constructor() {
    this.raw('<?xml version="1.0" encoding="UTF-8"?>\n');
  }

  /** Appends what is XML already. */
  raw(text: string): void {
    this.#pending += text;
    if (this.#pending.length > flushAt) this.#flush();
  }

  /** The document so far, as bytes of its own. */
  bytes(): Buffer {
    this.#flush();
    return Buffer.from(scratch.subarray(0, this.#length));
  }

  #flush(): void {
    const needed = this.#length + this.#pending.length * mostBytes;
    if (needed > scratch.length) {
      const larger = Buffer.allocUnsafe(needed * 2);
      scratch.copy(larger, 0, 0, this.#length);
      scratch = larger;
    }
    this.#length += scratch.write(this.#pending, this.#length, 'utf8');
    this.#pending = '';
  }
}
