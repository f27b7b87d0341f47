import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { probe } from '../../src/image/probe.ts'
import { failure, hasShared, shared } from './pictures.ts'

type Expected = { width: number; height: number; max: number; rgba: string }

const folder = join(shared, 'pngsuite')
const options = { maxPixels: 1e6, orient: true }
/** Channels by the letter for the colour type in a name such as basn3p08. Palettes are RGB. */
const channelsOf: Record<string, number> = { '0g': 1, '2c': 3, '3p': 3, '4a': 2, '6a': 4 }

describe.skipIf(!hasShared)('the PNG suite (needs the shared folder)', () => {
  const { pixels } = hasShared
    ? (JSON.parse(readFileSync(join(folder, 'pixels.json'), 'utf8')) as { pixels: Record<string, Expected> })
    : { pixels: {} }
  const files = hasShared ? readdirSync(folder).filter((f) => f.endsWith('.png')) : []
  const corrupt = files.filter((f) => f.startsWith('x'))

  it('is whole', () => {
    expect(files.length).toBe(175)
    expect(corrupt.length).toBe(14)
  })

  for (const [name, expected] of Object.entries(pixels)) {
    it(`reads ${name} as stored`, async () => {
      const path = join(folder, `${name}.png`)
      const actual = await decode(path, options)
      expect([actual.width, actual.height]).toEqual([expected.width, expected.height])
      expect(actual.depth).toBe(expected.max === 255 ? 8 : 16)
      const raw = inflateSync(Buffer.from(expected.rgba, 'base64'))
      const rgba = expected.max === 255 ? raw : new Uint16Array(new Uint8Array(raw).buffer)
      expect(firstDifference(actual, rgba, expected.max)).toBeUndefined()

      const { png } = probe(path)
      expect([png?.channels, png?.depth]).toEqual([actual.channels, actual.depth])
      const stored = channelsOf[name.slice(4, 6)]
      if (stored !== undefined) expect(actual.channels - stored).toBe(hasTransparency(path) ? 1 : 0)
    })
  }

  for (const file of corrupt) {
    it(`refuses ${file}`, async () => {
      const error = await failure('E_DECODE', () => decode(join(folder, file), options))
      expect(error.message).toContain(file)
      expect(error.why.join()).toContain(`${file}: `)
    })
  }

  it('reads those that the expectations leave out', async () => {
    const left = files.filter((f) => !f.startsWith('x') && pixels[f.slice(0, -4)] === undefined)
    for (const file of left) expect((await decode(join(folder, file), options)).width).toBeGreaterThan(0)
    expect(left).toEqual(['PngSuite.png', 'tbbn0g04.png'])
  })

  it('finds gamma and resolution in their chunks', async () => {
    const meta = async (name: string) => (await decode(join(folder, `${name}.png`), options)).meta
    expect((await meta('g10n2c08')).gamma).toBe(100000)
    expect((await meta('cdun2c08')).resolution).toEqual([1000, 1000])
    expect((await meta('cdfn2c08')).resolution).toBeUndefined() // an aspect ratio of 1:4, no resolution
    expect((await meta('basn2c08')).resolution).toBeUndefined()
  })
})

const hasTransparency = (path: string): boolean => readFileSync(path).includes('tRNS')

/** Returns the first pixel that differs from the expected one. The colours of transparent pixels do not matter. */
function firstDifference(
  actual: Awaited<ReturnType<typeof decode>>,
  rgba: Uint8Array | Uint16Array,
  full: number,
): string | undefined {
  const { data, channels } = actual
  for (let i = 0; i < actual.width * actual.height; i++) {
    const at = i * channels
    const colour = channels < 3 ? [data[at], data[at], data[at]] : [...data.subarray(at, at + 3)]
    const got = [...colour, channels % 2 === 0 ? data[at + channels - 1] : full]
    const want = [...rgba.subarray(4 * i, 4 * i + 4)]
    const isHidden = want[3] === 0 && got[3] === 0
    if (!isHidden && String(got) !== String(want)) return `pixel ${i}: got ${got}, want ${want}`
  }
  return undefined
}
