/**
 * The resources that are one configuration with a name: policies, access controls, keys and key groups. Their operations
 * differ in names of members and errors only, so each kind is a row of facts.
 */
import type { Table } from '../../store/store.ts';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type Configured, checkMatch, configured, distributions, found, invalid, newId, pageOf } from './state.ts';

export interface Kind<C> {
  /** `CachePolicy`: of operations and of most members. */
  readonly noun: string;
  /** The member that holds the configuration: `CachePolicyConfig`. */
  readonly member: string;
  /** The plural of the list operation's name: `CachePolicies`. */
  readonly plural: string;
  /** The member that holds a list: `CachePolicyList`. */
  readonly listMember: string;
  readonly table: (scope: Scope) => Table<Configured<C>>;
  readonly managed?: ReadonlyMap<string, C>;
  readonly missing: string;
  readonly exists: string;
  readonly inUse: string;
  nameOf(config: C): string;
  id(scope: Scope): string;
  /** Throws what AWS says of a bad configuration; gives the one to keep. */
  check(config: C, call: Call, before: C | undefined): C;
  view(record: Configured<C>): object;
  summary(record: Configured<C>, managed: boolean): object;
  uses(text: string, id: string): boolean;
  /** Other users than distributions. */
  usedElsewhere?(call: Call, id: string): boolean;
}

type Input = Record<string, unknown>;

export function uuidOf(scope: Scope): string {
  return scope.random.uuid();
}
export { newId as shortId };

export function operationsOf<C>(kind: Kind<C>): Record<string, (input: Input, call: Call) => object> {
  const { noun, member, table } = kind;

  function recordOf(call: Call, id: unknown): Configured<C> {
    const config = kind.managed?.get(String(id));
    if (config) return managedRecord(String(id), config);
    return found(table(call), id as string | undefined, kind.missing, noun);
  }

  function refuseTaken(call: Call, config: C, own?: string): void {
    for (const record of table(call).values()) {
      if (record.id !== own && kind.nameOf(record.config) === kind.nameOf(config)) {
        throw new Fault(kind.exists, `A ${noun} with the name ${kind.nameOf(config)} already exists.`, { status: 409 });
      }
    }
  }

  function configOf(input: Input): C {
    const config = input[member] as C | undefined;
    if (!config || !kind.nameOf(config)) throw invalid(`The ${member} and its name are required.`);
    return config;
  }

  function ownRecord(call: Call, input: Input): Configured<C> {
    if (kind.managed?.has(String(input.Id))) {
      throw new Fault('IllegalUpdate', `A managed ${noun} cannot be changed.`);
    }
    const record = recordOf(call, input.Id);
    checkMatch(record.etag, input.IfMatch as string | undefined);
    return record;
  }

  return {
    [`Create${noun}`](input, call) {
      const config = kind.check(configOf(input), call, undefined);
      refuseTaken(call, config);
      const record = configured(call, kind.id(call), config);
      table(call).put(record.id, record);
      return { [noun]: kind.view(record), ETag: record.etag, Location: locationOf(noun, record.id) };
    },
    [`Get${noun}`](input, call) {
      const record = recordOf(call, input.Id);
      return { [noun]: kind.view(record), ETag: record.etag };
    },
    [`Get${noun}Config`](input, call) {
      const record = recordOf(call, input.Id);
      return { [member]: record.config, ETag: record.etag };
    },
    [`Update${noun}`](input, call) {
      const before = ownRecord(call, input);
      const config = kind.check(configOf(input), call, before.config);
      refuseTaken(call, config, before.id);
      const record = configured(call, before.id, config);
      table(call).put(record.id, record);
      return { [noun]: kind.view(record), ETag: record.etag };
    },
    [`Delete${noun}`](input, call) {
      const { id } = ownRecord(call, input);
      const used = [...distributions(call).values()].some(({ config }) => kind.uses(JSON.stringify(config), id));
      if (used || kind.usedElsewhere?.(call, id)) {
        throw new Fault(kind.inUse, `The ${noun} is in use and cannot be deleted.`, { status: 409 });
      }
      table(call).delete(id);
      return {};
    },
    [`List${kind.plural}`](input, call) {
      const { Type } = input;
      const own = Type === 'managed' ? [] : [...table(call).values()];
      const managed =
        Type === 'custom' ? [] : [...(kind.managed ?? [])].map(([id, config]) => managedRecord(id, config));
      const { items, shared } = pageOf([...own, ...managed], ({ id }) => id, input as { Marker?: string });
      const Items = items.map((record) => kind.summary(record, kind.managed?.has(record.id) ?? false));
      return {
        [kind.listMember]: {
          ...shared,
          ...extraListMembers(noun, input, shared),
          ...(Items.length > 0 ? { Items } : {}),
        },
      };
    },
  };
}

function extraListMembers(noun: string, { Marker }: Input, { NextMarker }: { NextMarker?: string }): object {
  const older = noun === 'OriginAccessControl' || noun === 'CloudFrontOriginAccessIdentity';
  return older ? { Marker: Marker ?? '', IsTruncated: NextMarker !== undefined } : {};
}

function managedRecord<C>(id: string, config: C): Configured<C> {
  return { id, etag: 'E23ZP02F085DFQ', modifiedMs: Date.UTC(2020, 8, 1), config };
}

const paths: Readonly<Record<string, string>> = {
  CachePolicy: 'cache-policy',
  OriginRequestPolicy: 'origin-request-policy',
  ResponseHeadersPolicy: 'response-headers-policy',
  OriginAccessControl: 'origin-access-control',
  CloudFrontOriginAccessIdentity: 'origin-access-identity/cloudfront',
  PublicKey: 'public-key',
  KeyGroup: 'key-group',
};

function locationOf(noun: string, id: string): string {
  return `https://cloudfront.amazonaws.com/2020-05-31/${paths[noun]}/${id}`;
}
