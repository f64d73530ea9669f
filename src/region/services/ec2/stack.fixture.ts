/** Makes resources as the CloudFormation engine does, one after the other, without an engine. */
import type { Created, ResourceType, StackIdentity } from '../../stacks/resource-type.ts';
import { type ec2Region, root } from './region.fixture.ts';

const stack: StackIdentity = {
  id: 'arn:aws:cloudformation:us-east-1:123456789012:stack/shop/11111111-2222-3333-4444-555555555555',
  name: 'shop',
  region: 'us-east-1',
  account: '123456789012',
};

export function testStack(region: Pick<ReturnType<typeof ec2Region>, 'clock' | 'scope' | 'dispatcher'>) {
  const made = new Map<string, { type: ResourceType; properties: object; created: Created }>();

  function request(logicalId: string, properties: object) {
    return {
      logicalId,
      properties,
      stack,
      metadata: {},
      stackTags: [
        { Key: 'aws:cloudformation:stack-name', Value: stack.name },
        { Key: 'aws:cloudformation:stack-id', Value: stack.id },
        { Key: 'aws:cloudformation:logical-id', Value: logicalId },
      ],
      clock: region.clock,
      random: region.scope.random,
      name: (maxLength = 255) => `shop-${logicalId}-AAAAAAAAAAAA`.slice(0, maxLength),
      invoke: <O>(service: string, operation: string, input: object) =>
        region.scope.invoke<O>(root, service, operation, input),
      async until<T>(what: string, done: () => Promise<T | undefined | false>, { everyMs = 1000 } = {}): Promise<T> {
        for (let n = 0; n < 100; n++) {
          const found = await done();
          if (found) return found;
          await region.clock.advance(everyMs);
        }
        throw new Error(`${what}: not in time`);
      },
      signals: { wait: async () => 0, impossible() {} },
      progress() {},
      signal: new AbortController().signal,
    };
  }

  /** EC2's by their short names, those of the region's other services by their whole ones. */
  function typeOf(short: string): ResourceType {
    const name = short.startsWith('AWS::') ? short : `AWS::EC2::${short}`;
    const type = [...region.dispatcher.services.values()].find(({ resources }) => resources?.[name])?.resources?.[name];
    if (!type) throw new Error(`${name} is not there`);
    return type;
  }

  const find = (logicalId: string) => {
    const found = made.get(logicalId);
    if (!found) throw new Error(`${logicalId} was not made`);
    return found;
  };

  const existing = (logicalId: string) => {
    const { properties, created } = find(logicalId);
    const { physicalId, attributes = {} } = created;
    return { ...request(logicalId, properties), physicalId, attributes };
  };

  return {
    async create(typeName: string, logicalId: string, properties: object): Promise<string> {
      const type = typeOf(typeName);
      const created = await type.create(request(logicalId, properties));
      made.set(logicalId, { type, properties, created });
      return created.ref ?? created.physicalId;
    },
    /** Runs a creation once more, as after a crash. */
    async again(logicalId: string): Promise<string> {
      const { type, properties } = find(logicalId);
      return (await type.create(request(logicalId, properties))).physicalId;
    },
    async update(logicalId: string, properties: object): Promise<void> {
      const { type, properties: previous } = find(logicalId);
      const created = await type.update?.({ ...existing(logicalId), properties, previous });
      if (created) made.set(logicalId, { type, properties, created });
    },
    /** `Fn::GetAtt` */
    async get(logicalId: string, name: string): Promise<string> {
      const { type, created } = find(logicalId);
      const attributes = type.read ? await type.read(existing(logicalId)) : created.attributes;
      return String(attributes?.[name]);
    },
    async deleteAll(): Promise<void> {
      for (const logicalId of [...made.keys()].reverse()) {
        await find(logicalId).type.delete(existing(logicalId));
        made.delete(logicalId);
      }
    },
  };
}
