import { describe, expect, it } from 'vitest'
import { checkChannels, sheetColumns } from '../../src/image/sheet.ts'
import { seenIn } from '../../src/tensor/picture.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { legible, sheet, stretch } from './whole-sheets.ts'

const maps = (shape: readonly number[], of: (i: number) => number) =>
  new Tensor(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => of(i)),
  )

/** Returns rows of a sheet as text: `#` white, `.` black, else the level. */
const picture = ({ shape, data }: Tensor, white = 255) => {
  const width = shape[2]!
  const signs = Array.from(data, (v) => (v === white ? '#' : v === 0 ? '.' : String(v)))
  return Array.from({ length: shape[1]! }, (_, y) => signs.slice(y * width, (y + 1) * width).join(''))
}

describe('the columns of a sheet', () => {
  it.each([
    [1, 1],
    [2, 2],
    [4, 2],
    [6, 3],
    [8, 4],
    [9, 3],
    [16, 4],
    [24, 6],
    [32, 8],
    [64, 8],
    [128, 16],
    [256, 16],
    [7, 4],
    [13, 5],
  ])('%i square maps stand in %i columns', (count, columns) => {
    expect(sheetColumns(count, 96, 96)).toBe(columns)
  })

  it('are fewer for wide maps, more for high ones', () => {
    expect(sheetColumns(12, 10, 100)).toBe(1)
    expect(sheetColumns(12, 100, 10)).toBe(12)
    expect(sheetColumns(16, 108, 192)).toBe(4)
  })
})

describe('a sheet', () => {
  it('shows its maps row by row, two black pixels between', () => {
    const made = sheet(
      maps([6, 1, 2], (i) => i + 1),
      { black: 0, white: 255 },
    )
    expect(picture(made)).toEqual([
      '12..34',
      '......',
      '......',
      '56..78',
      '......',
      '......',
      '9' + '10..1112',
    ])
  })

  it('keeps colours that lie one after the other', () => {
    const made = sheet(
      maps([6, 1, 1], (i) => i + 1),
      { depth: 3, black: 0, white: 255 },
    )
    expect([made.shape, Array.from(made.data)]).toEqual([
      [3, 1, 4],
      [1, 0, 0, 4, 2, 0, 0, 5, 3, 0, 0, 6],
    ])
  })

  it('numbers its maps, as far as there is room', () => {
    const made = sheet(
      maps([2, 8, 6], () => 7),
      { labels: true, black: 0, white: 255 },
    )
    expect(picture(made)).toEqual([
      '.....7.......7',
      '.###.7....#..7',
      '.#.#.7...##..7',
      '.#.#.7....#..7',
      '.#.#.7....#..7',
      '.###.7...###.7',
      '.....7.......7',
      '777777..777777',
    ])
    const tiny = sheet(
      maps([1, 2, 2], () => 7),
      { labels: true, black: 0, white: 255 },
    )
    expect(picture(tiny)).toEqual(['..', '.#'])
  })

  it('writes larger numbers on larger maps', () => {
    const made = sheet(
      maps([1, 192, 200], () => 7),
      { labels: true, black: 0, white: 255 },
    )
    const rows = picture(made)
    expect(rows.slice(3, 6)).toEqual(Array(3).fill(`...#########...${'7'.repeat(185)}`))
    expect(rows[20]).toBe(`${'.'.repeat(15)}${'7'.repeat(185)}`)
    expect(rows[21]).toBe('7'.repeat(200))
  })
})

describe('levels that can be seen', () => {
  it('0 is middle gray among signed maps, on each of them, and black among others', () => {
    const signed = maps([2, 10, 100], (i) => (i === 0 ? -4 : i < 1000 ? 2 : (i % 2) * 8))
    const each = legible(signed, 255, true)
    expect(each.data[1001]).toBeGreaterThan(254)
    expect([each.data[0], Math.round(each.data[1]!), each.data[1000]]).toEqual([0, 255, 127.5])
    const shared = legible(signed, 255, false)
    expect([shared.data[1000], Math.round(shared.data[1]!)]).toEqual([127.5, 159])
    const positive = legible(
      maps([1, 10, 100], (i) => i % 5),
      255,
      false,
    )
    expect([positive.data[0], Math.round(positive.data[4]!)]).toEqual([0, 255])
  })

  it('a few large responses do not make all else gray', () => {
    const map = maps([1, 100, 100], (i) => (i < 40 ? 1e6 : (i % 100) - 50))
    const { data } = legible(map, 255, false)
    expect(data[0]).toBe(255)
    const rest = seenIn(data.subarray(100))
    expect(rest.max - rest.min).toBeGreaterThan(20)
  })

  it('nothing that is not finite takes the others along', () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, -1, 0]
    const map = maps([1, 2, 3], (i) => odd[i]!)
    expect(Array.from(legible(map, 255, false).data.subarray(3), Math.round)).toEqual([255, 0, 128])
    expect(seenIn(map.data)).toMatchObject({ min: -1, max: 1 })
    expect(Array.from(stretch(map, 255, false).data.subarray(3))).toEqual([255, 0, 127.5])
  })

  it('stretches alike or each, and flat maps to black', () => {
    const two = maps([2, 1, 2], (i) => [0, 10, 5, 5][i]!)
    expect(Array.from(stretch(two, 255, true).data)).toEqual([0, 255, 0, 0])
    expect(Array.from(stretch(two, 255, false).data)).toEqual([0, 255, 127.5, 127.5])
  })
})

describe('some of the channels', () => {
  it('are refused by number if they do not exist', () => {
    expect(() => checkChannels(3, [2, 0])).not.toThrow()
    expect(() => checkChannels(3, [3])).toThrow(
      'there is no channel 3: the result has 3 channels, counted from 0',
    )
  })
})
