/** Who listens on a port, as far as this system tells: `node (pid 4242)`. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export function portOwner(port: number): string | undefined {
  try {
    const inodes = new Set([...listeningInodes('/proc/net/tcp', port), ...listeningInodes('/proc/net/tcp6', port)]);
    if (inodes.size === 0) return undefined;
    for (const pid of readdirSync('/proc')) {
      if (/^\d+$/.test(pid) && holds(pid, inodes))
        return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`;
    }
  } catch {
    // Not Linux, or not allowed to look: the port alone must do.
  }
  return undefined;
}

const listening = '0A';

function listeningInodes(file: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/))
    .flatMap((fields) => (fields[1]?.endsWith(suffix) && fields[3] === listening && fields[9] ? [fields[9]] : []));
}

function holds(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const match = readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/);
      return match?.[1] !== undefined && inodes.has(match[1]);
    });
  } catch {
    return false;
  }
}
