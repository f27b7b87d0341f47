import { describe, expect, it } from 'vitest'
import { comparePictures } from '../../../src/image/compare/compare.ts'
import { type Glow, glowOf } from '../../../src/image/compare/render.ts'
import type { Tolerance } from '../../../src/image/compare/tolerance.ts'
import type { Picture } from '../../../src/tensor/picture.ts'
import { altered, picture } from './pictures.ts'

const black = picture(40, 30, 3, 8, () => 0)
const changed = altered(black, [10, 10, 0, 255], [30, 10, 1, 1], [10, 25, 2, 40])

const glow = (a: Picture, b: Picture, tolerance: Tolerance = {}) =>
  glowOf(a, b, comparePictures(a, b, tolerance))
const colour = ({ picture: { data, width } }: Glow, x: number, y: number) => [
  ...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
]

describe('the difference in reports', () => {
  it('has a colour for how much a pixel is off, from 1 to all, and dim gray elsewhere', async () => {
    const found = await glow(black, changed)
    expect(colour(found, 30, 10)).toEqual([168, 50, 220])
    expect(colour(found, 10, 10)).toEqual([255, 240, 120])
    expect(colour(found, 0, 0)).toEqual([24, 24, 24])
    expect(found.kinds).toEqual(['counted'])
    expect(found.boxes).toHaveLength(1)
  })

  it('frames what counts, and what is tolerated where nothing counts', async () => {
    const some = await glow(black, changed, { maxAbs: { value: 50, unit: 'levels' } })
    expect(some.kinds).toEqual(['tolerated', 'counted'])
    expect(some.boxes).toEqual([{ x: 10, y: 10, width: 1, height: 1, pixels: 1 }])
    const none = await glow(black, altered(black, [30, 10, 1, 1]), { maxAbs: { value: 50, unit: 'levels' } })
    expect(none.kinds).toEqual(['tolerated'])
    expect(colour(none, 30, 10)).toEqual([64, 156, 170])
    expect(none.boxes).toEqual([{ x: 30, y: 10, width: 1, height: 1, pixels: 1 }])
  })

  it('hatches what was not compared', async () => {
    const found = await glow(black, changed, { ignore: [{ x: 0, y: 0, width: 20, height: 30 }] })
    expect(found.kinds).toEqual(['counted', 'ignored'])
    expect(colour(found, 10, 10)).not.toEqual(colour(found, 39, 29))
  })

  it('lays pictures of different sizes over each other', async () => {
    const found = await glow(
      black,
      picture(44, 30, 3, 8, () => 0),
    )
    expect(found.picture).toMatchObject({ width: 44, height: 30 })
    expect(found.boxes).toEqual([{ x: 40, y: 0, width: 4, height: 30, pixels: 120 }])
  })
})
