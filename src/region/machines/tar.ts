/** Reads tar as it arrives: ustar with GNU's long names and the paths of pax headers. */
import { BootError } from './errors.ts';

export type TarEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const block = 512;
const longestName = 8192;

export class TarReader {
  readonly #push: (entry: TarEntry) => void;
  #rest: Uint8Array = new Uint8Array(0);
  /** Bytes of the present entry that are still to come, padding included. */
  #left = 0;
  #padding = 0;
  #skip = false;
  /** Collects the text of a header about the next one. */
  #text: { readonly type: string; chunks: Buffer[] } | undefined;
  #next: { path?: string; target?: string } = {};
  #ended = false;

  constructor(push: (entry: TarEntry) => void) {
    this.#push = push;
  }

  push(chunk: Uint8Array): void {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    while (!this.#ended && data.length > 0) {
      if (this.#left > 0) {
        const bytes = data.subarray(0, this.#left);
        data = data.subarray(bytes.length);
        this.#left -= bytes.length;
        if (this.#text) this.#text.chunks.push(Buffer.from(bytes));
        else if (!this.#skip) this.#push({ kind: 'data', bytes: bytes.slice() });
        if (this.#left === 0) this.#endText();
      } else if (this.#padding > 0) {
        const dropped = Math.min(this.#padding, data.length);
        data = data.subarray(dropped);
        this.#padding -= dropped;
      } else if (data.length < block) break;
      else {
        this.#header(Buffer.from(data.subarray(0, block)));
        data = data.subarray(block);
      }
    }
    this.#rest = this.#ended ? new Uint8Array(0) : data.slice();
  }

  end(): void {
    if (this.#left > 0 || (!this.#ended && this.#rest.length > 0)) {
      throw new BootError('the archive is damaged: it ends in the middle of a file');
    }
  }

  #header(header: Buffer): void {
    if (header.every((byte) => byte === 0)) {
      this.#ended = true;
      return;
    }
    const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    if (octal(header, 148, 8) !== sum) throw new BootError('the archive is damaged: a wrong tar checksum');
    const size = octal(header, 124, 12);
    const type = String.fromCharCode(header[156] ?? 0);
    this.#left = size;
    this.#padding = (block - (size % block)) % block;
    this.#skip = false;
    if (type === 'L' || type === 'K' || type === 'x' || type === 'g') {
      if (size > longestName) throw new BootError('the archive holds a name that is too long');
      this.#text = { type, chunks: [] };
      if (size === 0) this.#endText();
      return;
    }
    const prefix = text(header, 257, 6).startsWith('ustar') ? text(header, 345, 155) : '';
    const path = this.#next.path ?? (prefix ? `${prefix}/${text(header, 0, 100)}` : text(header, 0, 100));
    const target = this.#next.target ?? text(header, 157, 100);
    this.#next = {};
    if (type === '5') this.#push({ kind: 'folder', path });
    else if (type === '2') this.#push({ kind: 'link', path, target });
    else if (type === '0' || type === '\0' || type === '7') {
      this.#push({ kind: 'file', path, mode: octal(header, 100, 8) });
    } else throw new BootError(`the archive holds ${path} of a kind ('${type}') that is not unpacked`);
  }

  #endText(): void {
    if (!this.#text) return;
    const { type, chunks } = this.#text;
    const content = Buffer.concat(chunks).toString('utf8');
    this.#text = undefined;
    if (type === 'L') this.#next.path = content.replace(/\0.*$/s, '');
    else if (type === 'K') this.#next.target = content.replace(/\0.*$/s, '');
    else if (type === 'x') {
      const path = /(?:^|\n)\d+ path=(.*)\n/.exec(content)?.[1];
      const target = /(?:^|\n)\d+ linkpath=(.*)\n/.exec(content)?.[1];
      if (path !== undefined) this.#next.path = path;
      if (target !== undefined) this.#next.target = target;
    }
  }
}

function text(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString('utf8');
}

function octal(header: Buffer, at: number, length: number): number {
  const digits = text(header, at, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw new BootError('the archive is damaged: a wrong number in a tar header');
  return Number.parseInt(digits || '0', 8);
}
