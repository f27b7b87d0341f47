import { describe, expect, it } from 'vitest'
import { comparePictures } from '../../../src/image/compare/compare.ts'
import { type DiffStyle, diffStyles } from '../../../src/image/compare/comparison.ts'
import { drawDiff, drawn } from '../../../src/image/compare/render.ts'
import type { Tolerance } from '../../../src/image/compare/tolerance.ts'
import type { Picture } from '../../../src/tensor/picture.ts'
import { altered, picture } from './pictures.ts'

const white = picture(40, 30, 3, 8, () => 255)
/** Differs by 55, 5 and 1, far apart; the first pixel is (10, 10). */
const changed = altered(white, [10, 10, 0, -55], [30, 10, 1, -5], [10, 25, 2, -1])
const tolerance: Tolerance = {
  maxAbs: { value: 5, unit: 'levels' },
  ignore: [{ x: 35, y: 25, width: 5, height: 5 }],
}
const draw = async (style: DiffStyle, expected = white, actual = changed, given = tolerance) =>
  drawn(await drawDiff(expected, actual, comparePictures(expected, actual, given), style))
const pixel = ({ width, channels, data }: Picture, x: number, y: number) =>
  Array.from(data.subarray((y * width + x) * channels, (y * width + x + 1) * channels))

describe('pictures of differences', () => {
  it('mask: white where pixels count, gray where tolerated, black elsewhere', async () => {
    const mask = await draw('mask')
    expect(mask).toMatchObject({ width: 40, height: 30, channels: 1, depth: 8 })
    expect(pixel(mask, 10, 10)).toEqual([255])
    expect(pixel(mask, 30, 10)).toEqual([128])
    expect(pixel(mask, 10, 25)).toEqual([128])
    expect(Array.from(mask.data).reduce((sum, v) => sum + v, 0)).toBe(255 + 2 * 128)
  })

  it('overlay: red, amber, blue for ignored, a frame around each cluster, the rest pale', async () => {
    const overlay = await draw('overlay')
    expect(pixel(overlay, 10, 10)).toEqual([224, 0, 40])
    expect(pixel(overlay, 30, 10)).toEqual([255, 176, 0])
    expect(pixel(overlay, 37, 27)).toEqual([197, 215, 255])
    expect(pixel(overlay, 20, 20)).toEqual([255, 255, 255])
    expect(pixel(overlay, 7, 10)).toEqual([255, 0, 200])
    expect(pixel(overlay, 8, 10)).toEqual([255, 255, 255])
  })

  it('heat: the brighter the larger, and the smallest is still seen', async () => {
    const heat = await draw('heat')
    const light = (x: number, y: number) => pixel(heat, x, y).reduce((sum, v) => sum + v, 0)
    expect(pixel(heat, 10, 10)).toEqual([252, 255, 164])
    expect(light(30, 10)).toBeGreaterThan(light(10, 25))
    expect(light(10, 25)).toBeGreaterThan(150)
    expect(pixel(heat, 0, 0)).toEqual([0, 0, 4])
  })

  it('triptych: expected, overlay, actual', async () => {
    const triptych = await draw('triptych')
    expect(triptych).toMatchObject({ width: 128, height: 30, channels: 3 })
    expect(pixel(triptych, 10, 10)).toEqual([255, 255, 255])
    expect(pixel(triptych, 44 + 10, 10)).toEqual([224, 0, 40])
    expect(pixel(triptych, 88 + 10, 10)).toEqual([200, 255, 255])
    expect(pixel(triptych, 41, 10)).toEqual([90, 90, 96])
  })

  it.each(diffStyles)('%s of pictures of different sizes, padded or not', async (style) => {
    const wider = picture(50, 20, 3, 8, () => 255)
    for (const size of ['error', 'pad'] as const) {
      const drawn = await draw(style, white, wider, { size })
      expect(drawn.height).toBe(30)
      if (style === 'mask') {
        expect(pixel(drawn, 39, 19)).toEqual([0])
        expect([pixel(drawn, 40, 0), pixel(drawn, 0, 20), pixel(drawn, 49, 29)]).toEqual([
          [255],
          [255],
          [255],
        ])
      }
    }
  })

  it.each(diffStyles)('%s of equal pictures shows nothing', async (style) => {
    const drawn = await draw(style, white, white, {})
    const colours = new Set(Array.from({ length: 40 }, (_, x) => pixel(drawn, x, 3).join()))
    expect(colours.size).toBe(1)
  })

  it('shows 16 bits, gray, floats and alpha as they look', async () => {
    const gray16 = picture(4, 4, 1, 16, () => 0x8000)
    expect(pixel(await draw('triptych', gray16, gray16, {}), 0, 0)).toEqual([128, 128, 128])
    const clear = picture(16, 4, 4, 8, (i) => (i % 4 === 3 ? 0 : 99))
    const checked = await draw('triptych', clear, clear, {})
    expect([pixel(checked, 0, 0), pixel(checked, 8, 0)]).toEqual([
      [255, 255, 255],
      [208, 208, 208],
    ])
    const unit = picture(4, 1, 1, 32, (i) => i / 3)
    expect(Array.from((await draw('triptych', unit, unit, {})).data.subarray(0, 12))).toEqual([
      0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255,
    ])
    const strange = picture(4, 1, 1, 32, (i) => [Number.NaN, -1e30, Number.POSITIVE_INFINITY, 1e30][i]!)
    expect((await draw('triptych', strange, altered(strange, [0, 0, 0, 1]), {})).data.length).toBe(60)
  })
})
