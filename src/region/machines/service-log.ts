/** Where a service's output goes: a file of the instance that is turned over when it grows, and the console. */
import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';

const fileBytes = 10 * 1024 * 1024;

export interface ServiceLog {
  write(chunk: Buffer | string): void;
  close(): void;
}

/** The one before it is kept as `.1`. Logs of AWS's machines are turned over by logrotate. */
export function serviceLog(place: string, append = true): ServiceLog {
  mkdirSync(dirname(place), { recursive: true });
  let stream = openLog(place, append ? 'a' : 'w');
  let size = append ? (statSync(place, { throwIfNoEntry: false })?.size ?? 0) : 0;
  return {
    write(chunk) {
      size += chunk.length;
      if (size > fileBytes) {
        stream.end();
        renameSync(place, `${place}.1`);
        stream = openLog(place, 'a');
        size = chunk.length;
      }
      stream.write(chunk);
    },
    close: () => void stream.end(),
  };
}

function openLog(place: string, flags: string): WriteStream {
  const stream = createWriteStream(place, { flags });
  // Its folder may be gone with the instance.
  stream.on('error', () => {});
  return stream;
}

/** Cuts chunks into lines; the rest comes with `end`. */
export function lineReader(each: (line: string) => void): { add(chunk: Buffer): void; end(): void } {
  let rest = '';
  return {
    add(chunk) {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = (lines.pop() ?? '').slice(-16_384);
      for (const line of lines) each(line);
    },
    end() {
      if (rest !== '') each(rest);
      rest = '';
    },
  };
}
