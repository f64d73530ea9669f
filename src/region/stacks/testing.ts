/**
 * For the tests of this room: a region's tables without the region, and a resource type that keeps its things in a table
 * and fails, waits or is replaced as its properties say.
 */
import { VirtualClock } from '../clock/clock.ts';
import { seededRandom } from '../clock/random.ts';
import { memoryStore } from '../store/memory-store.ts';
import type { Store, Table } from '../store/store.ts';
import { Fault } from '../wire/fault.ts';
import { checkTemplate } from './check.ts';
import { createEngine, type Engine } from './engine.ts';
import { ReadLog } from './honours.ts';
import { chooseValues, type GivenParameter } from './parameters.ts';
import { parseTemplate } from './parse.ts';
import {
  events,
  findStack,
  keepTemplate,
  type OnFailure,
  type StackHost,
  type StackRecord,
  type StackTarget,
  stackResources,
} from './records.ts';
import { type ResourceType, resourceType } from './resource-type.ts';

export interface Thing {
  readonly id: string;
  readonly name: string;
  readonly value: string;
  readonly token: string;
  readonly madeAt: number;
  /** Counts the things that were ever made, so that order can be seen. */
  readonly order: number;
}

interface ThingProperties {
  Name?: string;
  Value?: string;
  /** Ids of others. */
  Uses?: readonly string[];
  SleepMs?: number;
  /** `create`, `update`, `delete` or `slow`: fails after making the thing. */
  Fail?: string;
  Ignored?: string;
  Tags?: readonly unknown[];
}

/** `Orrery::Test::Thing`. `Name` replaces it, `Value` and `Uses` are changed in place. A thing in use cannot be deleted. */
export const thing: ResourceType = resourceType<ThingProperties>({
  honours: ['Name', 'Value', 'Uses', 'SleepMs', 'Fail', 'Deep.Known', 'List[].Known'],
  inert: { Ignored: 'nothing comes of it' },
  async create(request) {
    const { properties, logicalId, stack, invoke, clock, signal } = request;
    const { SleepMs, Value = '', Uses = [] } = properties;
    const Fail = failures(properties);
    if (Fail.includes('create')) throw new Fault('LimitExceeded', `no room for ${logicalId}`);
    if (SleepMs) await clock.sleep(Number(SleepMs), signal);
    const name = properties.Name ?? request.name(40);
    const { Id } = await invoke<{ Id: string }>('test', 'CreateThing', {
      Token: `${stack.id}/${logicalId}/${request.name()}`,
      Name: name,
      Value,
      Uses,
    });
    request.made?.(Id);
    if (Fail.includes('slow')) {
      await clock.sleep(1000, signal);
      throw new Fault('InternalError', 'broken on the way', { status: 500 });
    }
    return { physicalId: Id, attributes: { Arn: `arn:thing/${Id}`, Nested: { Value }, Made: Id } };
  },
  async update(request) {
    const { properties, physicalId, invoke, clock, signal } = request;
    const { SleepMs, Value = '', Uses = [] } = properties;
    if (SleepMs) await clock.sleep(Number(SleepMs), signal);
    if (failures(properties).includes('update')) throw new Fault('InvalidParameter', `${physicalId} cannot be changed`);
    await invoke('test', 'UpdateThing', { Id: physicalId, Value, Uses });
    return { physicalId, attributes: { Arn: `arn:thing/${physicalId}`, Nested: { Value }, Made: physicalId } };
  },
  async delete(request) {
    const { properties, physicalId, invoke } = request;
    if (failures(properties).includes('delete')) throw new Fault('ThingInUse', `${physicalId} is held by someone`);
    await invoke('test', 'DeleteThing', { Id: physicalId });
  },
  replaces: (before, after) => before.Name !== after.Name,
});

function failures({ Fail = '' }: ThingProperties): string[] {
  return Fail.split(' ');
}

/** The service behind the things. Creation is idempotent by token. */
export function thingsService(host: () => Pick<StackHost, 'table' | 'clock'>) {
  const things = () => host().table<Thing & { uses: readonly string[] }>('test/things');
  const counter = () => host().table<number>('test/counter');
  return async (operation: string, input: Record<string, unknown>): Promise<object> => {
    const { Id, Token, Name, Value, Uses } = input as {
      Id: string;
      Token: string;
      Name: string;
      Value: string;
      Uses: string[];
    };
    await Promise.resolve();
    const known = things().get(Id);
    switch (operation) {
      case 'CreateThing': {
        const again = [...things().values()].find(({ token }) => token === Token);
        if (again) return { Id: again.id };
        if ([...things().values()].some(({ name }) => name === Name))
          throw new Fault('ThingAlreadyExists', `${Name} already exists`);
        for (const used of Uses) if (!things().has(used)) throw new Fault('ThingNotFound', `no thing ${used}`);
        const order = (counter().get('made') ?? 0) + 1;
        counter().put('made', order);
        const id = `thing-${order}`;
        things().put(id, { id, name: Name, value: Value, token: Token, madeAt: host().clock.now(), order, uses: Uses });
        return { Id: id };
      }
      case 'UpdateThing':
        if (!known) throw new Fault('ThingNotFound', `no thing ${Id}`);
        things().put(Id, { ...known, value: Value, uses: Uses });
        return {};
      default:
        if (!known) return {};
        if ([...things().values()].some(({ uses }) => uses.includes(Id)))
          throw new Fault('DependencyViolation', `${Id} is in use`);
        things().delete(Id);
        return {};
    }
  };
}

