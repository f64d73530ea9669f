/**
 * The cyclic checksums that Node does not bring (CRC-32C, CRC-64/NVME), eight bytes at a time, and the joining of
 * two checksums into that of the joined bytes, which S3 needs for full-object checksums of multipart uploads.
 */

export interface CrcSpec {
  readonly bits: 32 | 64;
  /** Reflected polynomial. */
  readonly polynomial: bigint;
}

export const crc32Spec: CrcSpec = { bits: 32, polynomial: 0xedb88320n };
export const crc32cSpec: CrcSpec = { bits: 32, polynomial: 0x82f63b78n };
export const crc64NvmeSpec: CrcSpec = { bits: 64, polynomial: 0x9a6c9329ac4bc9b5n };

/** Eight tables of 256, as high and low words. `tables[k][b]`: byte `b` followed by `k` zero bytes. */
function makeTables({ polynomial }: CrcSpec): { high: Int32Array; low: Int32Array } {
  const high = new Int32Array(2048);
  const low = new Int32Array(2048);
  const table: bigint[] = [];
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    table.push(value);
  }
  let row = table;
  for (let k = 0; k < 8; k++) {
    for (let byte = 0; byte < 256; byte++) {
      const value = row[byte] ?? 0n;
      high[k * 256 + byte] = Number(value >> 32n) | 0;
      low[k * 256 + byte] = Number(value & 0xffffffffn) | 0;
    }
    row = row.map((value) => (value >> 8n) ^ (table[Number(value & 0xffn)] ?? 0n));
  }
  return { high, low };
}

/** A running checksum; 32-bit ones leave the high word at zero. */
export class Crc {
  readonly #bits: 32 | 64;
  readonly #high: Int32Array;
  readonly #low: Int32Array;
  #h: number;
  #l = -1;

  constructor(spec: CrcSpec) {
    const tables = tablesOf(spec);
    this.#bits = spec.bits;
    this.#high = tables.high;
    this.#low = tables.low;
    this.#h = spec.bits === 64 ? -1 : 0;
  }

  update(bytes: Uint8Array): void {
    if (this.#bits === 32) this.#update32(bytes);
    else this.#update64(bytes);
  }

  digest(): Buffer {
    const out = Buffer.alloc(this.#bits / 8);
    out.writeInt32BE(~this.#l, this.#bits / 8 - 4);
    if (this.#bits === 64) out.writeInt32BE(~this.#h, 0);
    return out;
  }

  // The loops read typed arrays at indexes that cannot be outside; `| 0` satisfies the type checker at no cost.
  #update32(bytes: Uint8Array): void {
    const t = this.#low;
    let c = this.#l;
    let i = 0;
    for (const end = bytes.length - 7; i < end; i += 8) {
      const x =
        c ^
        ((bytes[i] as number) |
          ((bytes[i + 1] as number) << 8) |
          ((bytes[i + 2] as number) << 16) |
          ((bytes[i + 3] as number) << 24));
      c =
        (t[1792 + (x & 255)] as number) ^
        (t[1536 + ((x >>> 8) & 255)] as number) ^
        (t[1280 + ((x >>> 16) & 255)] as number) ^
        (t[1024 + (x >>> 24)] as number) ^
        (t[768 + (bytes[i + 4] as number)] as number) ^
        (t[512 + (bytes[i + 5] as number)] as number) ^
        (t[256 + (bytes[i + 6] as number)] as number) ^
        (t[bytes[i + 7] as number] as number);
    }
    for (; i < bytes.length; i++) c = (t[(c ^ (bytes[i] as number)) & 255] as number) ^ (c >>> 8);
    this.#l = c;
  }

  #update64(bytes: Uint8Array): void {
    const th = this.#high;
    const tl = this.#low;
    let h = this.#h;
    let l = this.#l;
    let i = 0;
    for (const end = bytes.length - 7; i < end; i += 8) {
      const x =
        l ^
        ((bytes[i] as number) |
          ((bytes[i + 1] as number) << 8) |
          ((bytes[i + 2] as number) << 16) |
          ((bytes[i + 3] as number) << 24));
      const y =
        h ^
        ((bytes[i + 4] as number) |
          ((bytes[i + 5] as number) << 8) |
          ((bytes[i + 6] as number) << 16) |
          ((bytes[i + 7] as number) << 24));
      const a = 1792 + (x & 255);
      const b = 1536 + ((x >>> 8) & 255);
      const c = 1280 + ((x >>> 16) & 255);
      const d = 1024 + (x >>> 24);
      const e = 768 + (y & 255);
      const f = 512 + ((y >>> 8) & 255);
      const g = 256 + ((y >>> 16) & 255);
      const k = y >>> 24;
      l =
        (tl[a] as number) ^
        (tl[b] as number) ^
        (tl[c] as number) ^
        (tl[d] as number) ^
        (tl[e] as number) ^
        (tl[f] as number) ^
        (tl[g] as number) ^
        (tl[k] as number);
      h =
        (th[a] as number) ^
        (th[b] as number) ^
        (th[c] as number) ^
        (th[d] as number) ^
        (th[e] as number) ^
        (th[f] as number) ^
        (th[g] as number) ^
        (th[k] as number);
    }
    for (; i < bytes.length; i++) {
      const at = (l ^ (bytes[i] as number)) & 255;
      l = ((l >>> 8) | (h << 24)) ^ (tl[at] as number);
      h = (h >>> 8) ^ (th[at] as number);
    }
    this.#h = h;
    this.#l = l;
  }
}

const made = new Map<CrcSpec, { high: Int32Array; low: Int32Array }>();

function tablesOf(spec: CrcSpec) {
  const tables = made.get(spec) ?? makeTables(spec);
  made.set(spec, tables);
  return tables;
}

/** Joins checksums of pieces into that of the whole. Keeps the work done for a piece's length, as most are equal. */
export class CrcJoin {
  readonly #spec: CrcSpec;
  readonly #shifts = new Map<number, bigint>();
  #value: bigint | undefined;

  constructor(spec: CrcSpec) {
    this.#spec = spec;
  }

  add(crc: Buffer, length: number): void {
    const piece = BigInt(`0x${crc.toString('hex')}`);
    if (this.#value === undefined) this.#value = piece;
    else this.#value = this.#multiply(this.#shift(length), this.#value) ^ piece;
  }

  digest(): Buffer {
    return Buffer.from((this.#value ?? 0n).toString(16).padStart(this.#spec.bits / 4, '0'), 'hex');
  }

  /** x^(8·length) modulo the polynomial. */
  #shift(length: number): bigint {
    const known = this.#shifts.get(length);
    if (known !== undefined) return known;
    let power = 1n << BigInt(this.#spec.bits - 9); // x^8
    let result = 1n << BigInt(this.#spec.bits - 1); // x^0
    for (let left = length; left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) result = this.#multiply(power, result);
      power = this.#multiply(power, power);
    }
    this.#shifts.set(length, result);
    return result;
  }

  #multiply(a: bigint, b: bigint): bigint {
    let product = 0n;
    let factor = b;
    for (let bit = this.#spec.bits - 1; bit >= 0; bit--) {
      if ((a >> BigInt(bit)) & 1n) product ^= factor;
      factor = factor & 1n ? (factor >> 1n) ^ this.#spec.polynomial : factor >> 1n;
    }
    return product;
  }
}
