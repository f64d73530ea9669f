/**
 * The members of each group, found without going through those of all groups: the loops of groups, policies and metrics
 * ask for them far more often than one changes. What was handed out stays as it was.
 */
import type { Table } from '../../store/store.ts';
import type { MemberRecord } from './state.ts';

interface Views {
  readonly every: readonly MemberRecord[];
  /** Without the warm pool's. */
  readonly members: readonly MemberRecord[];
  readonly pool: readonly MemberRecord[];
  /** Those that count as the group's capacity. */
  readonly capacity: readonly MemberRecord[];
  /** Those that a look at the group may have something to do for. */
  readonly restless: readonly MemberRecord[];
}

class MemberIndex {
  readonly #table: Table<MemberRecord>;
  /** By group, then by key, in the table's order. */
  readonly #groups = new Map<string, Map<string, MemberRecord>>();
  readonly #views = new Map<string, Views>();
  readonly #byInstance = new Map<string, string>();
  /** As they were when they were last told of. */
  readonly #known = new Map<string, MemberRecord>();

  constructor(table: Table<MemberRecord>) {
    this.#table = table;
    for (const [key, member] of table.entries()) this.#put(key, member);
    table.watch((key, member) => {
      if (member) this.#put(key, member);
      else this.#delete(key);
    });
  }

  viewsOf(group: string): Views {
    let views = this.#views.get(group);
    if (!views) {
      views = viewsOf([...(this.#groups.get(group)?.values() ?? [])]);
      this.#views.set(group, views);
    }
    return views;
  }

  ofInstance(instanceId: string): MemberRecord | undefined {
    return this.#table.get(this.#byInstance.get(instanceId) ?? '');
  }

  #put(key: string, member: MemberRecord): void {
    const before = this.#known.get(key);
    if (before && before.group !== member.group) this.#delete(key);
    const { group, instanceId } = member;
    if (before?.instanceId !== undefined && before.instanceId !== instanceId) this.#forget(key, before.instanceId);
    if (instanceId !== undefined) this.#byInstance.set(instanceId, key);
    this.#known.set(key, member);
    const members = this.#groups.get(group) ?? new Map<string, MemberRecord>();
    this.#groups.set(group, members.set(key, member));
    this.#views.delete(group);
  }

  #delete(key: string): void {
    const before = this.#known.get(key);
    if (!before) return;
    this.#known.delete(key);
    if (before.instanceId !== undefined) this.#forget(key, before.instanceId);
    const members = this.#groups.get(before.group);
    members?.delete(key);
    if (members?.size === 0) this.#groups.delete(before.group);
    this.#views.delete(before.group);
  }

  /** An instance that was detached may be another member's by now. */
  #forget(key: string, instanceId: string): void {
    if (this.#byInstance.get(instanceId) === key) this.#byInstance.delete(instanceId);
  }
}

function viewsOf(every: readonly MemberRecord[]): Views {
  const members = every.filter(({ warm }) => !warm);
  return {
    every,
    members,
    pool: every.filter(({ warm }) => warm),
    capacity: members.filter(({ lifecycle }) => lifecycle === 'Pending' || lifecycle === 'InService'),
    restless: every.filter((member) => !rests(member)),
  };
}

/** In service or standing by, as it is for nearly all of a large group at nearly all times. */
function rests({ lifecycle, warm, healthy, untagged, request, wait, replaces }: MemberRecord): boolean {
  const still = lifecycle === 'InService' || lifecycle === 'Standby';
  return still && healthy && !warm && !untagged && !request && wait !== 'Wait' && replaces === undefined;
}

/** By the table that is the same object for the region's scope and each call in it. */
const indexes = new WeakMap<Table<MemberRecord>, MemberIndex>();

export function memberIndex(table: Table<MemberRecord>): MemberIndex {
  let index = indexes.get(table);
  if (!index) {
    index = new MemberIndex(table);
    indexes.set(table, index);
  }
  return index;
}
