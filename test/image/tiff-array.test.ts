import { describe, expect, it } from 'vitest'
import { comparePages } from '../../src/image/compare/pages.ts'
import { decode } from '../../src/image/decode.ts'
import { probe } from '../../src/image/probe.ts'
import { readTiffArray } from '../../src/image/tiff-array.ts'
import { readArray } from '../../src/picture/array.ts'
import { digestOf } from '../../src/picture/digest.ts'
import { openPages } from '../../src/picture/pages.ts'
import { failure, noise } from './pictures.ts'
import { kinds, tiffArrayOf, twoPages, zstdCompressSync } from './tiff-arrays.ts'

const numbers: Readonly<Record<string, (i: number) => number>> = {
  u1: (i) => noise(i) & 255,
  u2: noise,
  u4: (i) => noise(i) * 60000,
  i1: (i) => (noise(i) & 255) - 128,
  i2: (i) => noise(i) - 32768,
  i4: (i) => (noise(i) - 32768) * 60000,
  f4: (i) => Math.fround(noise(i) / 7 - 900),
  f8: (i) => noise(i) / 7 - 900,
}
const any = () => undefined

/** Returns rows of pixels as shown with an orientation, by the wording of TIFF 6.0: what its row 0 and column 0 are. */
function shownAs(
  orientation: number,
  values: readonly number[],
  width: number,
  height: number,
  channels: number,
) {
  const across = Array.from({ length: width }, (_, x) => x)
  const down = Array.from({ length: height }, (_, y) => y)
  const [right, bottom] = [across.toReversed(), down.toReversed()]
  const at = (x: number, y: number) =>
    values.slice((y * width + x) * channels, (y * width + x + 1) * channels)
  const rows = (ys: number[], xs: number[]) => ys.flatMap((y) => xs.flatMap((x) => at(x, y)))
  const columns = (xs: number[], ys: number[]) => xs.flatMap((x) => ys.flatMap((y) => at(x, y)))
  return [
    rows(down, across),
    rows(down, right),
    rows(bottom, right),
    rows(bottom, across),
    columns(across, down),
    columns(across, bottom),
    columns(right, bottom),
    columns(right, down),
  ][orientation - 1]!
}

