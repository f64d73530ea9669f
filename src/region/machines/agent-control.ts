/**
 * `amazon-cloudwatch-agent-ctl` and the agent as a service.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/install-CloudWatch-Agent-commandline-fleet.html
 */
import { readFile } from 'node:fs/promises';
import { type AgentConfig, parseAgentConfig } from './agent-config.ts';
import { type CloudWatchAgent, cloudWatchAgent } from './cloudwatch-agent.ts';
import { BootError, messageOf, NotModelled } from './errors.ts';
import type { Guest } from './guest.ts';
import type { CommandCall, CommandResult } from './shell.ts';
import type { BuiltinService } from './systemd.ts';

const service = 'amazon-cloudwatch-agent';
/** Where `fetch-config` puts what it fetched, and where the agent looks without it. */
const translated = `/opt/aws/${service}/etc/${service}.d/file_config.json`;
const configs = [translated, `/opt/aws/${service}/etc/${service}.json`, `/opt/aws/${service}/bin/config.json`];

export function agentService(guest: Guest): BuiltinService {
  let agent: CloudWatchAgent | undefined;

  async function config(): Promise<AgentConfig> {
    for (const path of configs) {
      const text = await readFile(await guest.files.locate(path), 'utf8').catch(() => undefined);
      if (text !== undefined) return parseAgentConfig(text, path);
    }
    throw new BootError(`${service}: no configuration at ${configs.slice(1).join(' or ')}`);
  }

  return {
    present: async () => await guest.packages.isInstalled(service),
    active: () => agent !== undefined,
    async start() {
      if (agent) return;
      const made = cloudWatchAgent(guest, await config());
      agent = made;
      made.start();
      guest.console.boot(`systemd[1]: Started ${service}.service - Amazon CloudWatch Agent.`);
    },
    async stop() {
      const ending = agent;
      agent = undefined;
      await ending?.stop();
    },
  };
}

/** `-a fetch-config -m ec2 -s -c file:/path`, `-a start|stop|status`. */
export async function agentControl({ guest, args }: CommandCall): Promise<CommandResult> {
  const value = (flag: string) => {
    const at = args.indexOf(flag);
    return at < 0 ? undefined : args[at + 1];
  };
  if (!(await guest.packages.isInstalled(service))) {
    return {
      status: 127,
      stderr: `${service}-ctl: No such file or directory: the package ${service} is not installed\n`,
    };
  }
  const action = value('-a');
  const mode = value('-m') ?? 'ec2';
  if (mode !== 'ec2' && mode !== 'auto') throw new NotModelled(`not modelled: the agent's mode ${mode}`);
  switch (action) {
    case 'fetch-config': {
      const source = value('-c') ?? 'default';
      if (!source.startsWith('file:')) throw new NotModelled(`not modelled: an agent configuration from ${source}`);
      const path = source.slice('file:'.length);
      try {
        const text = await readFile(await guest.files.locate(path), 'utf8');
        parseAgentConfig(text, path);
        await guest.files.write(translated, text);
      } catch (error) {
        if (error instanceof NotModelled) throw error;
        return { status: 1, stderr: `Failed to fetch the config: ${messageOf(error)}\n` };
      }
      if (!args.includes('-s')) return { status: 0 };
      await guest.systemd.control(['enable', service]);
      return await guest.systemd.control(['restart', service]);
    }
    case 'start':
    case 'stop':
    case 'status':
      return await guest.systemd.control([action, service]);
    default:
      throw new NotModelled(`not modelled: amazon-cloudwatch-agent-ctl -a ${action ?? ''}`);
  }
}
