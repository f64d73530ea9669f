/** The picture of a template, or of a change of one, in a format of its own. */

import type { NotModelled } from '../../region/template.ts';
import { parseTemplate, TemplateFault } from '../../region/template.ts';
import type { Model, ModelOptions } from '../model/model.ts';
import type { ModelProblem } from '../model/model-error.ts';
import { modelOfRest } from '../model/model-of-rest.ts';
import { changesOf, type ResourceChange } from './changes.ts';
import { compared } from './compare.ts';
import { drawioOf } from './drawio.ts';
import { sceneOf } from './make-scene.ts';
import { mermaidOf } from './mermaid.ts';
import { layoutOf } from './place.ts';
import { findBrowser, pngOf } from './png.ts';
import type { Link, Part, Scene } from './scene.ts';
import { eachPart } from './scene-parts.ts';
import { svgOf } from './svg.ts';
import type { ThemeName } from './theme.ts';

export const formats = ['svg', 'drawio', 'png', 'mermaid'] as const;

export type DrawFormat = (typeof formats)[number];

export interface DrawOptions extends Omit<ModelOptions, 'partial'> {
  readonly format: DrawFormat;
  /** Of all but Mermaid: `auto` follows the viewer's in SVG and draw.io, and is light in PNG. */
  readonly theme?: ThemeName;
  /** The heading; the template's name by default. */
  readonly title?: string;
  /** What it was before: the picture shows what the change does. */
  readonly before?: { readonly template: string; readonly name: string };
}

export interface DrawnPart {
  readonly key: string;
  readonly title: string;
  readonly name: string;
  /** Logical ids. */
  readonly resources: readonly string[];
  readonly mark?: Part['mark'];
}

export interface Drawing {
  readonly format: DrawFormat;
  readonly content: string | Buffer;
  /** In pixels; of Mermaid, which has a layout of its own, none. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  readonly parts: readonly DrawnPart[];
  readonly arrows: readonly Pick<Link, 'from' | 'to' | 'kind' | 'reply' | 'both' | 'stopped' | 'badges' | 'mark'>[];
  /** Logical ids and types of what stands in an area of its own, as the model has nothing of it. */
  readonly notModelled: readonly { readonly logicalId: string; readonly type: string }[];
  /** Parameters that name parts of an account, and what is drawn for them. */
  readonly assumed: readonly NotModelled[];
  /** Why some resources could not be made: they stand there too. */
  readonly failed: readonly ModelProblem[];
  /** With `before`. */
  readonly changes: readonly ResourceChange[];
}

/** Throws `ModelError` where the template is none, and `DrawError` where there is nothing to draw with. */
export async function draw(options: DrawOptions): Promise<Drawing> {
  const { format, before, theme = 'auto', title = titleOf(options.name), template, parameters = {}, name } = options;
  const [ofNew, ofOld] = before ? parametersOf(options, before) : [parameters, {}];
  const after = await withModel({ ...options, parameters: ofNew }, async (model) => ({
    scene: await sceneOf(model, title),
    notModelled: model.notModelled
      .filter((one) => one.path === '' && !model.standIns.includes(one))
      .map(({ logicalId, type }) => ({ logicalId, type })),
    assumed: model.assumed,
    isStandIn: model.isStandIn,
    failed: model.failed,
  }));
  let scene: Scene = after.scene;
  let changes: ResourceChange[] = [];
  if (before) {
    const old = await withModel({ ...options, ...before, parameters: ofOld }, async (model) => ({
      scene: await sceneOf(model, title),
      changes: await changesOf(model, template, ofNew, name),
    }));
    changes = old.changes;
    scene = compared(old.scene, after.scene, changes);
  }
  const parts = [...eachPart(scene)];
  return {
    format,
    ...(await written(scene, format, theme)),
    parts: parts.map(({ key, title: what, name: which, covers, mark }) => ({
      key,
      title: what,
      name: which,
      resources: covers.filter((id) => !after.isStandIn(id)),
      ...(mark === undefined ? {} : { mark }),
    })),
    arrows: scene.links.map(({ from, to, kind, reply, both, stopped, badges, mark }) => ({
      from,
      to,
      kind,
      badges,
      ...(reply ? { reply } : {}),
      ...(both ? { both } : {}),
      ...(stopped ? { stopped } : {}),
      ...(mark ? { mark } : {}),
    })),
    notModelled: after.notModelled,
    assumed: after.assumed,
    failed: after.failed,
    changes,
  };
}

/** Each template takes those that it has; what neither has, the new one refuses. */
function parametersOf(
  { template, parameters = {} }: DrawOptions,
  before: NonNullable<DrawOptions['before']>,
): [Record<string, string>, Record<string, string>] {
  const [declared, once] = [template, before.template].map(parameterNames);
  const given = Object.entries(parameters);
  const ofOld = given.filter(([key]) => once?.has(key));
  const ofNew = given.filter(([key]) => declared?.has(key) || !once?.has(key));
  return [Object.fromEntries(ofNew), Object.fromEntries(ofOld)];
}

/** What is no template has none: the model says what is wrong with it. */
function parameterNames(template: string): ReadonlySet<string> {
  try {
    return new Set(Object.keys(parseTemplate(template).parameters));
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    return new Set();
  }
}

async function withModel<T>(options: DrawOptions, use: (model: Model) => Promise<T>): Promise<T> {
  const { template, name, parameters, region } = options;
  const model = await modelOfRest({
    template,
    name,
    ...(parameters ? { parameters } : {}),
    ...(region === undefined ? {} : { region }),
  });
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

function titleOf(name: string): string {
  return name.replace(/^.*[\\/]/, '').replace(/\.(template\.)?(ya?ml|json)$/, '');
}

async function written(scene: Scene, format: DrawFormat, theme: ThemeName): Promise<Pick<Drawing, 'content' | 'size'>> {
  if (format === 'mermaid') return { content: mermaidOf(scene), size: undefined };
  const layout = layoutOf(scene);
  const size = { width: layout.width, height: layout.height };
  if (format === 'drawio') return { content: drawioOf(layout, theme), size };
  if (format === 'svg') return { content: svgOf(layout, theme), size };
  return { content: await pngOf(svgOf(layout, theme === 'auto' ? 'light' : theme), size, findBrowser()), size };
}
