/** The log half of the CloudWatch agent: follows files and sends their lines to CloudWatch Logs. */
import { open } from 'node:fs/promises';
import type { AgentConfig } from './agent-config.ts';
import { messageOf } from './errors.ts';
import type { Guest } from './guest.ts';

export interface AgentLogs {
  /** Reads what is new and sends it. */
  send(): Promise<void>;
}

type LogFile = NonNullable<AgentConfig['logs']>['logs_collected']['files']['collect_list'][number];

interface Followed {
  readonly path: string;
  readonly group: string;
  readonly stream: string;
  readonly retentionDays: number | undefined;
  inode: number;
  offset: number;
  /** Read, and not yet taken by CloudWatch Logs. */
  waiting: { readonly timestamp: number; readonly message: string }[];
  ready: boolean;
}

const readBytes = 256 * 1024;
const longestMessage = 256 * 1024;
const mostWaiting = 10_000;
/** Of one PutLogEvents: 10,000 events and 1,048,576 bytes, each event counting 26 more, and 24 hours. */
const batch = { events: 10_000, bytes: 1_000_000, spanMs: 23 * 3_600_000 };

export function agentLogs(
  guest: Guest,
  config: NonNullable<AgentConfig['logs']>,
  problem: (what: string) => void,
): AgentLogs {
  const followed = config.logs_collected.files.collect_list.map((file) => follow(guest, file, config.log_stream_name));

  async function call(action: string, input: object): Promise<string> {
    return await guest.aws.call({
      method: 'POST',
      service: 'logs',
      path: '/',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${action}` },
      body: JSON.stringify(input),
      credentials: 'role',
    });
  }

  /** Made when it is missing: the stream first, the group when that needs it. */
  async function prepare(file: Followed): Promise<void> {
    const names = { logGroupName: file.group, logStreamName: file.stream };
    const there = (error: unknown) => {
      if (!/ResourceAlreadyExistsException/.test(messageOf(error))) throw error;
    };
    try {
      await call('CreateLogStream', names).catch(there);
    } catch (error) {
      if (!/ResourceNotFoundException/.test(messageOf(error))) throw error;
      await call('CreateLogGroup', { logGroupName: file.group }).catch(there);
      await call('CreateLogStream', names).catch(there);
    }
    if (file.retentionDays !== undefined && file.retentionDays > 0) {
      await call('PutRetentionPolicy', { logGroupName: file.group, retentionInDays: file.retentionDays });
    }
    file.ready = true;
  }

  async function sendOne(file: Followed): Promise<void> {
    await read(guest, file);
    while (file.waiting.length > 0) {
      if (!file.ready) await prepare(file);
      let bytes = 0;
      let count = 0;
      const lastMs = (file.waiting[0]?.timestamp ?? 0) + batch.spanMs;
      for (const event of file.waiting) {
        bytes += Buffer.byteLength(event.message) + 26;
        if (count > 0 && (bytes > batch.bytes || count >= batch.events || event.timestamp > lastMs)) break;
        count++;
      }
      const logEvents = file.waiting.slice(0, count);
      await call('PutLogEvents', { logGroupName: file.group, logStreamName: file.stream, logEvents }).catch(
        (error: unknown) => {
          // The group or the stream was deleted: made anew the next time.
          if (/ResourceNotFoundException/.test(messageOf(error))) file.ready = false;
          throw error;
        },
      );
      file.waiting = file.waiting.slice(count);
    }
  }

  return {
    async send() {
      for (const file of followed) {
        await sendOne(file).catch((error: unknown) => problem(`logs: ${file.group}: ${messageOf(error)}`));
      }
    },
  };
}

function follow(guest: Guest, file: LogFile, defaultStream: string | undefined): Followed {
  const { spec } = guest;
  // The same as the agent's: the path with slashes made dots is the group's name when none is given.
  const named = (text: string) =>
    text
      .replaceAll('{instance_id}', spec.instanceId)
      .replaceAll('{hostname}', spec.privateDnsName)
      .replaceAll('{local_hostname}', spec.privateDnsName)
      .replaceAll('{ip_address}', spec.privateIp);
  return {
    path: file.file_path,
    group: named(file.log_group_name ?? file.file_path.slice(1).replaceAll('/', '.')),
    stream: named(file.log_stream_name ?? defaultStream ?? '{instance_id}'),
    retentionDays: file.retention_in_days,
    inode: 0,
    offset: 0,
    waiting: [],
    ready: false,
  };
}

/** Adds what was written since the last time. A file that was turned over is read from its beginning. */
async function read(guest: Guest, file: Followed): Promise<void> {
  const handle = await open(await guest.files.locate(file.path)).catch(() => undefined);
  if (!handle) return;
  try {
    const { ino, size } = await handle.stat();
    if (ino !== file.inode || size < file.offset) Object.assign(file, { inode: ino, offset: 0 });
    while (file.offset < size && file.waiting.length < mostWaiting) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(readBytes), 0, readBytes, file.offset);
      const chunk = buffer.subarray(0, bytesRead);
      const end = chunk.lastIndexOf(10);
      // Half a line waits for its other half, unless it is longer than any event may be.
      const taken = end >= 0 ? end + 1 : bytesRead === readBytes ? bytesRead : 0;
      if (taken === 0) return;
      file.offset += taken;
      const timestamp = guest.host.clock.now();
      for (const line of chunk.subarray(0, taken).toString('utf8').split('\n')) {
        if (line !== '') file.waiting.push({ timestamp, message: line.slice(0, longestMessage) });
      }
    }
  } finally {
    await handle.close();
  }
}
