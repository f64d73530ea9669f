/** What processes and all their descendants use: read from `/proc` on Linux, from `ps` elsewhere. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** Linux counts processor time to user space in hundredths of a second, on every architecture that Node runs on. */
const ticksPerSecond = 100;
const mostProcesses = 1000;

/** By process; one that is gone is left out. Processor time includes that of children which have ended. */
export function usageOfTrees(pids: readonly number[]): Map<number, ProcessUsage> {
  return process.platform === 'linux' ? linuxTrees(pids) : otherTrees(pids);
}

function linuxTrees(pids: readonly number[]): Map<number, ProcessUsage> {
  const found = new Map<number, ProcessUsage>();
  for (const pid of pids) {
    let cpuSeconds = 0;
    let memoryBytes = 0;
    const waiting = [pid];
    for (let seen = 0; waiting.length > 0 && seen < mostProcesses; seen++) {
      const one = waiting.pop();
      if (one === undefined) break;
      try {
        // The name may hold blanks and brackets: fields count from its last bracket.
        const stat = readFileSync(`/proc/${one}/stat`, 'latin1');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        // utime, stime, cutime, cstime: fields 14 to 17 of proc(5).
        for (const field of fields.slice(11, 15)) cpuSeconds += Number(field) / ticksPerSecond;
        const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${one}/status`, 'latin1'));
        memoryBytes += Number(resident?.[1] ?? 0) * 1024;
        for (const thread of readdirSync(`/proc/${one}/task`)) {
          const children = readFileSync(`/proc/${one}/task/${thread}/children`, 'latin1');
          waiting.push(...children.split(' ').filter(Boolean).map(Number)); // biome-ignore format: one step each
        }
      } catch {
        // It ended while we looked.
      }
    }
    if (memoryBytes > 0 || cpuSeconds > 0) found.set(pid, { cpuSeconds, memoryBytes });
  }
  return found;
}

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly usage: ProcessUsage;
}

let rows: readonly Row[] = [];
let asking = false;

/** Without `/proc` asking takes a process: the answer is that of the last time, and the next one is asked for. */
function otherTrees(pids: readonly number[]): Map<number, ProcessUsage> {
  if (!asking) {
    asking = true;
    execFile('ps', ['-axo', 'pid=,ppid=,rss=,time='], { maxBuffer: 4 << 20 }, (error, stdout) => {
      asking = false;
      if (!error) rows = stdout.split('\n').flatMap(rowOf);
    });
  }
  const found = new Map<number, ProcessUsage>();
  for (const pid of pids) {
    const tree = new Set([pid]);
    // Parents come before their children in most listings; a second pass finds the others.
    for (let pass = 0; pass < 2; pass++) for (const row of rows) if (tree.has(row.parent)) tree.add(row.pid);
    const members = rows.filter((row) => tree.has(row.pid));
    if (members.length === 0) continue;
    const sum = (of: (usage: ProcessUsage) => number) => members.reduce((total, row) => total + of(row.usage), 0);
    found.set(pid, { cpuSeconds: sum((one) => one.cpuSeconds), memoryBytes: sum((one) => one.memoryBytes) });
  }
  return found;
}

/** `  501   1  12345   1:02.50` */
export function rowOf(line: string): Row[] {
  const found = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s*$/.exec(line);
  if (!found) return [];
  const [, pid, parent, rss, days = '0', hours = '0', minutes, seconds] = found.map((part) => part);
  const cpuSeconds = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  return [{ pid: Number(pid), parent: Number(parent), usage: { cpuSeconds, memoryBytes: Number(rss) * 1024 } }];
}
