/**
 * Every call of an operation passes here, whether it came over the wire or from another service:
 * authorise → handle → durable. Scopes (one per region of the account) are made on first use.
 */
import type { Clock } from '../clock/clock.ts';
import type { Random } from '../clock/random.ts';
import type { Machines } from '../machines/machine.ts';
import type { Store, Table } from '../store/store.ts';
import type { Planes } from '../traffic/planes.ts';
import { Fault } from '../wire/fault.ts';
import { permissionLog } from './permission-log.ts';
import type { Access, Call, Caller, RegionEvent, Scope, Service, Via } from './service.ts';

/** What is asked of IAM; the answer says why, for the log. */
export interface Verdict {
  readonly allowed: boolean;
  /** For the log: `no statement allows s3:GetObject on arn:… for role app`. */
  readonly reason: string;
  /** AWS's text to the client, without the service's code. */
  readonly message: string;
}

export type Authoriser = (scope: Scope, caller: Caller, via: Via, access: Access) => Verdict;

export interface DispatcherOptions {
  readonly account: string;
  readonly defaultRegion: string;
  readonly services: readonly Service[];
  readonly authorise: Authoriser;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly planes: (scope: Scope) => Planes;
  readonly machines: (scope: Scope) => Machines;
  readonly note: (event: RegionEvent & { region: string }) => void;
}

/** A request that is decoded and whose caller is known. */
export interface Request extends Pick<Call, 'body' | 'http'> {
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly input: object;
  readonly requestId: string;
  readonly caller: Caller;
  readonly via: Via;
}

/** A call that is not made: asked only whether it would be let through. */
export type Proposal = Pick<Request, 'region' | 'service' | 'operation' | 'input' | 'caller'> & { readonly via?: Via };

export interface Dispatcher {
  call(request: Request): Promise<object>;
  /** What IAM says of a call: of the first question that is refused, else of the first. Throws the faults of its input. */
  verdict(proposal: Proposal): Verdict;
  scope(region: string): Scope;
  /** Resolves when no call is under way. */
  idle(): Promise<void>;
  /** Scopes in use so far. */
  scopes(): readonly Scope[];
  readonly services: ReadonlyMap<string, Service>;
}

const zoneLetters = ['a', 'b', 'c', 'd'];
const inProcess: Via = { sourceIp: 'AWS Internal', secure: true };
const regionName = /^[a-z]{2,4}(-[a-z]{1,9}){1,2}-\d$/;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const services = new Map(options.services.map((service) => [service.name, service]));
  const scopes = new Map<string, Scope>();
  const globalTables = new Map<string, Table<unknown>>();

  /** Found by its short name: a call asks for many tables many times. */
  function tableOf<T>(known: Map<string, Table<unknown>>, prefix: string, name: string): Table<T> {
    let table = known.get(name);
    if (!table) {
      table = options.store.table<unknown>(prefix + name);
      known.set(name, table);
    }
    return table as Table<T>;
  }

  function scope(region: string): Scope {
    const known = scopes.get(region);
    if (known) return known;
    if (!regionName.test(region)) {
      throw new Fault('InvalidClientTokenId', `'${region}' is not the name of an AWS region.`, { status: 403 });
    }
    const { account, clock, random, store } = options;
    const tables = new Map<string, Table<unknown>>();
    let machines: Machines | undefined;
    let planes: Planes | undefined;
    const made: Scope = {
      account,
      region,
      zones: zoneLetters.map((letter) => `${region}${letter}`),
      clock,
      random,
      table: <T>(name: string) => tableOf<T>(tables, `${region}/`, name),
      globalTable: <T>(name: string) => tableOf<T>(globalTables, 'global/', name),
      globalIndex: (name) => store.index(name),
      get filesDir() {
        return store.filesDir;
      },
      get planes() {
        planes ??= options.planes(made);
        return planes;
      },
      get machines() {
        machines ??= options.machines(made);
        return machines;
      },
      invoke: async <O>(caller: Caller, service: string, operation: string, input: object) =>
        (await call({ region, service, operation, input, caller, requestId: random.uuid(), via: inProcess })) as O,
      inRegion: scope,
      note: (event) => options.note({ ...event, region }),
    };
    scopes.set(region, made);
    for (const service of services.values()) void service.start?.(made);
    return made;
  }

  const usedPermissions = permissionLog();
  const underWay = new Set<Promise<object>>();

  function call(request: Request): Promise<object> {
    const running = handled(request).finally(() => underWay.delete(running));
    underWay.add(running);
    return running;
  }

  async function idle(): Promise<void> {
    while (underWay.size > 0) await Promise.allSettled(underWay);
  }

  function operationOf({ service: serviceName, operation: operationName }: Pick<Request, 'service' | 'operation'>) {
    const service = services.get(serviceName);
    const operation = service?.operations[operationName];
    if (!service || !operation) {
      throw new Fault('InvalidAction', `The action ${operationName} is not valid for this web service.`);
    }
    const { handle, access } =
      typeof operation === 'function'
        ? { handle: operation, access: () => ({ action: `${serviceName}:${operationName}`, resource: '*' }) }
        : operation;
    /** What is asked of IAM before the handler runs. */
    const questions = (input: object, call: Call): readonly Access[] => {
      const asked = access(input, call);
      return Array.isArray(asked) ? asked : [asked as Access];
    };
    return { service, handle, questions };
  }

  function verdict({ region, service, operation, input, caller, via = inProcess }: Proposal): Verdict {
    const here = scope(region);
    const call: Call = Object.assign(Object.create(here) as Scope, {
      ...{ service, operation, caller, via },
      requestId: 'proposal',
      authorise() {},
    });
    const verdicts = operationOf({ service, operation })
      .questions(input, call)
      .map((question) => options.authorise(here, caller, via, question));
    return verdicts.find(({ allowed }) => !allowed) ?? verdicts[0] ?? { allowed: true, reason: '', message: '' };
  }

  async function handled(request: Request): Promise<object> {
    const { service: serviceName, operation: operationName, caller, via, input } = request;
    const { service, handle, questions } = operationOf(request);
    const here = scope(request.region);
    const used = usedPermissions(here, caller);
    const authorise = (access: Access) => {
      const verdict = options.authorise(here, caller, via, access);
      if (verdict.allowed) {
        used?.(access);
        return;
      }
      here.note({
        source: 'iam',
        kind: 'access-denied',
        text: verdict.reason,
        data: { action: access.action, resource: access.resource, caller: callerName(caller) },
      });
      throw new Fault(service.deniedCode, verdict.message, { status: 403 });
    };
    // Getters of the scope are kept by making it the prototype.
    const context: Call = Object.assign(Object.create(here) as Scope, {
      service: serviceName,
      operation: operationName,
      requestId: request.requestId,
      caller,
      via,
      authorise,
      ...(request.body ? { body: request.body } : {}),
      ...(request.http ? { http: request.http } : {}),
    });
    for (const question of questions(input, context)) authorise(question);
    const output = await handle(input, context);
    await options.store.durable();
    return output ?? {};
  }

  return { call, verdict, scope, idle, scopes: () => [...scopes.values()], services };
}

/** How a caller is named in logs and error messages. */
export function callerName(caller: Caller): string {
  if (caller.kind === 'service') return caller.service;
  return caller.kind === 'anonymous' ? 'anonymous' : caller.arn;
}
