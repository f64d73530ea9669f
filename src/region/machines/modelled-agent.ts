/** What the CloudWatch agents of modelled machines measure: memory, by the configuration that their boot would write. */
import { type AgentConfig, parseAgentConfig } from './agent-config.ts';
import { instanceTypeSize } from './instance-types.ts';
import type { Machine, MachineHost, MachineSpec } from './machine.ts';

/** A value under some dimensions; of several machines together. */
export interface AgentDatum {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly unit: 'Percent';
  /** Value, and how many machines have it. */
  readonly values: ReadonlyMap<number, number>;
}

interface Agent {
  readonly memoryBytes: number;
  readonly sets: readonly { readonly key: string; readonly datum: Omit<AgentDatum, 'values'> }[];
}

type Metrics = NonNullable<AgentConfig['metrics']>;

/** Only `mem_used_percent` is looked for; other measurements of memory follow from it and are nobody's to scale by. */
const measurement = 'used_percent';

export class ModelledAgents {
  readonly #host: Pick<MachineHost, 'describeStackResource'>;
  readonly #configs = new Map<string, Promise<Metrics | undefined>>();
  /** What stays the same of a machine's agent. */
  readonly #agents = new WeakMap<MachineSpec, Agent>();

  constructor(host: Pick<MachineHost, 'describeStackResource'>) {
    this.#host = host;
  }

  /** What the agents of these machines tell in a minute. Dimensions of a single instance are left out. */
  async measure(machines: readonly Machine[]): Promise<AgentDatum[]> {
    const found = new Map<string, AgentDatum & { readonly values: Map<number, number> }>();
    for (const machine of machines) {
      const { spec } = machine;
      if (machine.state !== 'running' || machine.impaired) continue;
      const agent = this.#agents.get(spec) ?? (await this.#agentOf(spec));
      if (!agent) continue;
      const value = (100 * machine.usage().memoryBytes) / agent.memoryBytes;
      if (value === 0) continue;
      for (const { key, datum } of agent.sets) {
        let sum = found.get(key);
        if (!sum) {
          sum = { ...datum, values: new Map() };
          found.set(key, sum);
        }
        sum.values.set(value, (sum.values.get(value) ?? 0) + 1);
      }
    }
    return [...found.values()];
  }

  /** Undefined for a machine without one, and while its configuration is not known. */
  async #agentOf(spec: MachineSpec): Promise<Agent | undefined> {
    const metrics = await this.#configOf(spec);
    const memory = instanceTypeSize(spec.instanceType)?.memoryMiB;
    const metric = metrics?.metrics_collected.mem?.measurement.find(({ name }) => name.endsWith(measurement));
    if (!metrics || !metric || memory === undefined) return undefined;
    const { namespace } = metrics;
    const name = metric.rename ?? `mem_${measurement}`;
    const sets = dimensionSets(spec, metrics).map((dimensions) => ({
      key: [namespace, name, ...Object.entries(dimensions).flat()].join(' '),
      datum: { namespace, metric: name, dimensions, unit: 'Percent' as const },
    }));
    const agent = { memoryBytes: memory * 1024 * 1024, sets };
    this.#agents.set(spec, agent);
    return agent;
  }

  #configOf(spec: MachineSpec): Promise<Metrics | undefined> {
    const [, stack, resource] = /cfn-init\s.*--stack[ =](\S+).*--resource[ =](\S+)/.exec(spec.userData ?? '') ?? [];
    if (!stack || !resource) return Promise.resolve(undefined);
    const key = `${stack} ${resource}`;
    let config = this.#configs.get(key);
    if (!config) {
      config = this.#host
        .describeStackResource(spec, stack, resource)
        .then(({ metadata }) => agentMetrics(metadata))
        .catch(() => {
          this.#configs.delete(key);
          return undefined;
        });
      this.#configs.set(key, config);
    }
    return config;
  }
}

/** In files that `AWS::CloudFormation::Init` writes. */
export function agentMetrics(metadata: Readonly<Record<string, unknown>>): Metrics | undefined {
  for (const config of Object.values(record(metadata['AWS::CloudFormation::Init']))) {
    for (const [path, file] of Object.entries(record(record(config).files))) {
      if (!path.includes('amazon-cloudwatch-agent')) continue;
      const { content } = record(file);
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      const { metrics } = parseAgentConfig(text, path);
      if (metrics?.metrics_collected.mem) return metrics;
    }
  }
  return undefined;
}

function dimensionSets(spec: MachineSpec, metrics: Metrics): Readonly<Record<string, string>>[] {
  const all: Record<string, string | undefined> = {
    ImageId: spec.imageId,
    InstanceId: spec.instanceId,
    InstanceType: spec.instanceType,
    AutoScalingGroupName: spec.tags['aws:autoscaling:groupName'],
  };
  const own = Object.keys(metrics.append_dimensions ?? {});
  return [own, ...(metrics.aggregation_dimensions ?? [])].flatMap((names) => {
    if (names.length === 0 || names.some((name) => name === 'InstanceId' || all[name] === undefined)) return [];
    return [Object.fromEntries(names.map((name) => [name, all[name] ?? '']))];
  });
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
