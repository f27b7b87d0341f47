import { cpSync, existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { project } from './project.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(`${root}/docs/checks.md`, 'utf8')
const files = Object.fromEntries(
  [...page.matchAll(/^```js file=(tests\/\S+)\n([\s\S]*?)\n```$/gm)].map(([, name, text]) => [name!, text!]),
)
const browser = '/usr/bin/chromium'
const here = project({
  ...files,
  'package.json': '{ "private": true, "jest": { "testMatch": ["<rootDir>/tests/*.cjs"], "transform": {} } }',
  'vitest.config.mjs': "export default { test: { include: ['tests/*.test.mjs'] } }",
  'playwright.config.mjs': `export default { testDir: 'tests', use: { launchOptions: { executablePath: '${browser}', args: ['--no-sandbox'] } } }`,
})
beforeAll(() => cpSync(`${root}/samples/scene.png`, here.at('samples/scene.png')))

describe('the tests of docs/checks.md', () => {
  const runs: Readonly<Record<string, () => ReturnType<typeof here.node>>> = {
    'tests/edges.test.mjs': () =>
      here.node([here.at('node_modules/vitest/vitest.mjs'), 'run', '--root', '.']),
    'tests/edges.test.cjs': () => here.jest(),
    'tests/page.spec.mjs': () => here.playwright(['page.spec']),
    'tests/edges.mjs': () => here.node(['--test', 'tests/edges.mjs']),
  }

  it('are these', () => {
    expect(Object.keys(files).sort()).toEqual(Object.keys(runs).sort())
  })

  const isRunnable = (file: string) => !file.includes('page') || existsSync(browser)
  it.each(Object.keys(runs).filter(isRunnable))('%s writes its golden, and passes with it', async (file) => {
    for (const isFirst of [true, false]) {
      const { status, told } = await runs[file]!()
      expect([status, told.includes('the golden was written')], told).toEqual([0, isFirst])
    }
    expect(here.goldens(file)).toHaveLength(1)
  })
})
