/**
 * The CloudWatch agent's configuration file, as far as it is modelled: memory metrics and log files.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html
 */
import { z } from 'zod';
import { BootError, NotModelled } from './errors.ts';

const seconds = z.number().int().min(1).max(86_400);
/** A name, or a name with how to call it. */
const measurement = z.union([
  z.string().transform((name) => ({ name, rename: undefined, unit: undefined })),
  z.strictObject({ name: z.string(), rename: z.string().optional(), unit: z.string().optional() }),
]);

const file = z.strictObject({
  agent: z
    .strictObject({
      metrics_collection_interval: seconds.optional(),
      region: z.string().optional(),
      run_as_user: z.string().optional(),
      logfile: z.string().optional(),
      debug: z.boolean().optional(),
    })
    .optional(),
  metrics: z
    .strictObject({
      namespace: z.string().min(1).max(255).default('CWAgent'),
      append_dimensions: z.record(z.string(), z.string()).optional(),
      aggregation_dimensions: z.array(z.array(z.string())).optional(),
      force_flush_interval: seconds.default(60),
      metrics_collected: z.strictObject({
        mem: z
          .strictObject({ measurement: z.array(measurement), metrics_collection_interval: seconds.optional() })
          .optional(),
      }),
    })
    .optional(),
  logs: z
    .strictObject({
      force_flush_interval: seconds.default(5),
      log_stream_name: z.string().optional(),
      logs_collected: z.strictObject({
        files: z.strictObject({
          collect_list: z.array(
            z.strictObject({
              file_path: z.string().startsWith('/'),
              log_group_name: z.string().optional(),
              log_stream_name: z.string().optional(),
              retention_in_days: z.number().int().optional(),
              timezone: z.enum(['UTC', 'Local']).optional(),
            }),
          ),
        }),
      }),
    })
    .optional(),
});
export type AgentConfig = z.infer<typeof file>;

const memoryMeasurements = new Set(['used_percent', 'used', 'total', 'available', 'available_percent']);
/** What `append_dimensions` may hold: the agent takes these four, word for word. */
const appended: Readonly<Record<string, string>> = {
  ImageId: '${aws:ImageId}',
  InstanceId: '${aws:InstanceId}',
  InstanceType: '${aws:InstanceType}',
  AutoScalingGroupName: '${aws:AutoScalingGroupName}',
};

/** Throws a `BootError` for what the agent refuses, `NotModelled` for metrics that the model does not have. */
export function parseAgentConfig(text: string, path: string): AgentConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new BootError(`${path} is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
  const parsed = file.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = [path, ...(issue?.path ?? [])].join(' ');
    const what = `${where}: ${issue?.message ?? 'is not understood'}`;
    if (issue?.code === 'unrecognized_keys') throw new NotModelled(`not modelled: ${what}`);
    throw new BootError(what);
  }
  const { metrics } = parsed.data;
  for (const { name } of metrics?.metrics_collected.mem?.measurement ?? []) {
    if (!memoryMeasurements.has(name.replace(/^mem_/, ''))) {
      throw new NotModelled(`not modelled: the agent's measurement mem ${name}`);
    }
  }
  for (const [name, value] of Object.entries(metrics?.append_dimensions ?? {})) {
    if (!Object.hasOwn(appended, name) || appended[name] !== value) {
      throw new BootError(`${path}: append_dimensions ${name}: ${value} is not one that the agent knows`);
    }
  }
  return parsed.data;
}
