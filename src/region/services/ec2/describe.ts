/** What every Describe operation shares: filters with wildcards, the lookup by ids, and pages. */
import type { Filter } from '@aws-sdk/client-ec2';
import { matches, wildcard } from '../../pattern/wildcard.ts';
import type { Table } from '../../store/store.ts';
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { tagsOf } from './tag-table.ts';

type Scalar = string | number | boolean | undefined;

/** By filter name, what of a record is compared; several values match when one does. */
export type FilterFields<R> = Readonly<Record<string, (record: R) => Scalar | readonly Scalar[]>>;

interface DescribeInput {
  readonly Filters?: readonly Filter[] | undefined;
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

interface Selection<R> {
  readonly table: Table<R> | Iterable<R>;
  readonly id: (record: R) => string;
  readonly fields: FilterFields<R>;
  /** The asked ids: each must exist. */
  readonly ids?: readonly string[] | undefined;
  readonly need?: (scope: Scope, id: string) => R;
  /** Smallest and largest `MaxResults`. */
  readonly pageSize?: { readonly min: number; readonly max: number };
  /** The id whose tags the filters `tag:<key>` and `tag-key` look at, when it is not `id`. */
  readonly tagId?: (record: R) => string;
}

/** The page of records that the request asks for, and where the next one begins. */
export function select<R>(
  scope: Scope,
  input: DescribeInput,
  selection: Selection<R>,
): { readonly records: readonly R[]; readonly NextToken: string | undefined } {
  const { table, id, fields, ids, need, tagId = id } = selection;
  if (ids?.length && input.MaxResults !== undefined && selection.need && selection.pageSize) {
    throw new Fault(
      'InvalidParameterCombination',
      'The parameter MaxResults cannot be used with a list of ids in the same request.',
    );
  }
  const asked = ids?.length && need ? [...new Set(ids)].map((one) => need(scope, one)) : valuesOf(table);
  const matches = compileFilters(scope, input.Filters, fields, tagId);
  const found: R[] = [];
  for (const record of asked) if (matches(record)) found.push(record);
  return pageOf(found, input, id, selection.pageSize);
}

function valuesOf<R>(table: Table<R> | Iterable<R>): Iterable<R> {
  return Symbol.iterator in table ? table : table.values();
}

const tooManyValues = 200;

function compileFilters<R>(
  scope: Scope,
  filters: readonly Filter[] | undefined,
  fields: FilterFields<R>,
  tagId: (record: R) => string,
): (record: R) => boolean {
  if (!filters?.length) return () => true;
  if (filters.reduce((sum, filter) => sum + (filter.Values?.length ?? 0), 0) > tooManyValues) {
    throw new Fault(
      'FilterLimitExceeded',
      `The maximum number of filter values specified on a single call is ${tooManyValues}`,
    );
  }
  const tests = filters.map((filter) => {
    const name = filter.Name ?? '';
    const values = filter.Values ?? [];
    if (values.length === 0) throw new Fault('InvalidParameterValue', `The filter '${name}' must have a value`);
    const patterns = values.map((value) => wildcard(value, '\\'));
    const hit = (value: Scalar) => value !== undefined && patterns.some((pattern) => matches(pattern, String(value)));
    if (name.startsWith('tag:')) {
      const key = name.slice(4);
      return (record: R) => tagsOf(scope, tagId(record)).some((tag) => tag.Key === key && hit(tag.Value));
    }
    if (name === 'tag-key') return (record: R) => tagsOf(scope, tagId(record)).some((tag) => hit(tag.Key));
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field) throw new Fault('InvalidParameterValue', `The filter '${name}' is invalid`);
    return (record: R) => {
      const value = field(record);
      return Array.isArray(value) ? value.some(hit) : hit(value as Scalar);
    };
  });
  return (record) => tests.every((test) => test(record));
}

/** A token names the last record given out, so that records which came or went in between shift nothing. */
export function pageOf<R>(
  found: readonly R[],
  input: DescribeInput,
  id: (record: R) => string,
  { min, max } = { min: 5, max: 1000 },
): { readonly records: readonly R[]; readonly NextToken: string | undefined } {
  const { MaxResults: size } = input;
  if (size !== undefined && size < min) {
    throw new Fault(
      'InvalidParameterValue',
      `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value greater than ${min}.`,
    );
  }
  const start = input.NextToken ? startOf(input.NextToken, found, id) : 0;
  const end = Math.min(found.length, start + Math.min(size ?? max, max));
  const records = start === 0 && end === found.length ? found : found.slice(start, end);
  const last = found[end - 1];
  return { records, NextToken: end < found.length && last ? tokenOf(end, id(last)) : undefined };
}

function tokenOf(index: number, lastId: string): string {
  return Buffer.from(JSON.stringify([index, lastId])).toString('base64url');
}

function startOf<R>(token: string, found: readonly R[], id: (record: R) => string): number {
  try {
    const [index, lastId]: unknown[] = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0 || typeof lastId !== 'string')
      throw token;
    const at = found.findIndex((record) => id(record) === lastId);
    return at >= 0 ? at + 1 : index;
  } catch {
    throw new Fault('InvalidNextToken', 'The token is not valid.');
  }
}
