/** The architecture as it is delivered, with a part of its template taken away: what traffic then does, and who says why. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { realClock } from '../src/region/clock/clock.ts';
import { startGallery } from './gallery.fixture.ts';
import { eventually } from './region.fixture.ts';

let gallery: Awaited<ReturnType<typeof startGallery>>;
const items = () => gallery.get('api.myapp.localhost', '/items', { door: 'https' });

beforeAll(async () => {
  gallery = await startGallery({ clock: realClock(3) });
  await gallery.deliver();
}, 120_000);
afterAll(() => gallery?.close());

/** The template with what is at a path changed. */
function edited(path: readonly (string | number)[], change: (found: unknown) => unknown): string {
  const document = parseDocument(gallery.template, { logLevel: 'error' });
  document.setIn(path, change(document.getIn(path)));
  return document.toString({ lineWidth: 0 });
}

test('the delivered architecture answers', async () => {
  expect((await gallery.get('myapp.localhost', '/', { door: 'https' })).status).toBe(200);
  expect(await items()).toMatchObject({
    status: 200,
    headers: { 'x-served-by': expect.stringMatching(/^i-.*;us-east-1[ab]$/) },
  });
});

test('a machine without the statement of its role is refused by S3, and the log says which is missing', async () => {
  const statements = ['Resources', 'MachineRole', 'Properties', 'Policies', 0, 'PolicyDocument', 'Statement'];
  const template = edited([...statements, 0, 'Action'], () => ['s3:ListAllMyBuckets']);
  expect(await gallery.deliver({}, template)).toMatchObject({ changed: true });
  const refused = await eventually(items, ({ status }) => status !== 200);
  expect(refused.status).toBe(502);
  expect(gallery.eventTexts('access-denied').join('\n')).toMatch(
    /assumed-role\/\S*MachineRole\S*\/i-\w+ was refused s3:ListBucket on arn:aws:s3:::\S+: missing: a statement in its identity policies that allows "s3:ListBucket"/,
  );
  await gallery.deliver();
  expect(await eventually(items, ({ status }) => status === 200)).toMatchObject({ status: 200 });
}, 60_000);
