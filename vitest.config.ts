import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['orrery-source'] },
  ssr: { resolve: { conditions: ['orrery-source'] } },
  test: {
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts', 'examples/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
