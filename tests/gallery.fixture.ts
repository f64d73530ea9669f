/** The gallery, delivered as `orrery up` does it, onto a region on ports of its own. */
import { join } from 'node:path';
import { loadApp } from '../src/cli/app.ts';
import { deliver } from '../src/delivery/deliver.ts';
import { localTarget } from '../src/delivery/target.ts';
import { secureRandom } from '../src/region/clock/random.ts';
import type { RegionOptions } from '../src/region/region.ts';
import { startRegion } from './region.fixture.ts';

export const galleryDir = join(import.meta.dirname, '..', 'examples', 'gallery');
export const domain = 'myapp.localhost';

export async function startGallery(options: RegionOptions = {}) {
  const tested = await startRegion(options);
  const app = await loadApp(galleryDir);
  const { https } = tested.region.ports;
  const origins = { site: `http://${domain}:${https}`, api: `http://api.${domain}:${https}` };
  const target = localTarget({
    endpoint: tested.region.endpoint,
    region: 'us-east-1',
    ...tested.config.credentials,
  });
  return {
    ...tested,
    ...origins,
    template: app.template,
    /** A second time delivers the difference. */
    deliver: (parameters: Readonly<Record<string, string>> = {}, template = app.template) =>
      deliver({
        app,
        template,
        target,
        domain,
        origins,
        parameters,
        tags: { 'orrery:allow-unmodelled': 'true' },
        reference: secureRandom().hex(12),
      }),
  };
}
