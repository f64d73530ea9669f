import { Fault } from '../../wire/fault.ts';

/** First and last byte, both inclusive. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Reads a `Range` header against an object of `size` bytes. Undefined: the whole object is sent, which is what S3
 * does with headers it does not understand and with more than one range.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export function byteRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = header?.match(/^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/);
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const length = Math.min(Number(to), size);
    if (length === 0) throw unsatisfiable(header ?? '', size);
    return { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  if (to !== '' && Number(to) < first) return undefined;
  if (first >= size) throw unsatisfiable(header ?? '', size);
  return { first, last: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
}

function unsatisfiable(header: string, size: number): Fault {
  return new Fault('InvalidRange', 'The requested range is not satisfiable', {
    status: 416,
    members: { RangeRequested: header, ActualObjectSize: String(size) },
    headers: { 'Content-Range': `bytes */${size}` },
  });
}

/** `bytes=first-last` of a part copy, which must lie within the source. */
export function copyRange(header: string | undefined, size: number): ByteRange | undefined {
  if (header === undefined) return undefined;
  const match = header.match(/^bytes=(\d+)-(\d+)$/);
  const first = Number(match?.[1]);
  const last = Number(match?.[2]);
  if (!match || last < first) {
    throw new Fault(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      { status: 400, members: { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: header } },
    );
  }
  if (last >= size) {
    throw new Fault('InvalidArgument', `Range specified is not valid for source object of size: ${size}`, {
      status: 400,
      members: { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: header },
    });
  }
  return { first, last };
}
