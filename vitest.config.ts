import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Tests that change what others in their process would notice: threads, memory, the clock. */
const apart = ['bench', 'fuzz', 'host', 'library', 'matchers', 'run', 'wasm'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
)

const settings = {
  setupFiles: ['test/equal.ts'],
  // a machine that others use may take ten times as long as an idle one
  testTimeout: 180_000,
  hookTimeout: 180_000,
  pool: 'forks',
} as const

export default defineConfig({
  test: {
    globalSetup: ['test/setup.ts'],
    // the process that hands out the files has next to nothing to do itself
    maxWorkers: availableParallelism(),
    projects: [
      { test: { ...settings, name: 'apart', include: apart } },
      // a process for each file takes 0.6 s of CPU more: it imports the sources again
      {
        test: {
          ...settings,
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: apart,
          isolate: false,
        },
      },
    ],
  },
})
