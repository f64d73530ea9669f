/** The gallery, delivered as `orrery up` does it, onto a region on ports of its own. */
import { join } from 'node:path';
import { type ConfigInput, parseConfig } from '../src/blueprint/config.ts';
import { loadConfig } from '../src/blueprint/load-config.ts';
import { synthesise } from '../src/blueprint/synthesise.ts';
import { deliver } from '../src/delivery/deliver.ts';
import { localTarget } from '../src/delivery/target.ts';
import { secureRandom } from '../src/region/clock/random.ts';
import type { RegionOptions } from '../src/region/region.ts';
import { startRegion } from './region.fixture.ts';

const dir = join(import.meta.dirname, '..', 'examples', 'gallery');

/** @param changes of the gallery's configuration, by section */
export async function startGallery(options: RegionOptions = {}, changes?: Partial<ConfigInput>) {
  const own = (await loadConfig(dir)).config;
  const changed = (by: Partial<ConfigInput>) =>
    parseConfig({ name: own.name, domain: own.domain, data: own.data, ...by });
  const config = changes ? changed(changes) : own;
  const template = synthesise(config).yaml;
  const domain = config.domain === undefined ? '' : 'myapp.localhost';
  const tested = await startRegion(options);
  const { https } = tested.region.ports;
  const origins = { site: `http://${domain}:${https}`, api: `http://api.${domain}:${https}` };
  const { credentials } = tested.config;
  const target = localTarget({ endpoint: tested.region.endpoint, region: 'us-east-1', ...credentials });
  return {
    ...tested,
    ...origins,
    template,
    /** As it is with these changes of the configuration instead. */
    templateOf: (by: Partial<ConfigInput>) => synthesise(changed(by)).yaml,
    /** A second time delivers the difference. */
    deliver: (parameters: Readonly<Record<string, string>> = {}, given = template) =>
      deliver({
        app: { dir, config },
        template: given,
        target,
        domain,
        ...(domain ? { origins } : {}),
        parameters,
        reference: secureRandom().hex(12),
      }),
  };
}
