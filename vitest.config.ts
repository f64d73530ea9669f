import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['orrery-source'] },
  ssr: { resolve: { conditions: ['orrery-source'] } },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['src/**/*.test.ts', 'examples/**/*.test.ts'],
          // Their files share a process: the modules are read once and not a hundred times.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'whole', include: ['tests/**/*.test.ts'], isolate: false } },
    ],
  },
});
