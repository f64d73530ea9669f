/**
 * The command as a few files instead of hundreds, next to the library in `dist`: a region is up when its modules are read,
 * and that takes half the time. Packages that are large, native or looked up by name stay packages.
 */
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const dist = join(import.meta.dirname, '..', 'dist');
const out = join(dist, 'command');
const packages = /^(node:|orrery\/|aws-cdk-lib|constructs|cdk-nag|jiti|lmdb|quickjs|rolldown)/;

rmSync(out, { recursive: true, force: true });
const bundle = await rolldown({
  input: {
    main: join(dist, 'cli', 'main.js'),
    // A thread of its own, found by its name.
    'sender-thread': join(dist, 'insight', 'surge', 'sender-thread.js'),
  },
  platform: 'node',
  external: (id) => packages.test(id),
  // The clients as modules: what no command calls is left out.
  resolve: { mainFields: ['module', 'main'] },
});
await bundle.write({ dir: out, format: 'esm', chunkFileNames: '[name].js' });
await bundle.close();
// Read from beside the code that looks things up in it, in both.
const spec = 'resource-spec.generated.json';
for (const folder of [join(dist, 'region', 'stacks'), out])
  copyFileSync(join(import.meta.dirname, '..', 'src', 'region', 'stacks', spec), join(folder, spec));
