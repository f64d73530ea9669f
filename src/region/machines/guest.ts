/** The parts of one instance as its modelled programs see them. */
import type { Accounts } from './accounts.ts';
import type { AwsCalls } from './aws-calls.ts';
import type { ConsoleLog } from './console-log.ts';
import type { Egress } from './egress.ts';
import type { InstanceFiles } from './instance-files.ts';
import type { MachineHost, MachineSpec } from './machine.ts';
import type { Packages } from './packages.ts';
import type { Processes } from './processes.ts';
import type { Systemd } from './systemd.ts';

export interface Guest {
  readonly spec: MachineSpec;
  readonly host: MachineHost;
  readonly files: InstanceFiles;
  readonly console: ConsoleLog;
  readonly egress: Egress;
  readonly aws: AwsCalls;
  readonly accounts: Accounts;
  readonly packages: Packages;
  readonly processes: Processes;
  readonly systemd: Systemd;
  /** What the boot told CloudFormation, so that a signal that never comes is known. */
  readonly signals: {
    sent: number;
    sentFailure: boolean;
    lastError: string | undefined;
    /** What failed last is a signal of success that nobody waits for. */
    onlyUnheard: boolean;
  };
  /** Aborted when the boot must end: the instance is stopped, terminated or dead. */
  readonly bootSignal: () => AbortSignal;
}
