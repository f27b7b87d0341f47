import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup.ts'],
    setupFiles: ['test/equal.ts'],
    testTimeout: 60_000,
    pool: 'forks',
    // the process that hands out the files has next to nothing to do itself
    maxWorkers: availableParallelism(),
  },
})
