import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodePages } from '../../../src/image/encode.ts'
import { writeNpy } from '../../../src/kernel/formats/npy.ts'
import { drawn, hasBrowser, launchBrowser } from './browser.ts'
import { png, repository } from './repository.ts'

const here = repository()

const gray = (value: (x: number, y: number) => number) => png(40, 20, value, { channels: 1 })
const ramp = (x: number, y: number) => 3 * x + y

describe.skipIf(!hasBrowser)('the pictures of the page, in Chromium', () => {
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())
  afterEach(() => page.close())

  /** Approves one file, checks another one under the same name, and opens the report at that case. */
  async function open(name: string, before: Uint8Array, after: Uint8Array, tolerance = ''): Promise<void> {
    here.write('convo.check.yaml', `cases: [{ name: one, actual: ${name}${tolerance} }]`)
    here.write(name, before)
    expect((await here.convo(['check', '--update'])).stdout).toContain('1 golden written')
    here.write(name, after)
    await here.convo(['check', '--reporter', 'html', '--passing'])
    page = await browser.newPage({ viewport: { width: 1200, height: 800 } })
    await page.goto(`file://${here.path('.convo/check/report.html')}`)
    await expect.poll(() => page.evaluate(`document.getElementById('viewer').dataset.ready`)).toBe('one')
  }

  /** Moves the mouse to the middle of the first pane. */
  async function point(): Promise<string> {
    const box = (await page.locator('#canvas').boundingBox())!
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 2)
    await expect.poll(() => page.locator('#readout').textContent()).toMatch(/^\d/)
    return (await page.locator('#readout').textContent())!
  }

  const text = (id: string) => page.locator(`#${id}`).textContent()
  const isShown = (id: string) => page.locator(`#${id}`).isVisible()

  /** Returns the colour of a pixel of the picture, which is as wide as the canvas and in its middle. */
  const colour = (x: number, y: number) =>
    page.evaluate<number[]>(`(() => {
      const canvas = document.getElementById('canvas')
      const scale = Number(document.getElementById('zoom').textContent.replace(' %', '')) / 100
      const [left, top] = [canvas.width / 2 - 20 * scale, canvas.height / 2 - 10 * scale]
      const at = [left + (${x} + 0.5) * scale, top + (${y} + 0.5) * scale]
      return [...canvas.getContext('2d').getImageData(...at, 1, 1).data.slice(0, 3)]
    })()`)

  it('of an animation, are those of the page that differs most, which the text names', async () => {
    const frame = (level: number) => ({
      width: 16,
      height: 16,
      channels: 3 as const,
      depth: 8 as const,
      data: new Uint8Array(768).fill(level),
      meta: {},
    })
    const animation = async (...levels: number[]) => (await encodePages(levels.map(frame), 'webp')).bytes
    const tolerance = ', tolerance: { max-abs: 2, reason: the first is }'
    await open('a.webp', await animation(0, 100, 200), await animation(1, 100, 230), tolerance)
    expect(await text('message')).toMatch(/^page 3 of 3: 256 of 256 pixels differ, by up to 30 in red/)
    expect(await text('facts')).toContain('2 of 3 differ')
    await page.keyboard.press('n')
    expect(await point()).toMatch(/expected 200 200 200actual 230 230 230Δ \+30 \+30 \+30$/)
  })

  it('of floats, are told to the last digits, beyond what 8 bits would show', async () => {
    const floats = (other: number) => {
      const data = Float32Array.from({ length: 800 }, (_, i) => i / 10 - 20)
      data[10 * 40 + 7] = other
      return writeNpy([20, 40], data)
    }
    await open('a.npy', floats(1.5), floats(1.500001))
    expect(await text('message')).toMatch(/^1 of 800 pixels differs, by up to 9\.5\d+e-7 in gray at 7,10/)
    expect(await text('places')).toBe('1 place')
    await page.keyboard.press('n')
    expect(await point()).toMatch(/^7, 10expected 1\.5actual 1\.500001Δ \+9\.5\d+e-7$/)
  })

  it('tell what counts from what is tolerated and what was not compared', async () => {
    const after = gray(
      (x, y) => ramp(x, y) + (x < 4 ? 90 : x === 20 && y === 10 ? 2 : x > 35 && y > 15 ? 60 : 0),
    )
    const tolerance = ', tolerance: { max-abs: 2, ignore: "0,0,4,20", reason: the edge flickers }'
    await open('a.png', gray(ramp), after, tolerance)
    expect(await text('places')).toBe('1 place')
    expect(await isShown('legend')).toBe(false)
    await page.keyboard.press('4')
    expect([await isShown('tolerated'), await isShown('ignored')]).toEqual([true, true])
    await page.mouse.move(1, 1)
    await drawn(page)
    expect(await colour(20, 10)).toEqual([64, 156, 170])
    const [red, green, blue] = await colour(38, 18)
    expect(red).toBeGreaterThan(230)
    expect(green! + blue!).toBeLessThan(330)
    const [r, g, b] = await colour(2, 10)
    expect(b! - r!).toBeGreaterThan(25)
    expect(g! - r!).toBeLessThan(25)
    const [same, , alike] = await colour(12, 10)
    expect(same).toBe(alike)
  })

  it('without a tolerance, have no such words in their legend', async () => {
    await open(
      'a.png',
      gray(ramp),
      gray((x, y) => ramp(x, y) + (x < 4 ? 90 : 0)),
    )
    await page.keyboard.press('4')
    expect([await isShown('legend'), await isShown('tolerated'), await isShown('ignored')]).toEqual([
      true,
      false,
      false,
    ])
    expect(here.files('.convo/check/one')).toEqual([
      'actual.png',
      'diff.png',
      'difference.png',
      'expected.png',
    ])
  })

  it('are told within the tolerance alone where nothing is beyond it, the farther the brighter', async () => {
    const after = gray((x, y) => ramp(x, y) + (x < 10 ? 1 : x < 20 ? 4 : 0))
    await open('a.png', gray(ramp), after, ', tolerance: { max-abs: 4, reason: noise }')
    await page.keyboard.press('4')
    expect([await isShown('tolerated'), await isShown('counted')]).toEqual([true, false])
    await page.mouse.move(1, 1)
    await drawn(page)
    expect(await colour(15, 10)).toEqual([64, 156, 170])
    const [, green] = await colour(5, 10)
    expect(green).toBeLessThan(110)
  })

  it('of few pixels, are so large that the values stand in them', async () => {
    await open(
      'a.png',
      png(2, 2, ramp),
      png(2, 2, (x, y) => ramp(x, y) + 1),
    )
    expect(await text('zoom')).toBe('6400 %')
  })

  it('lie beside the page where that is a folder, and are stacked and brightened on a narrow screen', async () => {
    await open(
      'a.png',
      gray(ramp),
      gray((x, y) => ramp(x, y) + (x === 1 ? 9 : 0)),
    )
    await page.close()
    // the pictures of an earlier page are removed
    for (const n of [2, 3, 4]) here.write(`page/pictures/convo-${n}.js`, 'before')
    here.write('page/pictures/3.js', 'of another program')
    await here.convo(['check', '--reporter', 'html=page/'])
    expect(here.files('page')).toEqual([
      'index.html',
      'pictures/3.js',
      ...[0, 1, 2].map((n) => `pictures/convo-${n}.js`),
    ])
    page = await browser.newPage({ viewport: { width: 400, height: 900 } })
    await page.goto(`file://${here.path('page/index.html')}`)
    await expect.poll(() => page.evaluate(`document.getElementById('viewer').dataset.ready`)).toBe('one')
    // nothing is wider than the screen, and all controls are visible
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400)
    for (const name of ['search', 'cases', 'facts', 'modes', 'gain', 'approve', 'copy', 'theme'])
      expect([name, await page.locator(`#${name}`).isVisible()]).toEqual([name, true])
    // expected is above actual: the same position in both halves shows the same pixel
    const { x, y, width, height } = (await page.locator('#canvas').boundingBox())!
    const at = async (share: number) => {
      await page.locator('#canvas').scrollIntoViewIfNeeded()
      const box = (await page.locator('#canvas').boundingBox())!
      await page.mouse.move(box.x + width / 2, box.y + height * share)
      return /^\d+, \d+/.exec((await text('readout')) ?? '')?.[0]
    }
    expect([x >= 0, y > 0]).toEqual([true, true])
    expect(await at(0.26)).toBe(await at(0.76))
    // pictures become brighter, but the labels on them do not
    const look = () =>
      page.evaluate<number[][]>(`[[40, 21], [${width / 2}, ${height * 0.25}]].map(([x, y]) =>
        [...document.getElementById('canvas').getContext('2d').getImageData(x, y, 1, 1).data])`)
    const [label, [level = 0] = []] = await look()
    await page.keyboard.press('g')
    await expect.poll(async () => Math.abs((await look())[1]![0]! - Math.min(255, 4 * level))).toBeLessThan(4)
    expect((await look())[0]).toEqual(label)
    await page.keyboard.press('4')
    await expect.poll(() => page.locator('#legend').isVisible()).toBe(true)
    // with the keyboard alone, the list can be focused and the picture moved
    const focused = () => page.evaluate<string>('document.activeElement.id')
    await page.focus('#search')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('cases')
    const before = await at(0.5)
    await page.keyboard.press('Shift+ArrowRight')
    await expect.poll(() => at(0.51).then((there) => there?.split(',')[0])).not.toBe(before?.split(',')[0])
  })

  it('of a case that passes, are its golden', async () => {
    await open('a.png', gray(ramp), gray(ramp))
    expect(await text('verdict')).toBe('The case passes')
    expect(await page.locator('#modes button:not(:disabled)').allTextContents()).toEqual(['Expected'])
    expect(await point()).toMatch(/^\d+, \d+expected \d+$/)
    expect(await page.locator('.case canvas').count()).toBe(1)
  })
})
