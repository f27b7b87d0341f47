import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { type ExrShape, exrOf } from './exrs.ts'
import { failure } from './pictures.ts'

const options = { maxPixels: 1e6, orient: true, name: 'x.exr' }

/** Pictures written and read by OpenEXR 3.1 through OpenCV 4.6. */
const vectors: { name: string; file: string; samples: string }[] = JSON.parse(
  readFileSync(new URL('exr.json', import.meta.url), 'utf8'),
)
const rgb = [
  ['B', 1],
  ['G', 2],
  ['R', 1],
] as const
const small: ExrShape = { width: 5, height: 3, channels: rgb }

describe('OpenEXR', () => {
  it.each(vectors)('gives the samples that OpenEXR gives: $name', async ({ file, samples }) => {
    const got = await decode(Buffer.from(file, 'base64'), options)
    const want = new Float32Array(new Uint8Array(Buffer.from(samples, 'base64')).buffer)
    expect([got.kind, got.depth, got.full, got.notes]).toEqual(['exr', 32, 1, []])
    expect(got.data).toEqual(want)
  })

  const want = Array.from({ length: 15 }, (_, i) => (i % 5) + 10 * Math.floor(i / 5)).flatMap((v) => [
    v + 200,
    v + 100,
    v,
  ])
  it.each<[string, Partial<ExrShape>, string[]]>([
    ['rows', {}, []],
    ['tiles', { tile: [2, 2] }, []],
    ['tiles that are larger than the picture', { tile: [64, 64] }, []],
    ['the first of several parts', { parts: 3 }, ['not read from x.exr: 2 more parts']],
    ['tiles in parts', { parts: 2, tile: [4, 1] }, ['not read from x.exr: 1 more part']],
    [
      'a data window that is not what is shown',
      { origin: [-3, 7], display: [0, 0, 9, 9] },
      ['of x.exr the data window -3,7 to 1,9 was read, its display window is 0,0 to 9,9'],
    ],
    [
      'a layer, beside other channels',
      {
        channels: [
          ['v.B', 2],
          ['v.G', 2],
          ['v.R', 2],
          ['depth.Z', 0],
        ],
      },
      ['not read from x.exr: the channels "depth.Z"'],
    ],
  ])('reads %s', async (_, more, notes) => {
    const got = await decode(exrOf({ ...small, ...more }), options)
    expect([got.width, got.height, got.channels, got.notes]).toEqual([5, 3, 3, notes])
    expect([...got.data]).toEqual(want)
  })

  it('reads gray of any name, whole numbers too', async () => {
    const got = await decode(exrOf({ ...small, channels: [['Z', 0]] }), options)
    expect([got.channels, ...got.data.slice(5, 8)]).toEqual([1, 10, 11, 12])
  })

  it('divides colours by their alpha, which is 1 for opaque', async () => {
    const sample = (_x: number, y: number, c: number) => (c === 0 ? [0, 0.5, 1][y]! : 0.25)
    const shape = {
      ...small,
      width: 1,
      channels: [
        ['A', 1],
        ['Y', 1],
      ],
      sample,
    } as const
    expect([...(await decode(exrOf(shape), options)).data]).toEqual([0.25, 0, 0.5, 0.5, 0.25, 1])
  })

  const float = 'oiiotool x.exr -d float -o x.tif'
  const chroma = 'magick x.exr -depth 32 -define quantum:format=floating-point x.tif'
  it.each<[string, string, Partial<ExrShape>]>([
    ['an OpenEXR picture compressed with DWAA', float, { compression: 8 }],
    ['an OpenEXR picture compressed with an unknown method', float, { compression: 77 }],
    ['an OpenEXR picture of subsampled channels', chroma, { sampling: 2 }],
    [
      'an OpenEXR picture of the channels "BY", "RY", "Y"',
      chroma,
      {
        channels: [
          ['BY', 1],
          ['RY', 1],
          ['Y', 1],
        ],
      },
    ],
  ])('refuses %s, naming what reads it', async (what, way, more) => {
    const error = await failure('E_DECODE', () => decode(exrOf({ ...small, ...more }), options))
    expect(error.message).toBe(`x.exr is ${what}, which convo does not read`)
    expect(error.why[0]).toMatch(/^x\.exr: supported: R, G, B/)
    expect(error.fix).toBe(way)
  })

  it('refuses a size before its samples, and what is cut off anywhere', async () => {
    const file = exrOf(small)
    await failure('E_TOO_LARGE', () => decode(file, { ...options, maxPixels: 14 }))
    for (let end = 4; end < file.length; end++) {
      const error = await failure('E_DECODE', () => decode(file.subarray(0, end), options))
      expect(error.message).toBe('x.exr is a damaged OpenEXR picture')
    }
  })
})