describe('a TIFF that is an array', () => {
  it.each(Object.keys(kinds))('of %s is read in every way that it may be stored', async (type) => {
    for (const compression of [1, 5, 8, 32773] as const) {
      for (const predictor of type.startsWith('f') ? ([1, 3] as const) : ([1, 2] as const)) {
        for (const little of [true, false]) {
          for (const form of [{}, { rows: 4 }, { tile: 16 }, { planar: true, rows: 5 }]) {
            const make = { type, width: 19, height: 11, channels: 5, compression, predictor, little, ...form }
            const values = Array.from({ length: 19 * 11 * 5 }, (_, i) => numbers[type]!(i))
            const { shape, data, dtype } = await readTiffArray(tiffArrayOf(values, make), 'x', any)
            expect([shape, dtype], JSON.stringify(make)).toEqual([[11, 19, 5], `<${type}`])
            expect([...data], JSON.stringify(make)).toEqual(values)
          }
        }
      }
    }
  })

  it('is known as one by its samples, and a picture is not', () => {
    const is = (type: string, channels: number) =>
      probe(
        tiffArrayOf(
          Array.from({ length: 12 }, () => 0),
          { type, width: 2, height: 1, channels },
        ),
      ).isArray === true
    expect(['u1', 'u2', 'u4', 'i1', 'i2', 'i4', 'f4', 'f8'].map((type) => is(type, 1))).toEqual([
      ...[false, false, true, true, true, true, false, true],
    ])
    expect([2, 3, 6].map((channels) => is('u1', channels))).toEqual([false, true, true])
  })

  it('is read with the bits of its bytes the other way round', async () => {
    const make = { type: 'i2', width: 7, height: 5, channels: 1, rows: 2 } as const
    const values = Array.from({ length: 35 }, (_, i) => noise(i) - 32768)
    for (const compression of [1, 5, 8, 32773] as const) {
      const file = tiffArrayOf(values, { ...make, compression, reversed: true })
      expect([...(await readTiffArray(file, 'x', any)).data]).toEqual(values)
    }
  })

  it('is no array as gray and alpha in strips of separate planes, which the decoder mixes up', async () => {
    for (const type of ['u1', 'u2', 'f4']) {
      const values = Array.from({ length: 9 * 6 * 2 }, (_, i) => (i * 7) % 251)
      const make = { type, width: 9, height: 6, channels: 2, planar: true, rows: 4 } as const
      const { data, channels } = await decode(tiffArrayOf(values, make), { maxPixels: 99, orient: true })
      expect([channels, ...data]).toEqual([2, ...values])
      const turned = await decode(tiffArrayOf(values, { ...make, fields: [[274, 6]] }), {
        maxPixels: 99,
        orient: true,
      })
      expect([turned.width, turned.height, ...turned.data]).toEqual([6, 9, ...shownAs(6, values, 9, 6, 2)])
    }
  })

  it('is turned as its orientation asks, or keeps it', async () => {
    const values = Array.from({ length: 5 * 3 * 6 }, (_, i) => i - 40)
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      for (const form of [{ rows: 2 }, { tile: 16 }, { planar: true }]) {
        const make = { type: 'i2', width: 5, height: 3, channels: 6, ...form } as const
        const file = tiffArrayOf(values, { ...make, fields: [[274, orientation]] })
        const { width, height, data, meta } = await readArray(file, 'x', { layout: 'auto' })
        expect([width, height, meta]).toEqual([...(orientation > 4 ? [3, 5] : [5, 3]), {}])
        expect([...data], `orientation ${orientation}`).toEqual(shownAs(orientation, values, 5, 3, 6))
        const kept = await readArray(file, 'x', { layout: 'auto', orient: false })
        expect([kept.width, kept.meta, ...kept.data]).toEqual([
          ...[5, orientation === 1 ? {} : { orientation }],
          ...values,
        ])
      }
    }
  })

  it('keeps its place on a map where it is not turned, and its map always', async () => {
    for (const orientation of [1, 3, 6]) {
      for (const orient of [true, false]) {
        const fields = [
          [274, orientation],
          [33550, 7],
          [34735, 1],
        ] as const
        const make = { type: 'i2', width: 2, height: 1, channels: 1, fields }
        const { meta, notes } = await readArray(tiffArrayOf([1, -2], make), 'x', { layout: 'auto', orient })
        const isTurned = orient && orientation > 1
        const tags = meta?.metadata?.geo?.map(({ tag }) => tag)
        expect([tags, notes]).toEqual([
          isTurned ? [34735] : [33550, 34735],
          isTurned
            ? ['the GeoTIFF position of x was dropped: it is that of the picture before it was turned']
            : [],
        ])
      }
    }
  })

  it('has the pages that it has, and is not read for ever for others', async () => {
    const make = { type: 'i2', width: 2, height: 1, channels: 1 }
    const file = twoPages([1, -2], [3, 4], make)
    const read = (page?: number, bytes = file) =>
      readArray(bytes, 'x', { layout: 'auto', ...(page !== undefined && { page }) })
    expect([(await read(1)).data[1], (await read(1)).notes]).toEqual([4, []])
    expect((await read()).notes).toEqual([
      'x has 2 pages, but only the first was used; --page <n> selects another',
    ])
    const error = await failure('E_OPTION', () => read(2))
    expect([error.message, error.fix]).toEqual(['x has no page 3', '--page 2'])
    const circle = Buffer.from(file)
    circle.writeUInt32LE(circle.readUInt32LE(4), circle.length - 4)
    expect((await failure('E_DECODE', () => read(2 ** 31, circle))).why.join()).toContain('circular')
  })

  it('is compared and hashed with all its pages', async () => {
    const make = { type: 'i2', width: 2, height: 1, channels: 1 }
    const pages = (last: number) => twoPages([1, -2], [3, last], make)
    const open = (last: number) => openPages(pages(last), { maxPixels: 9, orient: true, layout: 'auto' })
    const compared = await comparePages(await open(4), await open(5))
    expect([compared.outcome, compared.expectedPages, compared.pages.map(({ outcome }) => outcome)]).toEqual([
      ...['different', 2, ['same', 'different']],
    ])
    expect((await digestOf(await open(4), undefined, 'x')).digest).not.toBe(
      (await digestOf(await open(5), undefined, 'x')).digest,
    )
  })

  it.each(['u1', 'u2', 'f4'])(
    'is no array in tiles of separate planes, but a picture of %s',
    async (type) => {
      const values = Array.from({ length: 35 * 18 * 2 }, (_, i) => (i * 7) % 251)
      for (const little of [true, false]) {
        const make = { type, width: 35, height: 18, channels: 2, tile: 16, planar: true, little } as const
        const file = tiffArrayOf(values, { ...make, compression: 8 })
        const { data, channels } = await decode(file, { maxPixels: 1e5, orient: true })
        expect([channels, ...data]).toEqual([2, ...values])
      }
    },
  )

  it.each(['u1', 'u2', 'f4'])(
    'is a picture of %s whose colours are divided by the alpha they were multiplied by, rounded, however it is stored',
    async (type) => {
      const full = { u1: 255, u2: 65535, f4: 1 }[type]!
      for (const channels of [2, 4]) {
        const count = 21 * 18 * channels
        // all levels of alpha including 0, and colours that are at most as large
        const values = Array.from({ length: count }, (_, i) => {
          const alpha = ((Math.floor(i / channels) * 37) % 256) * (full / 255) * (i % 3 === 0 ? 1 : 2 ** -6)
          const whole = type === 'f4' ? (v: number) => Math.fround(v) : Math.floor
          return i % channels === channels - 1 ? whole(alpha) : whole((full * ((i * 13) % 101)) / 20000)
        })
        const wanted = values.map((v, i) => {
          const alpha = values[i - (i % channels) + channels - 1]!
          if (i % channels === channels - 1) return v
          if (alpha === 0) return 0
          if (type === 'f4') return Math.fround((v * full) / alpha)
          const below = Math.floor((v * full) / alpha)
          const twice = 2 * (v * full - below * alpha)
          return Math.min(full, twice > alpha || (twice === alpha && below % 2 === 1) ? below + 1 : below)
        })
        for (const form of [
          { rows: 5 },
          { tile: 16 },
          { planar: true, rows: 5 },
          { planar: true, tile: 16 },
        ]) {
          const make = { type, width: 21, height: 18, channels, compression: 8, ...form } as const
          const fields = [[262, channels === 2 ? 1 : 2] as const, [338, 1] as const]
          for (const little of [true, false]) {
            const { data, notes } = await decode(tiffArrayOf(values, { ...make, little, fields }), {
              maxPixels: 1e5,
              orient: true,
              name: 'x',
            })
            expect([JSON.stringify(form), ...data]).toEqual([JSON.stringify(form), ...wanted])
            expect(notes[0]).toBe(
              'the colours of x were divided by its alpha: the file stores them multiplied by it',
            )
          }
        }
      }
    },
  )

  it.each([1, 2, 4, 6, 10, 12, 14])(
    'is a picture of %s bits, spread over 8 or 16, however it is stored',
    async (bits) => {
      const [type, full] = bits > 8 ? (['u2', 65535] as const) : (['u1', 255] as const)
      const most = 2 ** bits - 1
      for (const channels of [1, 2, 3, 4]) {
        const values = Array.from({ length: 21 * 18 * channels }, (_, i) => (i * 29) % (most + 1))
        for (const form of [
          {},
          { rows: 5, compression: 8 },
          { tile: 16, compression: 5 },
          { planar: true, rows: 5, compression: 32773, reversed: true },
          { planar: true, tile: 16, reversed: true },
        ] as const) {
          const photometric = channels < 3 ? 1 : 2
          for (const [little, white] of [
            [true, false],
            [false, false],
            [true, true],
          ] as const) {
            if (white && channels > 2) continue
            const fields = [
              [262, white ? 0 : photometric] as const,
              ...(channels % 2 === 0 ? [[338, 2] as const] : []),
            ]
            const make = { type, bits, width: 21, height: 18, channels, little, fields, ...form }
            const { data, depth, meta } = await decode(tiffArrayOf(values, make), {
              maxPixels: 1e5,
              orient: true,
            })
            const wanted = values.map((v, i) => {
              const level = Math.round((v * full) / most)
              return white && i % channels === 0 ? full - level : level
            })
            expect([depth, channels, ...data]).toEqual([bits > 8 ? 16 : 8, channels, ...wanted])
            expect(meta).toEqual({})
          }
        }
      }
    },
  )

  it.each([
    ['an orientation', [274, 6]],
    ['a predictor, which is for whole bytes', [317, 2]],
  ] as const)('is a picture of 12 bits with %s', async (_, field) => {
    const make = { type: 'u2', bits: 12, width: 2, height: 3, fields: [field] } as const
    const read = () =>
      decode(tiffArrayOf([0, 1, 2, 3, 4, 5], make), { maxPixels: 9, orient: true, name: 'x.tif' })
    if (field[0] === 274) {
      const { width, height, data } = await read()
      expect([width, height, ...data]).toEqual([3, 2, ...[4, 2, 0, 5, 3, 1].map((v) => 16 * v)])
    } else {
      const error = await failure('E_DECODE', read)
      expect([error.message, error.fix]).toEqual([
        'x.tif has integer samples of 12 bits, which convo does not read',
        'magick x.tif -depth 16 x-16.tif',
      ])
    }
  })

  it('is refused with 5, 6 and 5 bits, and without pixels', async () => {
    const make = { type: 'u1', bits: 5, width: 2, height: 2, channels: 2, fields: [[338, 2]] } as const
    const file = tiffArrayOf([1, 2, 3, 4, 5, 6, 7, 8], make)
    const changed = (tag: number, ...numbers: readonly number[]) => {
      const bytes = Buffer.from(file)
      const at = bytes.indexOf(Buffer.from([tag & 255, tag >> 8, tag === 258 ? 3 : 4, 0]))
      bytes.writeUInt32LE(numbers.length, at + 4)
      for (const [i, number] of numbers.entries()) bytes.writeUInt16LE(number, at + 8 + 2 * i)
      return bytes
    }
    const read = (bytes: Uint8Array) => decode(bytes, { maxPixels: 9, orient: true, name: 'x.tif' })
    expect([...(await read(changed(258, 5, 5))).data]).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((v) => Math.round((v * 255) / 31)),
    )
    expect((await failure('E_DECODE', () => read(changed(258, 5, 6)))).message).toContain(
      'integer samples of 5 bits',
    )
    await failure('E_DECODE', () => read(changed(256, 0)))
  })

  it('is compressed with Zstandard, where Node has it', async () => {
    const has = zstdCompressSync !== undefined
    for (const [type, predictor] of [
      ['u1', 2],
      ['u2', 2],
      ['f4', 3],
      ['i2', 2],
      ['f8', 1],
    ] as const) {
      for (const channels of [1, 3]) {
        const values = Array.from({ length: 21 * 18 * channels }, (_, i) => (i * 7) % 251)
        const fields = [[262, channels === 1 ? 1 : 2] as const, ...(has ? [] : [[259, 50000] as const])]
        const make = { type, width: 21, height: 18, channels, predictor, rows: 5, fields }
        const file = tiffArrayOf(values, { ...make, compression: has ? 50000 : 1 })
        const isArray = type === 'i2' || type === 'f8'
        const read = async () =>
          isArray && has
            ? readTiffArray(file, 'x.tif', any)
            : decode(file, { maxPixels: 1e5, orient: true, name: 'x.tif' })
        if (has) expect([...(await read()).data]).toEqual(values)
        else {
          const error = await failure('E_DECODE', read)
          expect(error.message).toBe('x.tif is a TIFF compressed with Zstandard, which convo does not read')
          expect(error.why.join()).toContain('by Node 22.15 and newer')
        }
      }
    }
  })

  it('keeps metadata, and says what float32 does not hold', async () => {
    const array = await readArray(
      tiffArrayOf([1 / 3, 2], { type: 'f8', width: 2, height: 1, fields: [[33550, 9]] }),
      'x',
      { layout: 'auto' },
    )
    expect(array.lost).toEqual({ at: 0, was: 1 / 3, type: 'f8' })
    expect(array.meta?.metadata?.geo?.[0]?.tag).toBe(33550)
    expect(array.pages).toBe(1)
    expect([array.width, array.height, array.channels, array.full]).toEqual([2, 1, 1, 255])
  })

  it('is refused where a picture is needed, too large, or damaged', async () => {
    const bytes = tiffArrayOf([1, 2, 3, 4], { type: 'i2', width: 2, height: 2, compression: 8 })
    const error = await failure('E_DECODE', () => decode(bytes, { maxPixels: 9, orient: true, name: 'x' }))
    expect(error.message).toBe('x holds an array, and a picture is needed here')
    await failure('E_TOO_LARGE', () => readArray(bytes, 'x', { layout: 'auto', maxPixels: 3 }))
    const bad = Buffer.from(bytes)
    bad.fill(0, 8, 14)
    expect((await failure('E_DECODE', () => readTiffArray(bad, 'x', any))).why[0]).toContain(
      'piece 1 of 1 is cut off or damaged',
    )
    const short = Buffer.from(bytes)
    const place = short.indexOf(Buffer.from([0x17, 1, 4, 0]))
    short.writeUInt32LE(3, place + 8)
    await failure('E_DECODE', () => readTiffArray(short, 'x', any))
  })
})
