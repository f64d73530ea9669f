/** The files are sound: SVG that stands alone, draw.io cells that hold together, Mermaid that no name breaks. */
import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { beforeAll, describe, expect, it } from 'vitest';
import { synthesise } from '../../blueprint/index.ts';
import { modelOf } from '../model/model.ts';
import { browser } from './browser.fixture.ts';
import { draw } from './draw.ts';
import { drawioOf } from './drawio.ts';
import type { Layout } from './layout.ts';
import { sceneOf } from './make-scene.ts';
import { mermaidProblems } from './mermaid.suite.ts';
import { mermaidOf } from './mermaid.ts';
import { escapedText, fittedName } from './mermaid-text.ts';
import { layoutOf } from './place.ts';
import { findBrowser, pngOf } from './png.ts';
import type { Scene } from './scene.ts';
import { svgOf } from './svg.ts';

let scene: Scene;
let layout: Layout;
beforeAll(async () => {
  const { yaml } = synthesise({ name: 'gallery', domain: 'myapp.com', network: { zones: 3, ipv6: true } });
  const model = await modelOf({ template: yaml, name: 'build.yml' });
  scene = await sceneOf(model, 'A <b> & "quoted" title');
  await model.close();
  layout = layoutOf(scene);
});

describe('SVG', () => {
  it('is XML with a title and a description, and refers to nothing outside', () => {
    const text = svgOf(layout);
    expect(XMLValidator.validate(text)).toBe(true);
    expect(text).toContain('<title id="title">A &lt;b&gt; &amp; &quot;quoted&quot; title</title>');
    expect(text).toMatch(/<desc id="description">Architecture drawn from its CloudFormation template: .+<\/desc>/);
    const links = [...text.matchAll(/(?:href|src)="([^"]*)"|url\(([^)]*)\)/g)].map(
      ([, href, url]) => href ?? url ?? '',
    );
    expect(links.filter((link) => !link.startsWith('#'))).toEqual([]);
    const ids = new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => `#${id}`));
    expect(links.filter((link) => !ids.has(link))).toEqual([]);
  });

  it('has the icons that it uses, once each, and no other', () => {
    const text = svgOf(layout);
    const symbols = [...text.matchAll(/<symbol id="([^"]+)"/g)].map(([, id]) => id);
    const used = new Set([...text.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id));
    expect(symbols.length).toBe(new Set(symbols).size);
    expect(new Set(symbols)).toEqual(used);
  });

  it('follows the viewer by day and night, or does not where told', () => {
    expect(svgOf(layout, 'auto')).toContain('prefers-color-scheme: dark');
    for (const theme of ['light', 'dark'] as const) expect(svgOf(layout, theme)).not.toContain('prefers-color-scheme');
    expect(svgOf(layout, 'light')).not.toBe(svgOf(layout, 'dark'));
  });

  it('is the same each time', () => {
    expect(svgOf(layoutOf(scene))).toBe(svgOf(layout));
  });
});

interface Cell {
  readonly id: string;
  readonly parent?: string;
  readonly style?: string;
  readonly value?: string;
  readonly vertex?: string;
  readonly edge?: string;
  readonly source?: string;
  readonly target?: string;
  readonly geometry?: Readonly<Record<string, string>>;
}

function cellsOf(text: string): Cell[] {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    isArray: (name) => ['mxCell', 'object'].includes(name),
  });
  const { root } = parser.parse(text).mxfile.diagram.mxGraphModel;
  const plain = root.mxCell.map((cell: Cell & { mxGeometry?: Record<string, string> }) => ({
    ...cell,
    geometry: cell.mxGeometry,
  }));
  const named = root.object.map(
    ({ id, label, mxCell: [cell] }: { id: string; label: string; mxCell: (Cell & { mxGeometry?: object })[] }) => ({
      ...cell,
      id,
      value: label,
      geometry: cell?.mxGeometry,
    }),
  );
  return [...plain, ...named];
}

