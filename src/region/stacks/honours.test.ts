import { describe, expect, it } from 'vitest';
import { modelledPart, notModelled, ReadLog, unwatched, watched } from './honours.ts';
import { resourceType } from './resource-type.ts';

const type = resourceType<Record<string, unknown>>({
  honours: ['Name', 'Deep.Known', 'List[].Known', 'List[].More.X', 'Map.*.Y', 'Tags'],
  inert: { Ignored: 'why', 'Deep.Ignored': 'why' },
  create: async () => ({ physicalId: 'x' }),
  delete: async () => {},
});

const all = {
  Name: 'n',
  Other: 1,
  Deep: { Known: 1, Ignored: 2, Other: 3 },
  List: [{ Known: 1 }, { Known: 2, Other: 3, More: { X: 1, Z: 2 } }],
  Map: { a: { Y: 1, Z: 2 } },
  Tags: [{ Key: 'a', Anything: { goes: true } }],
  Ignored: { all: 'below' },
};

describe('honoured properties', () => {
  it('are told from the others', () => {
    expect(notModelled(type, all).map((place) => place.join('/'))).toEqual([
      'Other',
      'Deep/Other',
      'List/1/Other',
      'List/1/More/Z',
      'Map/a/Z',
    ]);
  });

  it('are all that is handed on', () => {
    expect(modelledPart(type, all)).toEqual({
      Name: 'n',
      Deep: { Known: 1, Ignored: 2 },
      List: [{ Known: 1 }, { Known: 2, More: { X: 1 } }],
      Map: { a: { Y: 1 } },
      Tags: all.Tags,
      Ignored: all.Ignored,
    });
    expect(modelledPart(type, { Name: 'n', Deep: { Known: 1, Ignored: 2 }, Ignored: 1 }, 'without inert')).toEqual({
      Name: 'n',
      Deep: { Known: 1 },
    });
  });

  it('are noted when read, and others trip', () => {
    const log = new ReadLog();
    const view = watched('T', type, all, log) as typeof all;
    expect(view.Name).toBe('n');
    expect(view.List.map(({ Known }) => Known)).toEqual([1, 2]);
    expect(view.Map.a.Y).toBe(1);
    expect(() => view.Other).toThrow('T reads Other, which is not among the properties it honours');
    expect(() => view.Deep.Other).toThrow('T reads Deep.Other');
    expect(() => (view as unknown as Record<string, unknown>).NotEvenThere).toThrow('T reads NotEvenThere');
    expect(log.neverRead({ T: type, Unused: type })).toEqual({ T: ['Deep.Known', 'List[].More.X', 'Tags'] });
  });

  it('leave no view behind in what is sent', () => {
    const view = watched('T', type, modelledPart(type, all), new ReadLog());
    expect(structuredClone(unwatched({ all: view.List }))).toEqual({
      all: [{ Known: 1 }, { Known: 2, More: { X: 1 } }],
    });
  });
});
