/**
 * Instances behind one interface: a child process each (process driver), or arithmetic (modelled driver).
 * EC2 says what shall run; the driver boots it from its user data and tells what became of it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock/clock.ts';
import type { Random } from '../clock/random.ts';
import type { Fabric } from '../traffic/fabric.ts';

/** What EC2 knows of an instance when it starts. */
export interface MachineSpec {
  readonly instanceId: string;
  readonly account: string;
  readonly region: string;
  readonly zone: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly interfaceId: string;
  readonly privateIp: string;
  readonly privateDnsName: string;
  readonly publicIp?: string;
  readonly ipv6?: string;
  readonly macAddress: string;
  readonly securityGroupNames: readonly string[];
  /** Decoded from base64. */
  readonly userData?: string;
  readonly instanceProfileArn?: string;
  readonly instanceProfileId?: string;
  readonly roleName?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly metadata: {
    readonly httpTokens: 'required' | 'optional';
    readonly hopLimit: number;
    readonly enabled: boolean;
    readonly instanceTags: boolean;
  };
  readonly launchedAtMs: number;
}

/** What a driver needs of the region. */
export interface MachineHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly fabric: Fabric;
  /** The folder under which each instance gets its own. */
  readonly machinesDir: string;
  /** A fault has taken the zone: no machine starts there. */
  zoneIsDown(zone: string): boolean;
  /** Temporary credentials of the instance's role, as IMDS hands them out. */
  roleCredentials(spec: MachineSpec): Promise<RoleCredentials>;
  /** Hands an AWS API request of a machine to the region's endpoint. The network was asked already; `via` is the way it took. */
  serveAws(request: IncomingMessage, response: ServerResponse, via: MachineVia): void;
  /** CloudFormation's answers to cfn-init and cfn-signal, authenticated by the instance's identity. */
  describeStackResource(
    spec: MachineSpec,
    stack: string,
    logicalId: string,
  ): Promise<{ metadata: Record<string, unknown> }>;
  /** Rejects with `SignalUnheard` where no stack waits for the instance. */
  signalResource(
    spec: MachineSpec,
    stack: string,
    logicalId: string,
    status: 'SUCCESS' | 'FAILURE',
    reason?: string,
  ): Promise<void>;
  /** A signal that can never come: the boot is not modelled, or the machine died. */
  signalImpossible(spec: MachineSpec, reason: string): void;
  /** Resolves a name as the VPC's resolver would: private DNS of interface endpoints, private zones, then public. */
  resolve(spec: MachineSpec, name: string): Promise<readonly string[]>;
  /**
   * What an endpoint's policy says of an anonymous request for something outside of the account (Amazon's package
   * repositories). All is allowed when it is not given.
   */
  endpointAllows?(
    spec: MachineSpec,
    vpcEndpointId: string,
    action: string,
    resource: string,
  ): { allowed: boolean; reason: string };
  /** For IMDS `autoscaling/target-lifecycle-state`; undefined when the instance is in no group. */
  targetLifecycleState?(spec: MachineSpec): string | undefined;
  /** A bounded line of what happened, for people and for `orrery logs`. */
  note(kind: string, text: string, data?: Record<string, unknown>): void;
}

export interface MachineVia {
  readonly sourceIp: string;
  readonly vpcId: string;
  readonly vpcEndpointId?: string;
  readonly natGatewayId?: string;
  readonly instanceId: string;
}

export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expirationMs: number;
}

export type MachineState = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

export interface MachineUsage {
  /** Since the machine started, of all its processes. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly networkInBytes: number;
  readonly networkOutBytes: number;
}

export interface Machine {
  readonly spec: MachineSpec;
  readonly state: MachineState;
  /** Whether the boot (user data) went through, with the reason when it did not. */
  readonly boot: { readonly status: 'running' | 'succeeded' | 'failed'; readonly reason?: string };
  /** Died without being told to (`kill`): EC2 still says `running`, its status checks fail. */
  readonly impaired?: boolean;
  /** Since when. */
  readonly impairedSinceMs?: number | undefined;
  usage(): MachineUsage;
  /** What the console shows: the boot's log and the services' last lines, at most 64 KiB. */
  consoleOutput(): string;
  reboot(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** SIGTERM to its processes, then SIGKILL. */
  terminate(): Promise<void>;
  /** As when the hardware fails: SIGKILL at once, nothing is said to anybody. */
  kill(): void;
}

/** A driver, started for a region. */
export interface Machines {
  /** They all do the same and there may be very many: measured by group, image and type, not each by itself. */
  readonly alike?: boolean;
  /** Starts booting at once; the machine's state changes are told to `onChange`. */
  launch(spec: MachineSpec): Machine;
  get(instanceId: string): Machine | undefined;
  list(): readonly Machine[];
  /** Whether a machine can be started in a zone now. Always, when it is not given. */
  hasCapacity?(zone: string): boolean;
  /** Removes what is on disk of an instance that was stopped before the region was, and not launched since. */
  discard?(instanceId: string): Promise<void>;
  /** Called with each change of a machine's state or boot. Returns how to stop. */
  onChange(changed: (machine: Machine) => void): () => void;
  /** Ends every machine and waits until the last process is gone. */
  close(): Promise<void>;
}
