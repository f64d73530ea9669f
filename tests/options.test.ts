/** Each option of the configuration, running: the page and the API answer, and the options show. */
import { afterEach, expect, test } from 'vitest';
import type { ConfigInput } from '../src/blueprint/config.ts';
import { startGallery } from './gallery.fixture.ts';

let gallery: Awaited<ReturnType<typeof startGallery>> | undefined;
afterEach(async () => {
  await gallery?.close();
  gallery = undefined;
});

const variants: [string, Partial<ConfigInput>][] = [
  ['no way out but to AWS', { network: { nat: 'none' } }],
  [
    'one NAT gateway, keys of KMS for both buckets',
    { network: { nat: 'one' }, web: { kms: true }, data: { kms: true, access: 'read-write' } },
  ],
  [
    'everything',
    {
      network: { zones: 4, ipv6: true, flowLogs: true },
      web: { uploads: true, kms: true },
      api: {
        min: 2,
        max: 8,
        shell: true,
        stickySeconds: 60,
        balancing: 'round-robin',
        instanceType: 'm7i.large',
        node: 20,
      },
      data: { access: 'read-write', kms: true },
      monitoring: { email: 'ops@myapp.com', budgetUsd: 50 },
    },
  ],
];

test.each(variants)(
  '%s',
  async (_, config) => {
    gallery = await startGallery({}, config);
    await gallery.deliver();
    expect((await gallery.get('myapp.localhost', '/', { door: 'https' })).status).toBe(200);
    expect(await gallery.get('api.myapp.localhost', '/items', { door: 'https' })).toMatchObject({ status: 200 });
    expect(gallery.eventTexts('internal-failure')).toEqual([]);
  },
  60_000,
);

test('without a domain the distribution serves both under its own name', async () => {
  gallery = await startGallery({}, { domain: undefined });
  const delivered = await gallery.deliver();
  const host = `${delivered?.outputs.DistributionDomainName}.localhost`;
  expect((await gallery.get(host, '/', { door: 'https' })).status).toBe(200);
  expect(await gallery.get(host, '/api/items', { door: 'https' })).toMatchObject({ status: 200 });
}, 60_000);
