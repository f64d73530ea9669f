/** `orrery draw`, the built command: its files, its screen, and what it says of bad input. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ended, expectBuilt, runCommand } from './command.fixture.ts';

const gallery = join(import.meta.dirname, '..', 'examples', 'gallery');
let folder: string;

function drawing(...argv: string[]): Promise<Ended> {
  return runCommand({ cwd: folder }, 'draw', ...argv);
}

const network = `Parameters:
  Range: { Type: String, Default: 10.0.0.0/16 }
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: !Ref Range } }
  Subnet: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: !Select [0, !Cidr [!Ref Range, 4, 8]] } }
`;
const circle =
  'Resources:\n  A: { Type: AWS::SNS::Topic, DependsOn: B }\n  B: { Type: AWS::SNS::Topic, DependsOn: A }\n';

beforeAll(() => {
  expectBuilt();
  folder = mkdtempSync(join(tmpdir(), 'orrery-draw-test-'));
  writeFileSync(join(folder, 'network.yml'), network);
  writeFileSync(
    join(folder, 'larger.yml'),
    `${network}  Queue: { Type: AWS::SQS::Queue }\n  Data: { Type: AWS::S3::Bucket }\n`,
  );
  writeFileSync(join(folder, 'circle.yml'), circle);
  writeFileSync(join(folder, 'text.txt'), 'hello: world\n');
  mkdirSync(join(folder, 'empty'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const written = (file: string) => readFileSync(join(folder, file), 'utf8');

test("an app's folder as SVG, and nothing else is said than that", async () => {
  const { code, out, error } = await drawing(gallery);
  expect({ code, error }).toEqual({ code: 0, error: '' });
  expect(out).toMatch(/^architecture\.svg {2}\d+ bytes, \d+ × \d+: \d+ resources in \d+ parts\n$/);
  expect(written('architecture.svg')).toBe(
    readFileSync(join(import.meta.dirname, '..', 'docs', 'images', 'architecture.svg'), 'utf8'),
  );
});

test.concurrent.each([
  ['a.drawio', '<mxfile '],
  ['a.mmd', 'flowchart TB'],
  ['a.md', '```mermaid\nflowchart TB'],
  ['dark.svg', '<svg '],
  ['dark.drawio', '<mxfile '],
])('the ending of %s says the format', async (file, begin) => {
  const theme = file.startsWith('dark') ? ['--theme', 'dark'] : [];
  const { code } = await drawing('network.yml', '-o', file, ...theme, '--parameter', 'Range=10.7.0.0/16');
  expect(code).toBe(0);
  expect(written(file).startsWith(begin)).toBe(true);
  expect(written(file)).toContain('10.7.0.0');
});

test('onto the screen', async () => {
  const { code, out } = await drawing('network.yml', '-o', '-', '--format', 'mermaid');
  expect(code).toBe(0);
  expect(out).toMatch(/^flowchart TB\n/);
});

test('what changed, and what is not modelled', async () => {
  const { code, out, error } = await drawing('--diff', 'network.yml', 'larger.yml', '-o', 'change.svg');
  expect(code).toBe(0);
  expect(out).toMatch(/^added +Queue +AWS::SQS::Queue/m);
  expect(out).toMatch(/^added +Data +AWS::S3::Bucket/m);
  expect(error).toBe('Not modelled, and drawn without anything around them:\n  Queue  AWS::SQS::Queue\n');
  expect(written('change.svg')).toContain('network → larger');
});

test('for programs', async () => {
  const { code, out } = await drawing('larger.yml', '-o', 'b.svg', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    file: join(folder, 'b.svg'),
    format: 'svg',
    parts: expect.arrayContaining([expect.objectContaining({ key: 'Data', title: 'Amazon S3', resources: ['Data'] })]),
    notModelled: [{ logicalId: 'Queue', type: 'AWS::SQS::Queue' }],
    failed: [],
  });
});

test.concurrent.each([
  ['a file that is not there', ['nowhere.yml'], /There is no folder or file .*nowhere\.yml/],
  ['a folder without an app', ['empty'], /There is no orrery\.config\.ts in .*empty/],
  ['what is no template', ['text.txt'], /text\.txt could not be made in memory:/],
  ['references in a circle', ['circle.yml'], /[Cc]ircular/],
  ['an ending that says nothing', ['network.yml', '-o', 'a.gif'], /The format of a\.gif is not known by its ending/],
  [
    'a format that is none',
    ['network.yml', '--format', 'gif'],
    /--format must be svg, drawio, png or mermaid, not "gif"/,
  ],
  ['a theme of Mermaid text', ['network.yml', '-o', 'a.mmd', '--theme', 'dark'], /has the theme of the page/],
  ['a theme that is none', ['network.yml', '--theme', 'blue'], /--theme must be light, dark or auto, not "blue"/],
  [
    'where nothing can be written',
    ['network.yml', '-o', 'no/such/a.svg'],
    /cannot be written: there is no such folder/,
  ],
  [
    'an older template that is not there',
    ['--diff', 'old.yml', 'network.yml'],
    /There is no folder or file .*old\.yml/,
  ],
  ['a parameter that is none', ['network.yml', '--parameter', 'Nope=1'], /Nope/],
])('refuses %s', async (_name, argv, message) => {
  const { code, out, error } = await drawing(...argv);
  expect(error).toMatch(message);
  expect({ code, out }).toEqual({ code: 1, out: '' });
});
