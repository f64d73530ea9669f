/** What an instance's console shows: its boot's log and its services' last lines, kept short in memory, longer on disk. */
import { appendFile, rename, stat } from 'node:fs/promises';

const shownCharacters = 32 * 1024;
const fileBytes = 4 * 1024 * 1024;
/** Of a service, told when a boot or the service fails. */
const lastLines = 3;
const lineCharacters = 300;

export interface ConsoleLog {
  /** Adds lines of the boot, each with the seconds since launch, as the kernel's are. */
  boot(text: string): void;
  /** Adds lines of a service. */
  service(name: string, text: string): void;
  /** The last lines of each service: `api: Error: no settings`. Empty when none has written. */
  lastWords(): string;
  /** At most 64 KiB. */
  text(): string;
  /** Resolves when everything is on disk. */
  flushed(): Promise<void>;
}

export function consoleLog(file: string, secondsUp: () => number): ConsoleLog {
  const ofBoot = recent();
  const ofServices = recent();
  const words = new Map<string, string[]>();
  let waiting = '';
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    while (waiting) {
      const text = waiting;
      waiting = '';
      const size = await stat(file).then(
        (found) => found.size,
        () => 0,
      );
      if (size > fileBytes) await rename(file, `${file}.1`).catch(() => {});
      // The folder goes with the instance: a late line of a terminated one has nowhere to be written.
      await appendFile(file, text).catch(() => {});
    }
    writing = undefined;
  }

  function add(to: { add(text: string): void }, line: string): void {
    to.add(line);
    waiting += line;
    writing ??= write();
  }

  return {
    boot(text) {
      const stamp = `[${secondsUp().toFixed(6).padStart(12)}] `;
      for (const line of linesOf(text)) add(ofBoot, `${stamp}${line}\n`);
    },
    service(name, text) {
      for (const line of linesOf(text)) {
        add(ofServices, `${name}: ${line}\n`);
        const before = words.get(name) ?? [];
        // A service that fails again and again says the same each time.
        if (before.at(-1) !== line.slice(0, lineCharacters))
          words.set(name, [...before, line.slice(0, lineCharacters)].slice(-lastLines));
      }
    },
    lastWords: () => [...words].map(([name, lines]) => `${name}: ${lines.join(' | ')}`).join('; '),
    text: () => ofBoot.text() + ofServices.text(),
    flushed: async () => await writing,
  };
}

function linesOf(text: string): string[] {
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}

/** The last characters of a text that grows. */
function recent() {
  let text = '';
  return {
    add(more: string) {
      text += more;
      if (text.length > 2 * shownCharacters) text = text.slice(-shownCharacters);
    },
    text: () => text.slice(-shownCharacters),
  };
}
