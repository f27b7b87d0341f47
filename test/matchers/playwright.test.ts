import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { project } from './project.ts'

/** The Chromium of the system, because Playwright's own must be downloaded. */
const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

const here = project({
  'package.json': '{ "private": true }',
  'playwright.config.mjs': `export default {
  testDir: 'pages',
  fullyParallel: true,
  workers: Number(process.env.WORKERS ?? 1),
  retries: Number(process.env.RETRIES ?? 0),
  reporter: [['line'], ['convo/playwright-reporter']],
  projects: [{ name: 'desk', use: { launchOptions: { executablePath: ${JSON.stringify(browser)}, args: ['--no-sandbox'] } } }],
}`,
  'pages/raw.spec.ts': `import { expect, test } from '@playwright/test'
import { toMatchGolden } from 'convo/matchers'
expect.extend({ toMatchGolden })
const raw = { data: new Uint8Array(12).fill(Number(process.env.SHADE ?? 10)), width: 2, height: 2 }
test.describe('group', () => {
  test('one', async () => {
    await expect(raw).toMatchGolden()
    await expect(raw).toMatchGolden({ maxAbs: '1%' })
  })
  test('two', async () => {
    test.skip(process.env.SKIP === '1')
    if (process.env.GONE !== '1') await expect(raw).toMatchGolden('named')
  })
})`,
  'pages/page.spec.ts': `import { expect, test } from '@playwright/test'
import { toMatchGolden } from 'convo/matchers'
expect.extend({ toMatchGolden })
test('a page', async ({ page }) => {
  await page.setViewportSize({ width: 200, height: 100 })
  const colour = process.env.COLOUR ?? 'teal'
  await page.setContent(\`<body style="margin:0;background:\${colour}"><h1>Edges</h1></body>\`)
  await expect(page.screenshot()).toMatchGolden({ maxDiffPixels: 5 })
})`,
})
const file = 'pages/raw.spec.ts'

describe('Playwright Test', () => {
  it('fails without goldens where CI is set, writes them elsewhere, in a folder for its project', async () => {
    const refused = await here.playwright(['raw.spec'], { CI: '1' })
    expect([refused.status, refused.told.includes('there is no golden')], refused.told).toEqual([1, true])
    expect(here.goldens(file)).toEqual([])
    const first = await here.playwright(['raw.spec'])
    expect(first.status, first.told).toBe(0)
    expect(first.told).toContain('pages/__goldens__/raw.spec.ts/desk/group-one-1.png: the golden was written')
    expect(here.goldens(file)).toEqual([
      'desk/group-one-1.png',
      'desk/group-one-2.png',
      'desk/group-two-named.png',
    ])
  })

  it('gathers what failed in all of its processes and attempts, and replaces goldens with -u', async () => {
    const { status, told } = await here.playwright(['raw.spec'], { SHADE: '12', RETRIES: '1', WORKERS: '2' })
    expect(status).toBe(1)
    expect(told).toContain('toMatchGolden: 4 of 4 pixels differ, by up to 2 in red at 0,0')
    const cases = here.results().cases.map(({ name, status, failed }) => [name, status, failed])
    expect(cases.sort()).toEqual([
      [`${file} > desk > group > one > 1`, 'changed', true],
      [`${file} > desk > group > two > named`, 'changed', true],
    ])
    const updated = await here.playwright(['raw.spec', '-u'], { SHADE: '12' })
    expect(updated.status, updated.told).toBe(0)
    const after = await here.playwright(['raw.spec'], { SHADE: '12' })
    expect([after.status, /the golden was|no test compares/.test(after.told)], after.told).toEqual([0, false])
    expect(here.results().failed).toBe(0)
  })

  it('names goldens that no test compares, of whole runs alone, and removes them with -u', async () => {
    const gone = { GONE: '1', SHADE: '12' }
    const two = 'pages/__goldens__/raw.spec.ts/desk/group-two-named.png'
    const text = `1 golden that no test compares\n  ${two}`
    for (const [words, env] of [
      [['-g', 'one'], gone],
      [['--project', 'desk'], gone],
      [[], { ...gone, SKIP: '1' }],
    ] as const) {
      const { status, told } = await here.playwright(['raw.spec', ...words], env)
      expect([status, told.includes('no test compares')], told).toEqual([0, false])
    }
    const { status, told } = await here.playwright(['raw.spec'], gone)
    expect([status, told.includes(text)], told).toEqual([0, true])
    const found = here.results().cases.filter(({ status }) => status === 'obsolete')
    expect(found.map(({ approval }) => approval?.golden.path)).toEqual([two])
    const updated = await here.playwright(['raw.spec', '-u'], gone)
    expect(updated.told).toContain('1 golden that no test compares, removed')
    expect(here.goldens(file)).toEqual(['desk/group-one-1.png', 'desk/group-one-2.png'])
  })

  it.skipIf(browser === undefined)('compares the screenshot of a page in Chromium', async () => {
    const first = await here.playwright(['page.spec'])
    expect(first.status, first.told).toBe(0)
    expect(here.goldens('pages/page.spec.ts')).toEqual(['desk/a-page-1.png'])
    const other = await here.playwright(['page.spec'], { COLOUR: 'navy' })
    expect(other.status).toBe(1)
    expect(other.told).toMatch(/[\d,]+ of 20,000 pixels differ/)
    const { diff } = here.results().cases.find(({ name }) => name.includes('a page'))!
    expect(
      readFileSync(here.at(`.convo/tests/${diff}`))
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG')
  })
})
