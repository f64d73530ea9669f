/**
 * Users and groups of an instance, in its own `/etc/passwd` and `/etc/group`. They are checked as Linux checks them;
 * all processes run as the user of this machine, who owns all files.
 */
import { appendFile, readFile } from 'node:fs/promises';
import { BootError } from './errors.ts';
import type { InstanceFiles } from './instance-files.ts';

export interface Accounts {
  /** Writes those that Amazon Linux comes with. */
  prepare(): Promise<void>;
  hasUser(name: string): Promise<boolean>;
  hasGroup(name: string): Promise<boolean>;
  homeOf(name: string): Promise<string | undefined>;
  /** Does nothing for one that is there. */
  addGroup(name: string, gid?: number): Promise<void>;
  addUser(name: string, options?: { uid?: number; home?: string; groups?: readonly string[] }): Promise<void>;
}

const users = [
  'root:x:0:0:root:/root:/bin/bash',
  'nobody:x:65534:65534:Kernel Overflow User:/:/sbin/nologin',
  'ec2-user:x:1000:1000:EC2 Default User:/home/ec2-user:/bin/bash',
];
const groups = ['root:x:0:', 'wheel:x:10:ec2-user', 'nobody:x:65534:', 'ec2-user:x:1000:'];
const nameForm = /^[a-z_][a-z0-9_-]{0,31}$/;

export function accounts(files: InstanceFiles): Accounts {
  const rows = async (path: string) => {
    const text = await readFile(files.place(path), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '').map((line) => line.split(':')); // biome-ignore format: one row
  };
  const find = async (path: string, name: string) =>
    (await rows(path)).find((row) => row[0] === name || (row[2] === name && /^\d+$/.test(name)));
  const hasGroup = async (name: string) => (await find('/etc/group', name)) !== undefined;

  async function freeId(path: string, wanted: number | undefined): Promise<number> {
    const taken = new Set((await rows(path)).map((row) => Number(row[2])));
    if (wanted !== undefined) {
      if (taken.has(wanted)) throw new BootError(`the id ${wanted} is taken`);
      return wanted;
    }
    let id = 1001;
    while (taken.has(id)) id++;
    return id;
  }

  async function addGroup(name: string, gid?: number): Promise<void> {
    if (await hasGroup(name)) return;
    if (!nameForm.test(name)) throw new BootError(`invalid group name '${name}'`);
    await appendFile(files.place('/etc/group'), `${name}:x:${await freeId('/etc/group', gid)}:\n`);
  }

  return {
    async prepare() {
      await files.write('/etc/passwd', `${users.join('\n')}\n`);
      await files.write('/etc/group', `${groups.join('\n')}\n`);
    },
    hasUser: async (name) => (await find('/etc/passwd', name)) !== undefined,
    hasGroup,
    homeOf: async (name) => (await find('/etc/passwd', name))?.[5],
    addGroup,
    async addUser(name, { uid, home = `/home/${name}`, groups: memberOf = [] } = {}) {
      if (await find('/etc/passwd', name)) return;
      if (!nameForm.test(name)) throw new BootError(`invalid user name '${name}'`);
      for (const group of memberOf) {
        if (!(await hasGroup(group))) throw new BootError(`group '${group}' does not exist`);
      }
      await addGroup(name);
      const id = await freeId('/etc/passwd', uid);
      await appendFile(files.place('/etc/passwd'), `${name}:x:${id}:${id}::${home}:/sbin/nologin\n`);
    },
  };
}
