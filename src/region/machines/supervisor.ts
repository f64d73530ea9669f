/**
 * Ends the processes of a driver that was killed: a tiny shell loop outside of the driver's process group holds the
 * other end of a pipe, knows the process groups that run, and kills them when the pipe closes, however that came about.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

// Only this constant is run; what it reads are process group numbers of ours.
const script = `
trap '' INT TERM HUP
groups=' '
while read -r verb group; do
  case $verb in
    add) groups="$groups$group " ;;
    del)
      rest=' '
      for one in $groups; do [ "$one" = "$group" ] || rest="$rest$one "; done
      groups=$rest ;;
  esac
done
for one in $groups; do kill -s KILL -- "-$one" 2>/dev/null; done
`;

export interface Supervisor {
  add(group: number): void;
  remove(group: number): void;
  /** Ends it; what is still known is killed. Resolves when it is gone. */
  close(): Promise<void>;
}

/** Started with the first process. */
export function supervisor(): Supervisor {
  let shell: ChildProcess | undefined;
  let pipe: Writable | undefined;
  const start = () => {
    shell = spawn('/bin/sh', ['-c', script], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      env: {},
    });
    pipe = shell.stdin ?? undefined;
    pipe?.on('error', () => {});
    shell.on('error', () => {});
    // It must not keep the region alive.
    shell.unref();
    const { stdin } = shell;
    if (stdin && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  };
  return {
    add(group) {
      if (!shell) start();
      pipe?.write(`add ${group}\n`);
    },
    remove: (group) => void pipe?.write(`del ${group}\n`),
    async close() {
      if (!shell || shell.exitCode !== null || shell.signalCode !== null) return;
      const ended = new Promise((resolve) => shell?.once('exit', resolve));
      shell.ref();
      pipe?.end();
      await ended;
    },
  };
}
