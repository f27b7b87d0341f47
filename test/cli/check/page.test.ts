import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { drawn, hasBrowser, launchBrowser } from './browser.ts'
import { png, repository } from './repository.ts'

const here = repository()

/**
 * Makes a report with all kinds of cases that the page draws: 16 bits, hidden colours, other sizes, new, missing,
 * broken, a nasty name.
 */
async function makeReport(): Promise<void> {
  const names = ['deep', 'hidden', 'size', "it's <b>", 'old']
  const manifest = (all: readonly string[]) =>
    here.write(
      'convo.check.yaml',
      `cases:\n${all.map((name, i) => `  - { name: ${JSON.stringify(name)}, actual: ${i}.png }`).join('\n')}\n`,
    )
  const ramp = (x: number, y: number) => x * 3 + y
  here.write(
    '0.png',
    png(40, 20, (x, y) => 1000 * x + y, { channels: 1, depth: 16 }),
  )
  here.write(
    '1.png',
    png(8, 8, (x, _y, c) => (c === 3 ? (x < 4 ? 0 : 255) : 50), { channels: 4 }),
  )
  here.write('2.png', png(20, 20, ramp))
  here.write('3.png', png(60, 40, ramp))
  here.write('4.png', png(8, 8, ramp))
  manifest(names)
  await here.convo(['check', '--update'])
  here.write(
    '0.png',
    png(40, 20, (x, y) => 1000 * x + y + (x === 7 && y === 5 ? 1 : 0), { channels: 1, depth: 16 }),
  )
  here.write(
    '1.png',
    png(8, 8, (x, _y, c) => (c === 3 ? (x < 4 ? 0 : 255) : x === 0 ? 51 : 50), { channels: 4 }),
  )
  here.write('2.png', png(24, 20, ramp))
  here.write(
    '3.png',
    png(60, 40, (x, y) => (x < 3 && y < 3 ? 255 : x > 50 && y > 35 ? ramp(x, y) + 1 : ramp(x, y))),
  )
  here.write('5.png', png(8, 8, ramp))
  manifest([...names.slice(0, 4), 'broken', 'fresh'])
  here.write('4.png', 'no picture')
  await here.convo(['check', '--reporter', 'html'])
}

describe('the source of the page', () => {
  it('is sound against the types of browsers', () => {
    const compiler = join(
      dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
      'bin/tsc',
    )
    const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', 'src/golden/page'])
    expect(stdout.toString()).toBe('')
    expect(status).toBe(0)
  })
})

