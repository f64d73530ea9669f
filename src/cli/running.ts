/** The local region of an app: where it keeps its state, and whether it runs. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ports } from '../region/region.ts';
import type { RootKey } from '../region/services/iam/credentials.ts';

export interface RunningRegion {
  readonly pid: number;
  readonly ports: Ports;
  readonly region: string;
  readonly rootKey: RootKey;
}

export function stateDir(appDir: string): string {
  return join(appDir, '.orrery');
}

const fileOf = (appDir: string) => join(stateDir(appDir), 'region.json');

export function writeRunning(appDir: string, running: RunningRegion): void {
  mkdirSync(stateDir(appDir), { recursive: true });
  // It has the root key in it.
  writeFileSync(fileOf(appDir), `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
}

export function forgetRunning(appDir: string): void {
  rmSync(fileOf(appDir), { force: true });
}

/** Undefined when none runs; a file left by one that was killed is not believed. */
export async function findRunning(appDir: string): Promise<RunningRegion | undefined> {
  let running: RunningRegion;
  try {
    running = JSON.parse(readFileSync(fileOf(appDir), 'utf8')) as RunningRegion;
    process.kill(running.pid, 0);
  } catch {
    return undefined;
  }
  try {
    const answer = await fetch(`${endpointOf(running)}/_orrery/health`);
    return answer.ok ? running : undefined;
  } catch {
    return undefined;
  }
}

export function endpointOf({ ports }: RunningRegion): string {
  return `http://127.0.0.1:${ports.aws}`;
}