describe('draw.io', () => {
  it('is a graph that holds together: every parent, source and target is there, and no id twice', () => {
    const text = drawioOf(layout);
    expect(XMLValidator.validate(text)).toBe(true);
    const cells = cellsOf(text);
    const ids = new Set(cells.map(({ id }) => id));
    expect(cells.length).toBe(ids.size);
    for (const { id, parent, source, target, edge } of cells) {
      if (id !== '0') expect.soft(ids.has(parent ?? ''), `parent of ${id}`).toBe(true);
      if (!edge || id.includes('entry')) continue;
      expect.soft(ids.has(source ?? ''), `source of ${id}`).toBe(true);
      expect.soft(ids.has(target ?? ''), `target of ${id}`).toBe(true);
    }
  });

  it('nests containers, with places relative to what holds them', () => {
    const cells = new Map(cellsOf(drawioOf(layout)).map((cell) => [cell.id, cell]));
    const chain = (id: string): string[] => {
      const parent = cells.get(id)?.parent;
      return parent === undefined || parent === '0' ? [] : [parent, ...chain(parent)];
    };
    expect(chain('ApiGroup/1/0')).toEqual([
      'ApiSecurityGroup@ApiGroup/1/0',
      'PrivateSubnetA',
      'Vpc us-east-1a',
      'Vpc',
      'region',
      'cloud',
      'layer network',
    ]);
    const outside = [...cells.values()].filter(({ id, parent = '', geometry, vertex, style = '' }) => {
      const outer = cells.get(parent)?.geometry;
      if (!vertex || !outer?.width || !geometry || parent.startsWith('arrow') || parent.startsWith('layer'))
        return false;
      // On the edge of the VPC, on purpose.
      if (/internet_gateway|mxgraph.aws4.endpoints/.test(style) && parent === 'Vpc') return false;
      const { x = '', y = '', width = '', height = '' } = geometry;
      const inside = Number(x) >= 0 && Number(y) >= 0 && Number(x) + Number(width) <= Number(outer.width);
      return !(inside && Number(y) + Number(height) <= Number(outer.height)) && id !== '';
    });
    expect(outside.map(({ id }) => id)).toEqual([]);
  });

  it('moves network ACLs with their network, and what is in them', () => {
    const cells = new Map(cellsOf(drawioOf(layout)).map((cell) => [cell.id, cell]));
    expect(cells.get('PrivateAcl strip')?.parent).toBe('Vpc');
    expect(cells.get('PrivateAcl')?.parent).toBe('PrivateAcl strip');
    const beside = ['side IAM role', 'side Certificate'].map((id) => cells.get(id)?.parent);
    expect(beside).toEqual(['layer security', 'layer security']);
  });

  it('is light or dark as its reader is, or as told', () => {
    expect(drawioOf(layout)).toContain('adaptiveColors="auto"');
    expect(drawioOf(layout, 'light')).toMatch(/<mxGraphModel [^>]*adaptiveColors="none">/);
    expect(drawioOf(layout, 'light')).not.toContain('background=');
    const night = drawioOf(layout, 'dark');
    expect(night).toMatch(/<mxGraphModel [^>]*background="#0F1720" adaptiveColors="none">/);
    const colours = (text: string) => new Set(text.match(/(?<=fontColor=)#\w+/g));
    expect([...colours(night)]).not.toContain('#16191F');
    expect(cellsOf(night).length).toBe(cellsOf(drawioOf(layout)).length);
  });

  it('has layers, the shapes of the AWS library, and labels that are escaped for HTML in XML', () => {
    const text = drawioOf(layout);
    const cells = cellsOf(text);
    expect(cells.filter(({ parent }) => parent === '0').map(({ value }) => value)).toEqual([
      'Network',
      'Security',
      'Traffic',
      'Notes',
    ]);
    const style = (id: string) => cells.find((cell) => cell.id === id)?.style;
    expect(style('Distribution')).toContain('shape=mxgraph.aws4.resourceIcon;resIcon=mxgraph.aws4.cloudfront;');
    expect(style('NatGatewayA')).toContain('shape=mxgraph.aws4.nat_gateway;');
    expect(style('Vpc')).toContain('shape=mxgraph.aws4.group;grIcon=mxgraph.aws4.group_vpc2;');
    expect(text).toContain('&lt;b&gt;A &amp;lt;b&amp;gt; &amp;amp; &amp;quot;quoted&amp;quot; title&lt;/b&gt;');
  });
});

describe('Mermaid', () => {
  it('is of forms that Mermaid reads, with every arrow and every resource', () => {
    const text = mermaidOf(scene);
    expect(mermaidProblems(text)).toEqual([]);
    expect(text.match(/^ {2}n_\w+ \S+?(?:\|"[^"]*"\|)? n_\w+$/gm)?.length).toBe(scene.links.length);
    for (const id of ['ApiGroup', 'PrivateAcl', 'ApiSecurityGroup', 'NatGatewayC']) expect(text).toContain(`${id}"]`);
    expect(text).toContain('n_SpaBucket["Amazon S3<br>SpaBucket"]');
  });

  it('names what stands alone, and what is empty', async () => {
    const template = 'Resources:\n  Lonely: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }\n';
    const { content } = await draw({ template, name: 'a.yml', format: 'mermaid' });
    expect(mermaidProblems(String(content))).toEqual([]);
    expect(content).toContain('n_Lonely["VPC<br>10.0.0.0/16"]');
  });

  it.each([
    ['a "b" <c> #d; `e`', 'a #34;b#34; #60;c#62; #35;d#59; #96;e#96;'],
    ['1. is no list', '1#46; is no list'],
    ['- nor this', '#45; nor this'],
    ['10.0.0.0/16', '10.0.0.0/16'],
    ['https://www.example.com', 'https#58;//www#46;example.com'],
    ['ops@example.com', 'ops#64;example.com'],
    ['%%{init: {}}%%', '#37;#37;#123;init: #123;#125;#125;#37;#37;'],
    ['two\nlines', 'two lines'],
  ])('takes %s as it is', (text, expected) => {
    expect(escapedText(text)).toBe(expected);
  });

  it('takes any name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (name) => {
        const label = escapedText(name);
        expect(mermaidProblems(`flowchart TB\n  n_a["x${label}"]`)).toEqual([]);
        const read = label.replace(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
        expect(read).toBe(name.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' '));
      }),
    );
  });

  it('cuts what is too long for a node', () => {
    expect(fittedName('One, Two, Three, Four, Five')).toBe('One, Two, Three, Four, Five');
    expect(fittedName('One, Two, Three, Four, Five, Six')).toBe('One, Two, Three, Four and 2 more');
    expect(fittedName(`${'A'.repeat(40)}Bucket`)).toBe(`${'A'.repeat(15)}…${'A'.repeat(10)}Bucket`);
  });
});

describe('PNG', () => {
  it('says how to get a browser where there is none', async () => {
    const none = findBrowser({ PATH: '/nowhere' });
    await expect(pngOf('<svg/>', { width: 1, height: 1 }, none)).rejects.toThrow(/none is installed.\nInstall one/);
  });

  it.skipIf(browser === undefined)('is drawn at twice the size', async () => {
    const image = await pngOf(svgOf(layout, 'light'), layout, browser);
    expect(image.subarray(1, 4).toString()).toBe('PNG');
    expect([image.readUInt32BE(16), image.readUInt32BE(20)]).toEqual([2 * layout.width, 2 * layout.height]);
  });
});
