import { describe, expect, it } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { chunkOf, pngOf, words } from './chunks.ts'
import { failure } from './pictures.ts'

const options = { maxPixels: 1e6, orient: true, name: 'x.png' }
const rgb = [2, 1, 2] as const
const samples = [10, 20, 30, 40, 50, 60]
const palette = chunkOf('PLTE', Buffer.from([1, 2, 3, 4, 5, 6]))
const turned = Buffer.from('II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0', 'latin1')

describe('a PNG with chunks that are damaged or out of place', () => {
  it.each([
    ['tRNS', 'empty', rgb, [chunkOf('tRNS')], 'it has 0 bytes instead of 6'],
    ['tRNS', 'too long', rgb, [chunkOf('tRNS', Buffer.alloc(7))], 'it has 7 bytes instead of 6'],
    ['tRNS', 'damaged', rgb, [chunkOf('tRNS', Buffer.alloc(6), true)], 'it fails its checksum'],
    [
      'tRNS',
      'before a palette',
      rgb,
      [chunkOf('tRNS', Buffer.alloc(6)), palette],
      'it comes before the palette',
    ],
    ['eXIf', 'damaged', rgb, [chunkOf('eXIf', turned, true)], 'it fails its checksum'],
    ['gAMA', 'damaged', rgb, [chunkOf('gAMA', words(45455), true)], 'it fails its checksum'],
    ['gAMA', 'too short', rgb, [chunkOf('gAMA', Buffer.alloc(3))], 'it has 3 bytes instead of 4'],
    [
      'pHYs',
      'damaged',
      rgb,
      [chunkOf('pHYs', Buffer.concat([words(1, 2), Buffer.from([1])]), true)],
      'it fails its checksum',
    ],
    ['tRNs', 'damaged in its type', rgb, [chunkOf('tRNs', Buffer.alloc(6), true)], 'it fails its checksum'],
    ['iCCP', 'damaged', rgb, [chunkOf('iCCP', 'x\0\0junk', true)], 'it fails its checksum'],
  ] as const)('reads it without %s, %s, and says so', async (type, _, shape, before, why) => {
    const got = await decode(pngOf(shape, samples, before), options)
    expect([got.width, got.height, got.channels, ...got.data]).toEqual([2, 1, 3, ...samples])
    expect(got.notes).toEqual([`the ${type} chunk of x.png was ignored: ${why}`])
    expect(got.meta).toEqual({})
  })

  it.each([
    ['before the palette', [chunkOf('tRNS', Buffer.from([0])), palette], 'it comes before the palette'],
    ['of too many entries', [palette, chunkOf('tRNS', Buffer.alloc(3))], 'it has 3 entries, the palette 2'],
    ['empty', [palette, chunkOf('tRNS')], 'it has 0 entries, the palette 2'],
  ] as const)('reads a palette without a tRNS %s', async (_, before, why) => {
    const got = await decode(pngOf([2, 1, 3], [1, 0], before), options)
    expect([got.channels, ...got.data]).toEqual([3, 4, 5, 6, 1, 2, 3])
    expect(got.notes).toEqual([`the tRNS chunk of x.png was ignored: ${why}`])
  })

  it('reads alpha without a tRNS beside it, and the first of two', async () => {
    const beside = await decode(pngOf([1, 1, 6], [1, 2, 3, 4], [chunkOf('tRNS', Buffer.alloc(6))]), options)
    expect([...beside.data]).toEqual([1, 2, 3, 4])
    expect(beside.notes).toEqual(['the tRNS chunk of x.png was ignored: the picture has alpha'])
    const colour = (...levels: number[]) =>
      chunkOf('tRNS', Buffer.from(levels.flatMap((level) => [0, level])))
    const twice = await decode(pngOf(rgb, samples, [colour(40, 50, 60), colour(10, 20, 30)]), options)
    expect([...twice.data]).toEqual([10, 20, 30, 255, 40, 50, 60, 0])
    expect(twice.notes).toEqual(['the tRNS chunk of x.png was ignored: it occurs twice'])
  })

  it('refuses it for a damaged palette or damaged picture data', async () => {
    await failure('E_DECODE', () =>
      decode(pngOf([2, 1, 3], [1, 0], [chunkOf('PLTE', Buffer.alloc(6), true)]), options),
    )
    await failure('E_DECODE', () => decode(pngOf([2, 1, 3], [1, 0]), options))
  })

  it('never fails as a bug, whatever chunks it has', async () => {
    let seed = 7
    const random = (n: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return (seed >>> 8) % n
    }
    const types = [
      'tRNS',
      'gAMA',
      'pHYs',
      'iCCP',
      'eXIf',
      'PLTE',
      'acTL',
      'sRGB',
      'cHRM',
      'bKGD',
      'sBIT',
      'hIST',
      'tEXt',
      'iTXt',
    ]
    const failures: string[] = []
    for (let i = 0; i < 300; i++) {
      const colourType = [0, 2, 3, 4, 6][random(5)]!
      const before = Array.from({ length: random(5) }, () =>
        chunkOf(
          types[random(types.length)]!,
          Buffer.from(Array.from({ length: random(14) }, () => random(256))),
          random(4) === 0,
        ),
      )
      const bytes = pngOf([2, 1, colourType], [0, 1, 2, 3, 4, 5, 6, 7], before)
      await decode(bytes, options).catch((error) => {
        if (error.code !== 'E_DECODE' && error.code !== 'E_TOO_LARGE')
          failures.push(`${error.code}: ${error.message}: ${bytes.toString('hex')}`)
      })
    }
    expect(failures).toEqual([])
  })

  it('bounds the chunks before its data, and walks over those behind them', async () => {
    const many = (count: number) => Buffer.concat(Array.from({ length: count }, () => chunkOf('teSt')))
    const error = await failure('E_TOO_LARGE', () => decode(pngOf(rgb, samples, [many(10_001)]), options))
    expect(error.why).toEqual(['x.png: 10001 chunks before its picture data, the limit is 10000'])
    const behind = Buffer.concat([pngOf(rgb, samples, [], [many(200_000)]), Buffer.from('x')])
    expect([...(await decode(behind, options)).data]).toEqual(samples)
  })
})

describe('what a PNG says beside its picture', () => {
  it('is kept, or told in one note', async () => {
    const xmp = chunkOf('iTXt', 'XML:com.adobe.xmp\0\0\0\0\0<x/>')
    const got = await decode(
      pngOf(rgb, samples, [chunkOf('tEXt', 'Title\0a'), xmp], [chunkOf('tIME', Buffer.alloc(7))]),
      options,
    )
    expect(got.notes).toEqual(['time of x.png is lost'])
    expect(got.meta.metadata).toEqual({
      text: [{ keyword: 'Title', text: 'a' }],
      xmp: new Uint8Array(Buffer.from('<x/>')),
    })
  })

  it('is nothing where resolution, gamma and sRGB are all', async () => {
    const own = [chunkOf('sRGB', Buffer.from([0])), chunkOf('gAMA', words(45455)), chunkOf('eXIf', turned)]
    expect((await decode(pngOf(rgb, samples, own), options)).notes).toEqual([])
  })
})
