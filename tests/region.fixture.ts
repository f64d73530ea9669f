/** A whole region for a test, spoken to by sockets only: the SDK, HTTP by the front door. */
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { realClock } from '../src/region/clock/clock.ts';
import { freePorts, Region, type RegionOptions } from '../src/region/region.ts';
import type { Template } from './api-template.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  /** `https`: the door that stands for 443. */
  readonly door?: 'http' | 'https';
}

export type TestedRegion = Awaited<ReturnType<typeof startRegion>>;

export async function startRegion(options: RegionOptions = {}) {
  const region = await Region.start({ ports: freePorts, ...options });
  const config = {
    endpoint: region.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const stacks = new CloudFormationClient(config);

  async function settled(name: string): Promise<string> {
    const status = async () =>
      (await stacks.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0]?.StackStatus ?? '';
    return eventually(status, (found) => !found.endsWith('_IN_PROGRESS'));
  }

  async function events(name: string) {
    return (await stacks.send(new DescribeStackEventsCommand({ StackName: name }))).StackEvents ?? [];
  }

  return {
    region,
    /** For a client of the SDK. */
    config,
    /** Creates a stack and waits; gives its last status. */
    async create(name: string, template: Template | string): Promise<string> {
      const TemplateBody = typeof template === 'string' ? template : JSON.stringify(template);
      await stacks.send(new CreateStackCommand({ StackName: name, TemplateBody, Capabilities: ['CAPABILITY_IAM'] }));
      return settled(name);
    },
    async update(name: string, template: Template): Promise<string> {
      const TemplateBody = JSON.stringify(template);
      await stacks.send(new UpdateStackCommand({ StackName: name, TemplateBody, Capabilities: ['CAPABILITY_IAM'] }));
      return settled(name);
    },
    settled,
    async outputs(name: string): Promise<Record<string, string>> {
      const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName: name }));
      const outputs = Stacks?.[0]?.Outputs ?? [];
      return Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
    },
    /** Every reason in the stack's events. */
    async reasons(name: string): Promise<string> {
      return (await events(name)).map(({ ResourceStatusReason }) => ResourceStatusReason).join('\n');
    },
    /** What failed, and why. */
    async failures(name: string): Promise<string> {
      return (await events(name))
        .filter(({ ResourceStatus }) => ResourceStatus?.endsWith('_FAILED'))
        .map(({ LogicalResourceId, ResourceStatusReason }) => `${LogicalResourceId}: ${ResourceStatusReason}`)
        .join('\n');
    },
    /** The texts of the events of a kind. */
    eventTexts: (kind: string) => region.events.recent().flatMap((event) => (event.kind === kind ? [event.text] : [])),
    /** By the front door, as a browser would. */
    get: (host: string, path = '/', { door = 'http', ...asked }: Asked = {}) =>
      get(region.ports[door], host, path, asked),
    close: () => region.close(),
  };
}

/** Asks a loopback port for a host: names under `.localhost` need not resolve on every machine. */
export function get(
  port: number,
  host: string,
  path = '/',
  { method = 'GET', headers = {}, body }: Omit<Asked, 'door'> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers: { ...headers, host } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('error', reject);
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Between two asks, real: the region in this very process has the processor meanwhile. */
const betweenAsksMs = 20;
const asks = realClock();

/** Asks again until the answer will do; the test's own time limit ends it. */
export async function eventually<T>(ask: () => T | Promise<T>, enough: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (enough(answer)) return answer;
    await asks.sleep(betweenAsksMs);
  }
}
