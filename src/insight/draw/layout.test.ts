/** Pictures are orderly whatever is in them, show everything, and stay as they are where nothing changed. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type ConfigInput, synthesise } from '../../blueprint/index.ts';
import { everyVariant } from '../../blueprint/variants.suite.ts';
import { modelOf } from '../model/model.ts';
import { geometryProblems } from './geometry.suite.ts';
import { sceneOf } from './make-scene.ts';
import { layoutOf } from './place.ts';
import { eachPart } from './scene-parts.ts';
import { oddTemplates } from './templates.suite.ts';

async function drawn(template: string) {
  const model = await modelOf({ template, name: 'template.yml', partial: true });
  const scene = await sceneOf(model, 'A picture');
  await model.close();
  return { scene, layout: layoutOf(scene), resources: [...model.resources.keys()] };
}

const zones = ([2, 3, 4] as const).map((count): [string, ConfigInput] => [
  `${count} zones`,
  { name: 'gallery', domain: 'myapp.com', network: { zones: count } },
]);
const blueprints = [...everyVariant, ...zones].map(([name, config]) => [name, () => synthesise(config).yaml] as const);
const all = [...blueprints, ...Object.entries(oddTemplates).map(([name, text]) => [name, () => text] as const)];

describe.each(all)('%s', (_name, template) => {
  let picture: Awaited<ReturnType<typeof drawn>>;
  beforeAll(async () => {
    picture = await drawn(template());
  });

  it('has room for everything: nothing overlaps, no arrow passes what it does not belong to', () => {
    expect(geometryProblems(picture.layout)).toEqual([]);
  });

  it('shows every resource and every arrow', () => {
    const { scene, layout, resources } = picture;
    const covered = new Set([...eachPart(scene)].flatMap(({ covers }) => covers));
    expect(resources.filter((id) => !covered.has(id))).toEqual([]);
    expect(layout.paths.length).toBe(scene.links.length);
  });
});
