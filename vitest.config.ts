import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/**
 * Tests that change what others in their process would notice, or that notice it: threads, memory, the clock, compiled
 * code. A child's peak of memory is at least that of the process which starts it.
 */
const apart = [
  ...['bench', 'fuzz', 'host', 'library', 'matchers', 'run', 'wasm'].map(
    (room) => `test/${room}/**/*.test.ts`,
  ),
  ...['memory', 'start'].map((name) => `test/cli/${name}.test.ts`),
]

const settings = {
  setupFiles: ['test/equal.ts'],
  // a machine that others use may take ten times as long as an idle one
  testTimeout: 180_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 30_000 } },
  pool: 'forks',
  // the same outcome on a CI server, where goldens are not written, and on GitHub
  env: { CI: '', GITHUB_ACTIONS: '', GITHUB_STEP_SUMMARY: '' },
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
