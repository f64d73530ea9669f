/** The picture as PNG, drawn from its SVG by a browser that is installed here. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { DrawError } from './draw-error.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge'];
const elsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const longestMs = 60_000;
/** Pixels of the file for one of the picture. */
const scale = 2;

/** Chromium or one of its kin; `CHROME_PATH` comes first. */
export function findBrowser(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const { CHROME_PATH, PATH = '' } = environment;
  const folders = PATH.split(delimiter).filter((folder) => folder !== '');
  const inPath = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...(CHROME_PATH ? [CHROME_PATH] : []), ...inPath, ...elsewhere].find(isExecutable);
}

function isExecutable(file: string): boolean {
  if (!existsSync(file)) return false;
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Throws `DrawError` where no browser is, or it draws nothing. */
export async function pngOf(
  svg: string,
  { width, height }: { readonly width: number; readonly height: number },
  browser: string | undefined,
): Promise<Buffer> {
  if (browser === undefined) {
    throw new DrawError(
      'A PNG is drawn by Chromium or Chrome, and none is installed.\n' +
        'Install one (Debian: apt install chromium; macOS: brew install --cask chromium), set CHROME_PATH, or draw an SVG.',
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'orrery-draw-'));
  const [from, to] = [join(folder, 'picture.svg'), join(folder, 'picture.png')];
  try {
    writeFileSync(from, svg);
    const args = [
      '--headless=new',
      '--disable-gpu',
      '--hide-scrollbars',
      '--no-first-run',
      `--user-data-dir=${join(folder, 'profile')}`,
      `--force-device-scale-factor=${scale}`,
      `--window-size=${width},${height}`,
      `--screenshot=${to}`,
      // Its sandbox does not start as root, and all that it opens is our own picture.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      pathToFileURL(from).href,
    ];
    const failed = await promisify(execFile)(browser, args, { timeout: longestMs }).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (!existsSync(to)) throw new DrawError(`${browser} drew no picture${failed === undefined ? '' : `: ${failed}`}`);
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
