/**
 * The folder of one instance: `root/` is its file system, and every path that boot metadata, user data or a unit file
 * names is put under it. Links are followed as the kernel would, but never out of the root.
 */
import { lstat, mkdir, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, posix, sep } from 'node:path';

/** A path that leads out of the instance's root. */
export class PathEscape extends Error {
  override readonly name = 'PathEscape';
  constructor(path: string) {
    super(`${path} leads out of the instance's file system`);
  }
}

export interface InstanceFiles {
  readonly dir: string;
  /** What the instance calls `/`. */
  readonly root: string;
  /** Where the driver keeps what it must remember of the instance. */
  readonly runDir: string;
  /** Where services' output goes that names no file. */
  readonly journalDir: string;
  /** The place of an instance's path on this machine, links not followed: `/opt/app` → `…/root/opt/app`. */
  place(path: string, cwd?: string): string;
  /** The same, after making sure that no link on the way (the last name included) leads out. */
  locate(path: string, cwd?: string): Promise<string>;
  /** The instance's name of a place. */
  nameOf(place: string): string;
  /** Writes a file, making its folders. */
  write(path: string, content: string | Uint8Array, mode?: number): Promise<void>;
  /** Makes a link. An absolute target is one of the instance's, or `outside`: the one program that is the laptop's. */
  link(target: string, path: string, outside?: boolean): Promise<void>;
}

/** What an empty Amazon Linux has. */
const folders = [
  'etc/systemd/system',
  'home/ec2-user',
  'opt/aws/bin',
  'root',
  'run',
  'tmp',
  'usr/bin',
  'usr/lib/systemd/system',
  'usr/local/bin',
  'var/lib/cloud/instance',
  'var/log',
];

export function instanceFiles(machinesDir: string, instanceId: string): InstanceFiles {
  const dir = join(machinesDir, instanceId);
  const root = join(dir, 'root');
  const place = (path: string, cwd = '/') => join(root, posix.resolve('/', cwd, path));

  async function locate(path: string, cwd = '/'): Promise<string> {
    const target = place(path, cwd);
    const real = await realpath(root);
    // The last name that exists decides: what is not there yet cannot lead anywhere.
    for (let known = target; ; known = dirname(known)) {
      const there = await realpath(known).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return await danglingTarget(known);
        throw error;
      });
      if (there === undefined) continue;
      if (there !== real && !there.startsWith(real + sep)) throw new PathEscape(posix.resolve('/', cwd, path));
      return target;
    }
  }

  return {
    dir,
    root,
    runDir: join(dir, 'run'),
    journalDir: join(dir, 'journal'),
    place,
    locate,
    nameOf: (target) => (target === root ? '/' : target.startsWith(root + sep) ? target.slice(root.length) : target),
    async write(path, content, mode = 0o644) {
      await mkdir(dirname(await locate(path)), { recursive: true });
      await writeFile(await locate(path), content, { mode });
    },
    async link(target, path, outside = false) {
      const from = place(path);
      await locate(posix.dirname(path));
      await mkdir(dirname(from), { recursive: true });
      if (!outside) await locate(target, posix.dirname(posix.resolve('/', path)));
      await rm(from, { force: true });
      // Above the instance's `/` there is nothing but itself: a link that climbs further is made to lead there.
      const climbs = !posix.resolve(dirname(from), target).startsWith(root + sep);
      const to = outside || !climbs ? target : place(target, posix.dirname(posix.resolve('/', path)));
      await symlink(to, from);
      if (outside) return;
      await locate(path).catch(async (error: unknown) => {
        await rm(from, { force: true });
        throw error;
      });
    },
  };
}

/** Where a link leads whose target is missing; undefined when there is no such link. */
async function danglingTarget(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isSymbolicLink()) return undefined;
  const target = await readlink(path);
  const parent = await realpath(dirname(path));
  return posix.resolve(parent, target);
}

/** Makes the folders of a new instance. */
export async function prepareFiles(files: InstanceFiles): Promise<void> {
  await Promise.all([
    ...folders.map((folder) => mkdir(join(files.root, folder), { recursive: true })),
    mkdir(files.runDir, { recursive: true }),
    mkdir(files.journalDir, { recursive: true }),
  ]);
}
