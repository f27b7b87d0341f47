import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup.ts'],
    setupFiles: ['test/equal.ts'],
    // a machine that others use may take ten times as long as an idle one
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    // the process that hands out the files has next to nothing to do itself
    maxWorkers: availableParallelism(),
  },
})