describe.skipIf(!hasBrowser)('the page in Chromium', () => {
  let browser: Browser
  let page: Page
  const troubles: string[] = []
  /** The folder of the report, made once. */
  let made = ''

  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser.close()
    rmSync(made, { recursive: true, force: true })
  })
  beforeEach(async () => {
    if (made === '') {
      await makeReport()
      made = mkdtempSync(join(tmpdir(), 'convo-report-'))
      cpSync(here.path(), made, { recursive: true })
    } else cpSync(made, here.path(), { recursive: true })
    troubles.length = 0
    page = await browser.newPage({ viewport: { width: 1280, height: 860 }, colorScheme: 'light' })
    page.on('pageerror', (error) => troubles.push(error.message))
    page.on('console', (message) => troubles.push(message.text()))
    page.on('request', (request) => {
      if (!/^(file|data|blob):/.test(request.url())) troubles.push(request.url())
    })
    await page.goto(`file://${here.path('.convo/check/report.html')}`)
  })
  afterEach(async () => {
    await page.close()
    expect(troubles).toEqual([])
  })

  const show = async (name: string) => {
    await page
      .locator('.case')
      .filter({ has: page.getByText(name, { exact: true }) })
      .click()
    const ready = () => page.evaluate<string>(`document.getElementById('viewer').dataset.ready`)
    await expect.poll(ready).toBe(name)
  }
  const stateOf = (key: string) =>
    page.evaluate<string | undefined>(`document.getElementById('canvas').dataset.${key}`)
  const centre = async (x = 0.5, y = 0.5): Promise<[number, number]> => {
    const box = (await page.locator('#canvas').boundingBox())!
    return [box.x + box.width * x, box.y + box.height * y]
  }
  const readout = () => page.locator('#readout').textContent()

  it('tells samples of 16 bits to the last one, at the place that differs', async () => {
    await show('deep')
    expect(await page.locator('#facts').textContent()).toContain(
      '1 of 65535, gray at 7,5: 7005 expected, 7006 found',
    )
    await page.keyboard.press('n')
    await page.mouse.move(...(await centre(0.25)))
    await expect.poll(readout).toBe('7, 5expected 7005actual 7006Δ +1')
    await expect.poll(() => page.locator('#places').textContent()).toBe('1 of 1')
  })

  it('tells colours under alpha 0, which a decoder of browsers may drop', async () => {
    await show('hidden')
    await page.keyboard.press('5')
    await page.mouse.move(...(await centre()))
    await expect.poll(readout).toContain('expected 50 50 50 255')
    await page.keyboard.press('n')
    await page.mouse.move(...(await centre()))
    await expect.poll(readout).toMatch(/^0, \dexpected 50 50 50 0actual 51 51 51 0Δ \+1 \+1 \+1 0$/)
  })

  it('slides by dragging and by keys', async () => {
    await show("it's <b>")
    await page.keyboard.press('2')
    await page.mouse.move(...(await centre(0.5)))
    await page.mouse.down()
    await page.mouse.move(...(await centre(0.2)), { steps: 4 })
    await page.mouse.up()
    await expect.poll(async () => Number(await stateOf('divider'))).toBeCloseTo(0.2, 2)
    await page.keyboard.press('ArrowRight')
    await expect.poll(async () => Number(await stateOf('divider'))).toBeCloseTo(0.22, 2)
  })

  it('blinks by itself, and by hand once the space bar is pressed', async () => {
    await show("it's <b>")
    await page.keyboard.press('3')
    const sides = new Set<string | undefined>()
    await expect.poll(async () => sides.add(await stateOf('blink')).size).toBe(2)
    expect([...sides].sort()).toEqual(['actual', 'expected'])
    await page.keyboard.press(' ')
    await drawn(page)
    const held = await stateOf('blink')
    await page.waitForTimeout(800)
    expect(await stateOf('blink')).toBe(held)
    await page.keyboard.press(' ')
    await expect.poll(() => stateOf('blink')).not.toBe(held)
  })

  it('goes from place to place, zooms by wheel and keys, and back to the whole', async () => {
    await show("it's <b>")
    await expect.poll(() => page.locator('#places').textContent()).toBe('2 places')
    const whole = await page.locator('#zoom').textContent()
    for (const place of ['1 of 2', '2 of 2', '1 of 2']) {
      await page.keyboard.press('n')
      await expect.poll(() => page.locator('#places').textContent()).toBe(place)
    }
    const near = await page.locator('#zoom').textContent()
    expect(Number.parseFloat(near!)).toBeGreaterThan(Number.parseFloat(whole!))
    await page.mouse.move(...(await centre(0.25)))
    await page.mouse.wheel(0, 600)
    await expect.poll(() => page.locator('#zoom').textContent()).not.toBe(near)
    await page.keyboard.press('0')
    await expect.poll(() => page.locator('#zoom').textContent()).toBe('100 %')
    await page.keyboard.press('f')
    await expect.poll(() => page.locator('#zoom').textContent()).toBe(whole)
  })

  it('keeps the point under the pointer where it is when the wheel turns', async () => {
    await show('deep')
    const at = await centre(0.6, 0.45)
    await page.mouse.move(...at)
    await expect.poll(readout).toMatch(/^\d/)
    const before = (await readout())!.split('expected')[0]
    for (let i = 0; i < 5; i++) await page.mouse.wheel(0, -200)
    await drawn(page)
    await page.mouse.move(at[0], at[1])
    await expect.poll(async () => (await readout())!.split('expected')[0]).toBe(before)
  })

  it('shows a lone picture where there is one only, and says why where there is none', async () => {
    await show('fresh')
    expect(await page.locator('#modes button:not(:disabled)').allTextContents()).toEqual(['Actual'])
    await show('old')
    expect(await page.locator('#modes button:not(:disabled)').allTextContents()).toEqual(['Expected'])
    await page.locator('.case').filter({ hasText: 'broken' }).click()
    expect(await page.locator('#nothing').textContent()).toBe('There is no picture to show.')
    expect(await page.locator('#toolbar').isHidden()).toBe(true)
    expect(await page.locator('#why').textContent()).toContain('convo.check.yaml:6:5: this case')
    expect(await page.locator('#approve').isDisabled()).toBe(true)
  })

  it('lays pictures of different sizes over each other', async () => {
    await show('size')
    expect(await page.locator('#message').textContent()).toBe('24x20 pixels, and the golden has 20x20')
    await page.keyboard.press('4')
    await expect.poll(() => page.locator('#legend').isVisible()).toBe(true)
    expect(await page.locator('#places').textContent()).toBe('1 place')
  })

  it('collects a command that a shell understands, and copies it', async () => {
    await browser.contexts().at(-1)?.grantPermissions(['clipboard-read', 'clipboard-write'])
    await show("it's <b>")
    await page.keyboard.press('a')
    await show('size')
    await page.keyboard.press('r')
    await show('fresh')
    await page.keyboard.press('a')
    const command = `convo approve 'it'\\''s <b>' fresh`
    expect(await page.locator('#command').textContent()).toBe(command)
    await page.keyboard.press('c')
    await expect.poll(() => page.locator('#copy').textContent()).toBe('Copied')
    const { stdout } = spawnSync('sh', ['-c', command.replace('convo approve', 'printf "%s\\n"')])
    expect(stdout.toString()).toBe("it's <b>\nfresh\n")
    const run = await here.convo(['approve', "it's <b>", 'fresh'])
    expect(run.stdout).toBe('2 goldens written\n')
  })

  it('follows the dark of the system, and shows its keys', async () => {
    const theme = () => page.evaluate<string>('document.documentElement.dataset.theme')
    expect(await theme()).toBe('light')
    await page.emulateMedia({ colorScheme: 'dark' })
    await expect.poll(theme).toBe('dark')
    await page.keyboard.press('?')
    await expect.poll(() => page.locator('#help').isVisible()).toBe(true)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('#help').isVisible()).toBe(false)
  })

  it('has errors first, then what changed, then what is new', async () => {
    const order = await page
      .locator('.case .end .dot')
      .evaluateAll((dots) => dots.map((dot) => (dot as { className: string }).className.replace('dot ', '')))
    const kinds = order.map((status) => (status === 'size' ? 'changed' : status))
    expect(kinds).toEqual(['error', 'changed', 'changed', 'changed', 'changed', 'new', 'obsolete'])
  })

  it('fits small windows: nothing sticks out', async () => {
    await page.setViewportSize({ width: 480, height: 800 })
    await show('deep')
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth')
    expect(wide).toBeLessThanOrEqual(480)
    expect((await page.locator('#canvas').boundingBox())!.height).toBeGreaterThan(80)
  })

  it('is read as XML by others: the JUnit report of the same run', async () => {
    await here.convo(['check', '--reporter', 'junit=j.xml'])
    const xml = here.read('j.xml').toString()
    const found = await page.evaluate<{ error: string; names: string[] }>(`(() => {
      const parsed = new DOMParser().parseFromString(${JSON.stringify(xml)}, 'application/xml')
      const names = [...parsed.querySelectorAll('testcase')].map((one) => one.getAttribute('name'))
      return { error: parsed.querySelector('parsererror')?.textContent ?? '', names }
    })()`)
    expect(found.error).toBe('')
    expect(found.names).toContain("it's <b>")
  })
})