export interface TestRegion {
  readonly host: StackHost;
  readonly engine: Engine;
  readonly clock: VirtualClock;
  readonly reads: ReadLog;
  things(): Thing[];
  create(
    name: string,
    template: object | string,
    options?: Partial<StackTarget> & { given?: GivenParameter[]; onFailure?: OnFailure; timeoutMinutes?: number },
  ): StackRecord;
  update(
    name: string,
    template: object | string,
    options?: Partial<StackTarget> & { given?: GivenParameter[]; disableRollback?: boolean },
  ): StackRecord;
  delete(name: string, retain?: readonly string[]): void;
  /** Moves time on until nothing is under way; at most a day of model time. */
  settle(): Promise<void>;
  stack(name: string): StackRecord;
  /** `logicalId STATUS` of all events, oldest first; with reasons when asked. */
  events(name: string, reasons?: boolean): string[];
  resources(name: string): Record<string, string>;
}

export interface TestOptions {
  readonly store?: Pick<Store, 'table'>;
  readonly types?: Record<string, ResourceType>;
  readonly seed?: number;
  readonly clock?: VirtualClock;
  readonly invoke?: (service: string, operation: string, input: object) => Promise<object>;
}

export function testRegion(options: TestOptions = {}): TestRegion {
  const { store = memoryStore(), clock = new VirtualClock(), seed = 1 } = options;
  const region = 'us-east-1';
  const things = thingsService(() => host);
  const host: StackHost = {
    account: '123456789012',
    region,
    zones: ['a', 'b', 'c'].map((letter) => `${region}${letter}`),
    clock,
    random: seededRandom(seed),
    table: <T>(name: string): Table<T> => store.table<T>(`${region}/${name}`),
    invoke: async <O>(_: unknown, service: string, operation: string, input: object) =>
      (await (service === 'test'
        ? things(operation, input as Record<string, unknown>)
        : (options.invoke?.(service, operation, input) ?? Promise.reject(new Fault('InvalidAction', operation))))) as O,
    note() {},
  };
  const reads = new ReadLog();
  const engine = createEngine(host, {
    types: () => ({ 'Orrery::Test::Thing': thing, ...options.types }),
    watchReads: reads,
    allowUnmodelled: () => true,
  });
  const stack = (name: string) => {
    const found =
      findStack(host, name) ??
      [...host.table<StackRecord>('cloudformation/stacks').values()].findLast((one) => one.name === name);
    if (!found) throw new Error(`no stack ${name}`);
    return found;
  };
  const target = (
    template: object | string,
    given: GivenParameter[] = [],
    previous: StackRecord | undefined,
    more: Partial<StackTarget>,
  ): StackTarget => {
    const text = typeof template === 'string' ? template : JSON.stringify(template);
    const parsed = parseTemplate(text);
    checkTemplate(parsed);
    return {
      templateId: keepTemplate(host, text),
      parameters: chooseValues(parsed, given, previous?.parameters),
      tags: {},
      notificationArns: [],
      capabilities: [],
      ...more,
    };
  };
  return {
    host,
    engine,
    clock,
    reads,
    things: () => [...host.table<Thing>('test/things').values()],
    create(name, template, { given, onFailure = 'ROLLBACK', timeoutMinutes, ...more } = {}) {
      const id = `arn:aws:cloudformation:${region}:123456789012:stack/${name}/${host.random.uuid()}`;
      return engine.create({
        id,
        name,
        ...target(template, given, undefined, more),
        onFailure,
        timeoutMinutes,
        caller: {},
        warnings: [],
      });
    },
    update(name, template, { given, disableRollback = false, ...more } = {}) {
      return engine.update(stack(name), {
        ...target(template, given, stack(name), more),
        disableRollback,
        caller: {},
        warnings: [],
      });
    },
    delete: (name, retain = []) => engine.delete(stack(name), { caller: {}, retain }),
    async settle() {
      let over = false;
      void engine.settled().then(() => {
        over = true;
      });
      for (let minutes = 0; !over && minutes < 24 * 60; minutes++) await clock.advance(minutes < 2 ? 1000 : 60_000);
      if (!over) throw new Error('an operation did not end within a day');
    },
    stack,
    events: (name, reasons = false) =>
      [...events(host, stack(name).id).values()].map(
        ({ logicalId, status, reason }) =>
          `${logicalId} ${status}${reasons && reason !== undefined ? `: ${reason}` : ''}`,
      ),
    resources: (name) =>
      Object.fromEntries(stackResources(host, stack(name).id).map(({ logicalId, status }) => [logicalId, status])),
  };
}
