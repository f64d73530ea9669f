/**
 * AWS's public price list as it is downloaded: CSV, with five lines about the file, a line of column names, and rows. A region's
 * EC2 alone has hundreds of megabytes, so that it is read line by line and never held.
 * https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html
 */
import { CostError } from './cost-error.ts';

export type Row = (column: string) => string;

export interface PriceList {
  /** `2026-09-25` */
  readonly published: string;
  readonly rows: number;
}

const limits = { lineCharacters: 65_536, bytes: 4 * 2 ** 30 } as const;
const metadataLines = 5;

/** Calls `take` for the rows that have one of the words in them. Throws `CostError` where it cannot be read. */
export async function readPriceList(
  url: string,
  words: readonly string[],
  take: (row: Row) => void,
): Promise<PriceList> {
  const answer = await fetch(url).catch((error: unknown) => {
    const { cause } = error as Error;
    throw new CostError(
      `AWS's price list cannot be reached at ${url} (${cause instanceof Error ? cause.message : error}).`,
    );
  });
  if (!answer.ok || !answer.body)
    throw new CostError(`AWS's price list has nothing at ${url} (HTTP ${answer.status}).`);
  let lines = 0;
  let rows = 0;
  let published = '';
  let columns: ReadonlyMap<string, number> | undefined;
  for await (const line of linesOf(answer.body, url)) {
    lines++;
    if (lines <= metadataLines) {
      const [name = '', value = ''] = cellsOf(line);
      if (name === 'Publication Date') published = value.slice(0, 10);
    } else if (!columns) {
      columns = new Map(cellsOf(line).map((name, index) => [name, index]));
      if (!columns.has('SKU')) throw new CostError(`${url} is no price list: its sixth line has no column SKU.`);
    } else if (words.some((word) => line.includes(word))) {
      const cells = cellsOf(line);
      const at = columns;
      rows++;
      take((column) => cells[at.get(column) ?? -1] ?? '');
    }
  }
  if (!columns || published === '') throw new CostError(`${url} is no price list, or ended early.`);
  return { published, rows };
}

async function* linesOf(body: ReadableStream<Uint8Array>, url: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let bytes = 0;
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > limits.bytes)
      throw new CostError(`${url} is longer than ${limits.bytes} bytes; it is not read to its end.`);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > limits.lineCharacters) throw new CostError(`${url} is no price list: a line has no end.`);
    for (const line of lines) yield line.replace(/\r$/, '');
  }
  if (rest !== '') yield rest;
}

/** `"a","b ""c""",d` */
export function cellsOf(line: string): readonly string[] {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^,]*))(,|$)/y;
  for (;;) {
    const found = cell.exec(line);
    if (!found) return cells;
    const [, quoted, plain = '', end] = found;
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '') return cells;
  }
}
