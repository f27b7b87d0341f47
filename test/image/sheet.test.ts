import { describe, expect, it } from 'vitest'
import { sheet } from '../../src/image/sheet.ts'
import { Tensor } from '../../src/tensor/tensor.ts'

/** So many gray maps of a size. */
const maps = (count: number, height: number, width: number) =>
  new Tensor([count, height, width], new Float32Array(count * height * width).fill(100))

/** The upper left corner of map `n` as text: # white, . black, and a space for the map itself. */
function corner(
  { shape, data }: Tensor,
  [top, left]: readonly [number, number],
  rows: number,
  columns: number,
) {
  const width = shape[2]!
  const sign = (v: number) => (v === 255 ? '#' : v === 0 ? '.' : ' ')
  return Array.from({ length: rows }, (_, y) =>
    Array.from({ length: columns }, (__, x) => sign(data[(top + y) * width + left + x]!)).join(''),
  )
}

const levels = { labels: true, black: 0, white: 255 }

describe('the numbers of a sheet', () => {
  it('are three pixels wide on small maps', () => {
    // two columns, a gap of 2 pixels between them
    const two = sheet(maps(2, 20, 20), levels)
    expect(corner(two, [0, 22], 8, 7)).toEqual([
      '.....  ',
      '..#..  ',
      '.##..  ',
      '..#..  ',
      '..#..  ',
      '.###.  ',
      '.....  ',
      '       ',
    ])
  })

  it('grow with the maps', () => {
    const [small, large] = [sheet(maps(1, 70, 139), levels), sheet(maps(1, 140, 300), levels)]
    expect(corner(small, [0, 0], 7, 6)[1]).toBe('.###. ')
    expect(corner(large, [0, 0], 14, 12)).toEqual(
      corner(small, [0, 0], 7, 6).flatMap((row) => {
        const twice = row.replace(/./g, '$&$&')
        return [twice, twice]
      }),
    )
  })

  it('end where a map ends', () => {
    const tiny = sheet(maps(12, 3, 3), levels)
    const [, , width] = tiny.shape
    // nothing of a number in the gaps, which are black, and all maps have their own
    expect(tiny.data.filter((v) => v === 255).length).toBeGreaterThan(12)
    for (const [i, v] of tiny.data.entries()) if ((i % width!) % 5 > 2) expect(v).toBe(0)
  })

  it('are not there unless asked for', () => {
    expect(sheet(maps(1, 140, 140), { ...levels, labels: false }).data.every((v) => v === 100)).toBe(true)
  })
})
