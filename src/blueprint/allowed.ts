/** What each key of a configuration may hold, in words: schemas carry it, so that a mistake can say it. */
import { z } from 'zod';

const words = z.registry<{ readonly allowed: string }>();

/** Attaches the words to a schema, defaults and all. */
export function allowing<S extends z.ZodType>(allowed: string, schema: S): S {
  words.add(schema, { allowed });
  return schema;
}

/** The words for the key at `path`; undefined for one that is not there. */
export function allowedAt(schema: z.ZodType, path: readonly PropertyKey[]): string | undefined {
  const found = at(schema, path);
  return found && wordsOf(found);
}

/** The keys of the object at `path`. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const found = at(schema, path);
  const inner = found && unwrapped(found);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function at(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  let current: z.ZodType | undefined = schema;
  for (const key of path) {
    const inner: z.ZodType = unwrapped(current);
    // Below a key that has words of its own (a list, a map) these words are the answer.
    if (!(inner instanceof z.ZodObject)) return current;
    const shape: Readonly<Record<string, z.ZodType>> = inner.shape;
    current = Object.hasOwn(shape, String(key)) ? shape[String(key)] : undefined;
    if (current === undefined) return undefined;
  }
  return current;
}

function wordsOf(schema: z.ZodType): string | undefined {
  for (let current: z.ZodType | undefined = schema; current; current = inside(current)) {
    const found = words.get(current);
    if (found) return found.allowed;
  }
  return undefined;
}

function unwrapped(schema: z.ZodType): z.ZodType {
  const inner = inside(schema);
  return inner ? unwrapped(inner) : schema;
}

function inside(schema: z.ZodType): z.ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return schema.def.innerType as z.ZodType;
  }
  return undefined;
}
