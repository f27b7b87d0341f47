import { basename, dirname } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { reporters } from '../../../src/golden/reporters/index.ts'
import { reporterNames } from '../../../src/golden/settings.ts'
import { convo } from '../convo.ts'
import { drawn, hasBrowser, launchBrowser } from './browser.ts'
import { repository, stripes } from './repository.ts'

const nasty = '<img onerror=window.struck=1 src=x>'
const here = repository()

/** Makes three cases that changed, and one with a nasty name that passes. */
async function changed(...reporters: string[]) {
  const manifest = (sigma: number) => `cases:
  - { name: "soft-{stem}", input: "in/*.png", run: [gaussian, --sigma, ${sigma}] }
  - { name: "${nasty}", input: in/a.png, run: [sobel] }
`
  for (const [i, name] of ['a', 'b', 'c'].entries()) here.write(`in/${name}.png`, stripes(48, i))
  here.write('convo.check.yaml', manifest(2))
  expect((await here.convo(['check', '--update'])).stdout).toContain('4 goldens written')
  here.write('convo.check.yaml', manifest(3))
  const run = await here.convo(['check', ...reporters.flatMap((r) => ['--reporter', r])])
  expect(run.status).toBe(1)
  return run
}

describe('reporters', () => {
  it('tell the same run in every form, with strings escaped', async () => {
    await changed(
      'junit=j.xml',
      'markdown=m.md',
      'jsonl=l.jsonl',
      'json=j.json',
      'github=g.txt',
      'lines=l.txt',
      'html=r.html',
    )
    const text = (name: string) => here.read(name).toString()
    expect(text('j.xml')).toMatch(/<testsuites?[^>]* tests="4"[^>]* failures="3"/)
    expect(text('j.xml')).toContain('&lt;img onerror=window.struck=1 src=x&gt;')
    expect(text('m.md')).toMatch(/3 of 4 cases failed/)
    expect(text('m.md')).not.toContain('<img')
    const lines = text('l.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.length).toBeGreaterThanOrEqual(4)
    expect(
      JSON.parse(text('j.json'))
        .cases.map((c: { status: string }) => c.status)
        .sort(),
    ).toEqual(['changed', 'changed', 'changed', 'pass'])
    expect(text('g.txt').match(/^::error file=convo\.check\.yaml,line=2,/gm)).toHaveLength(3)
    expect(text('l.txt').trim().split('\n').length).toBeGreaterThanOrEqual(4)
    expect(text('r.html')).not.toContain('<img onerror')
    expect(text('r.html')).not.toMatch(/(src|href)="https?:/)
  })

  it('speak to GitHub of themselves there: annotations, and a summary behind what others wrote', async () => {
    here.write('summary.md', 'before\n')
    await changed()
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: here.path('summary.md') }
    const run = await here.convo(['check'], env)
    expect(run.stdout).toMatch(/3 of 4 cases failed/)
    expect(run.stdout).toMatch(
      /^::error file=convo\.check\.yaml,line=2,col=5,title=changed%3A soft-a::[\d,]+ of 2,304/m,
    )
    expect(here.read('summary.md').toString()).toMatch(/^before\n### ❌ convo check: 3 of 4 cases failed\n/)
    const json = await here.convo(['check', '--reporter', 'json'], env)
    expect(JSON.parse(json.stdout)).toMatchObject({ failed: 3 })
    expect(json.stderr).toContain('::error ')
  })

  it.each([
    [
      {
        ...{
          GITHUB_SERVER_URL: 'https://git.test',
          GITHUB_REPOSITORY: 'a/b',
          GITHUB_SHA: '0123456789abcdef',
        },
        ...{ GITHUB_RUN_ID: '77', GITHUB_RUN_NUMBER: '5' },
      },
      ['https://git.test/a/b/commit/0123456789abcdef', 'https://git.test/a/b/actions/runs/77'],
    ],
    [
      {
        CI_PROJECT_URL: 'https://lab.test/p',
        CI_COMMIT_SHA: 'abc',
        CI_JOB_URL: 'https://lab.test/p/-/jobs/3',
      },
      ['https://lab.test/p/-/commit/abc', 'https://lab.test/p/-/jobs/3'],
    ],
    [{ CI_JOB_URL: 'javascript:alert(1)' }, []],
  ])('link to commit and run: %j', async (env, urls) => {
    await changed()
    const none = {
      GITHUB_SERVER_URL: '',
      GITHUB_REPOSITORY: '',
      GITHUB_SHA: '',
      CI_PROJECT_URL: '',
      CI_JOB_URL: '',
    }
    await here.convo(['check', '--reporter', 'html=page.html'], { ...none, ...env })
    expect((here.results().links ?? []).map(({ url }) => url)).toEqual(urls)
    const page = here.read('page.html').toString()
    for (const url of urls) expect(page).toContain(`"url":"${url}"`)
    // and the time of each case
    expect(page).toMatch(/\["time","[\d.]+ m?s"\]/)
  })

  it('point GitHub at the manifest from the root of the repository, also from a folder below it', async () => {
    await changed()
    const env = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: dirname(here.path()) }
    const run = await here.convo(['check'], env)
    expect(run.stdout).toContain(`::error file=${basename(here.path())}/convo.check.yaml,line=2,`)
    const elsewhere = await here.convo(['check'], { ...env, GITHUB_WORKSPACE: here.path('other') })
    expect(elsewhere.stdout).toContain('::error file=convo.check.yaml,line=2,')
  })

  it('do not share standard output, and are refused by name with the nearest', async () => {
    await changed()
    const two = await here.convo(['check', '--reporter', 'json', '--reporter', 'lines'])
    expect(two).toMatchObject({ status: 2, stdout: '' })
    expect(two.stderr).toContain('json and lines cannot both go to standard output')
    const none = await here.convo(['check', '--reporter', 'junti=x.xml'])
    expect(none).toMatchObject({ status: 2 })
    expect(none.stderr).toContain('try: convo check --reporter junit=x.xml')
    expect(reporterNames).toEqual(Object.keys(reporters))
  })

  it('go to files in folders that are made for them', async () => {
    await changed('junit=out/deep/j.xml')
    expect(here.files('out')).toEqual(['deep/j.xml'])
  })

  it('merge the results of shards into one page', async () => {
    await changed()
    for (const n of [1, 2]) await here.convo(['check', '--shard', `${n}/2`, '--results', `s${n}`])
    const merged = await here.convo([
      'report',
      'merge',
      's1/results.json',
      's2/results.json',
      '-o',
      'all.html',
    ])
    expect([merged.status, merged.stderr]).toEqual([expect.any(Number), expect.not.stringContaining('error')])
    expect(here.read('all.html').toString()).toContain('3 of 4 cases failed')
  })
})

describe.skipIf(!hasBrowser)('the page, in Chromium', () => {
  let browser: Browser
  let page: Page
  const errors: string[] = []

  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    await changed('html=r.html')
    errors.length = 0
    page = await browser.newPage({ viewport: { width: 1280, height: 860 } })
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('request', (request) => {
      if (
        !request.url().startsWith('file:') &&
        !request.url().startsWith('data:') &&
        !request.url().startsWith('blob:')
      )
        errors.push(request.url())
    })
    await page.goto(`file://${here.path('r.html')}`)
  })

  const names = () => page.locator('#cases .case:visible .name').allTextContents()

  it('lists the cases, finds, selects, and runs nothing of a name', async () => {
    expect(await page.locator('#verdict').textContent()).toBe('3 of 4 cases failed')
    expect((await names()).sort()).toEqual([nasty, 'soft-a', 'soft-b', 'soft-c'].sort())
    await page.fill('#search', 'soft-b')
    expect(await names()).toEqual(['soft-b'])
    expect(await page.locator('#name').textContent()).toBe('soft-b')
    await page.fill('#search', '')
    await page.locator('.chip.pass').click()
    expect(await names()).not.toContain('soft-a')
    expect(await page.evaluate('window.struck')).toBeUndefined()
    expect(errors).toEqual([])
    await page.close()
  })

  it('shows the pictures in six ways, by mouse and keys, and the values of a pixel', async () => {
    const canvas = page.locator('#canvas')
    const looks = new Set<string>()
    for (const key of ['1', '2', '4', '5', '6']) {
      await page.keyboard.press(key)
      await drawn(page)
      looks.add((await canvas.screenshot()).toString('base64'))
    }
    expect(looks.size).toBe(5)
    await page.keyboard.press('2')
    await drawn(page)
    const before = await canvas.screenshot()
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowLeft')
    await drawn(page)
    expect((await canvas.screenshot()).equals(before)).toBe(false)
    await page.keyboard.press('1')
    const box = (await canvas.boundingBox())!
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 2)
    await expect.poll(() => page.locator('#readout').textContent()).toMatch(/\d+/)
    expect(errors).toEqual([])
    await page.close()
  })

  it('walks the cases by keys, collects what is approved, and turns dark', async () => {
    const first = await page.locator('#name').textContent()
    await page.keyboard.press('a')
    expect(await page.locator('#command').textContent()).toBe(`convo approve ${first}`)
    await page.keyboard.press('j')
    expect(await page.locator('#name').textContent()).not.toBe(first)
    const theme = await page.evaluate('document.documentElement.dataset.theme')
    await page.keyboard.press('t')
    expect(await page.evaluate('document.documentElement.dataset.theme')).not.toBe(theme)
    expect(errors).toEqual([])
    await page.close()
  })
})

describe('what a page or a run of many cases takes', () => {
  it('100 small cases run in one process', async () => {
    here.write('in/a.png', stripes(24))
    const cases = Array.from(
      { length: 100 },
      (_, i) => `  - { name: c${i}, input: in/a.png, run: [gaussian, --sigma, ${1 + i / 100}] }`,
    )
    here.write('convo.check.yaml', `cases:\n${cases.join('\n')}\n`)
    const run = await here.convo(['check', '--update'])
    expect(run.stdout).toContain('100 goldens written')
    const again = await convo(['check'], { cwd: here.path(), env: { CI: 'true' } })
    expect(again.stdout + again.stderr).toMatch(/All 100 cases pass/)
  })
})
