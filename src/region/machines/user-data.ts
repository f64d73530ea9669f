/**
 * The first boot's script, as cloud-init runs it. What kind of user data it is, is decided by its first line.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
 */
import { NotModelled } from './errors.ts';
import type { Guest } from './guest.ts';
import { programs } from './programs.ts';
import { runShell, unmodelled } from './shell.ts';

const largestUserData = 16 * 1024;

/** Everything in user data that the driver would not run, in words; empty when all of it is modelled. */
export function unmodelledUserData(userData: string): readonly string[] {
  const text = userData.trimStart();
  if (text === '') return [];
  if (text.length > largestUserData) return [`user data of more than ${largestUserData} bytes`];
  if (text.startsWith('#cloud-config')) return ['line 1: `#cloud-config`: only shell scripts are modelled'];
  if (/^(Content-Type|MIME-Version):/i.test(text)) return ['line 1: MIME multi-part user data'];
  const first = text.split('\n')[0] ?? '';
  if (!/^#!\s*(\/usr)?\/bin\/(env\s+)?(ba)?sh(\s+-[a-z]+)*\s*$/.test(first)) {
    return [`line 1: user data that begins with \`${first.slice(0, 60)}\`: only shell scripts are modelled`];
  }
  return unmodelled(userData, programs);
}

/** Returns the script's exit status. Throws `NotModelled` before anything is run. */
export async function runUserData(guest: Guest, userData: string): Promise<number> {
  const problems = unmodelledUserData(userData);
  if (problems.length > 0) throw new NotModelled(`not modelled: ${problems.join('; ')}`);
  if (userData.trim() === '') return 0;
  await guest.files.write('/var/lib/cloud/instance/user-data.txt', userData, 0o600);
  // `#!/bin/bash -xe` is the script's own way of saying `set -xe`.
  const flags = /^#!.*?((?:\s+-[a-z]+)*)\s*$/.exec(userData.trimStart().split('\n')[0] ?? '')?.[1]?.trim();
  const script = flags ? userData.replace(/^\s*#![^\n]*/, `set ${flags}`) : userData;
  return await runShell(script, {
    guest,
    programs,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    output: (text) => guest.console.boot(`cloud-init: ${text.trimEnd()}`),
    signal: guest.bootSignal(),
  });
}
