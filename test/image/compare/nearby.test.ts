import pixelmatch from 'pixelmatch'
import pixelmatch8 from 'pixelmatch-8'
import { describe, expect, it } from 'vitest'
import { isAntialiased } from '../../../src/definition/antialias.ts'
import { isShifted } from '../../../src/definition/shift.ts'
import { comparePictures } from '../../../src/image/compare/compare.ts'
import { toleranceOf, toleranceSettings } from '../../../src/image/compare/tolerance.ts'
import { resolve } from '../../../src/params.ts'
import type { Picture } from '../../../src/tensor/picture.ts'
import { random } from '../../wasm/scratch.ts'
import { altered, picture } from './pictures.ts'

const next = random(3)
const compare = (a: Picture, b: Picture, given: Record<string, unknown>) =>
  comparePictures(a, b, toleranceOf(resolve(toleranceSettings, given)))

/** Draws discs with smooth edges on a plain background, like a renderer; `shift` moves them. */
function discs(channels: 3 | 4, shift: number, alpha = 255): Picture {
  const [width, height] = [48, 40]
  const centres = [
    [12, 12, 8],
    [30, 20, 11],
    [10, 31, 5],
  ]
  return picture(width, height, channels, 8, (i) => {
    const [p, c] = [Math.floor(i / channels), i % channels]
    if (c === 3) return p % 7 === 0 ? alpha : 255
    const [x, y] = [p % width, Math.floor(p / width)]
    const cover = Math.max(
      ...centres.map(([u, v, r]) => Math.min(1, Math.max(0, r! - Math.hypot(x - u! - shift, y - v!) + 0.5))),
    )
    return Math.round(230 - cover * [200, 90, 40][c]!)
  })
}

const rgba = ({ width, height, channels, data }: Picture) => {
  const to = new Uint8Array(width * height * 4).fill(255)
  for (let p = 0; p < width * height; p++)
    for (let c = 0; c < channels; c++) to[4 * p + c] = data[channels * p + c]!
  return to
}

/** Converts gray to RGB. */
const threefold = ({ width, height, data }: Picture) =>
  picture(width, height, 3, 8, (i) => data[Math.floor(i / 3)]!)

describe('--perceptual', () => {
  it.each([
    ['yiq', pixelmatch],
    ['oklab', pixelmatch8],
  ] as const)('%s counts what the package counts in areas, in noise and at edges', (metric, match) => {
    for (const [width, height] of [...Array(36).keys()].map((n) => [1 + (n % 6), 1 + Math.floor(n / 6)])) {
      for (const levels of [2, 3, 200]) {
        for (const channels of [1, 3, 4] as const) {
          const one = () =>
            picture(width! * 2, height! * 2, channels, 8, (i) =>
              channels === 4 && i % 4 === 3 ? 255 : Math.floor(next() * levels) * Math.floor(255 / levels),
            )
          const [a, b] = [one(), one()]
          const wide = (p: Picture) => (channels === 1 ? threefold(p) : p)
          const options = { threshold: 0.1, includeAA: false }
          const { stats } = compare(a, b, { perceptual: 0.1, metric })
          expect(stats?.counted ?? 0).toBe(
            match(rgba(wide(a)), rgba(wide(b)), undefined, a.width, a.height, options),
          )
        }
      }
    }
  })

  it.each([
    ['yiq', pixelmatch],
    ['oklab', pixelmatch8],
  ] as const)('%s counts what the package counts, with and without antialiasing', (metric, match) => {
    for (const channels of [3, 4] as const) {
      for (const [shift, alpha] of [
        [0.3, 255],
        [1, 90],
        [0, 0],
      ] as const) {
        const [a, b] = [discs(channels, 0, 255), altered(discs(channels, shift, alpha), [40, 35, 1, -90])]
        for (const perceptual of [0, 0.02, 0.1, 0.5]) {
          for (const includeAA of [true, false]) {
            const antialiasing = includeAA ? 'compare' : 'ignore'
            const { stats } = compare(a, b, { perceptual, metric, antialiasing })
            const options = { threshold: perceptual, includeAA }
            expect(stats!.counted).toBe(match(rgba(a), rgba(b), undefined, 48, 40, options))
          }
        }
        // by default antialiasing is ignored
        const { stats } = compare(a, b, { perceptual: '10%', metric })
        expect(stats!.counted).toBe(match(rgba(a), rgba(b), undefined, 48, 40, { threshold: 0.1 }))
      }
    }
  })
})

describe('--antialiasing ignore', () => {
  it('leaves out what pixelmatch leaves out, where everything that differs is asked for', () => {
    for (const shift of [0.2, 0.5, 1]) {
      const [a, b] = [discs(3, 0), discs(3, shift)]
      const { stats } = compare(a, b, { antialiasing: 'ignore' })
      const all = pixelmatch(rgba(a), rgba(b), undefined, 48, 40, { threshold: 0, includeAA: true })
      const kept = pixelmatch(rgba(a), rgba(b), undefined, 48, 40, { threshold: 0 })
      expect(stats!.differing).toBe(kept)
      expect(stats!.compared).toBe(48 * 40 - (all - kept))
      expect(all - kept).toBeGreaterThan(10)
    }
  })

  it('is the same at 16 bits, in floats, in gray and with opaque alpha', () => {
    const [a, b] = [discs(3, 0), discs(3, 0.4)]
    const { stats } = compare(a, b, { antialiasing: 'ignore' })
    const as = (p: Picture, depth: 16 | 32, factor: number) =>
      picture(p.width, p.height, 3, depth, (i) => p.data[i]! * factor)
    for (const [depth, factor] of [
      [16, 257],
      [32, 1],
    ] as const) {
      const wide = compare(as(a, depth, factor), as(b, depth, factor), { antialiasing: 'ignore' })
      expect(wide.stats).toMatchObject({ differing: stats!.differing, compared: stats!.compared })
    }
    const opaque = compare(discs(4, 0), discs(4, 0.4), { antialiasing: 'ignore' })
    expect(opaque.stats).toMatchObject({ differing: stats!.differing, compared: stats!.compared })
    const gray = (p: Picture) => picture(48, 40, 1, 8, (i) => p.data[3 * i]!)
    const found = compare(gray(a), gray(b), { antialiasing: 'ignore' })
    const threefold = (p: Picture) => picture(48, 40, 3, 8, (i) => p.data[3 * Math.floor(i / 3)]!)
    const inColour = compare(threefold(a), threefold(b), { antialiasing: 'ignore' })
    expect(found.stats!.differing).toBe(inColour.stats!.differing)
  })

  it('holds for measures of the whole picture too', () => {
    const [a, b] = [discs(3, 0), discs(3, 0.4)]
    const psnr = (given: object) => compare(a, b, { 'min-psnr': 10, ...given }).stats!.psnr
    expect(psnr({ antialiasing: 'ignore' })).toBeGreaterThan(psnr({}) + 1)
  })

  it('a lone pixel is no antialiasing', () => {
    const plain = picture(9, 9, 3, 8, () => 100)
    const dot = altered(plain, [4, 4, 0, 50])
    expect(isAntialiased(dot, plain, 4, 4, 255)).toBe(false)
    expect(compare(plain, dot, { antialiasing: 'ignore' }).outcome).toBe('different')
  })
})

describe('--shift', () => {
  const noise = (width: number, height: number, levels: number) =>
    picture(width, height, 1, 8, () => Math.floor(next() * levels))

  it('is what a search of every pair of pixels finds', () => {
    for (let round = 0; round < 60; round++) {
      const [width, height] = [1 + Math.floor(next() * 6), 1 + Math.floor(next() * 6)]
      const [a, b] = [noise(width, height, 6), noise(width, height, 6)]
      const [n, threshold] = [1 + Math.floor(next() * 3), Math.floor(next() * 2)]
      const places = Array.from(
        { length: width * height },
        (_, i) => [i % width, Math.floor(i / width)] as const,
      )
      const isFound = (from: Picture, to: Picture, p: number) =>
        places.some(
          ([x, y], q) =>
            Math.max(Math.abs(x - places[p]![0]), Math.abs(y - places[p]![1])) <= n &&
            Math.abs(from.data[p]! - to.data[q]!) <= threshold,
        )
      const expected = places.filter(
        (_, p) => Math.abs(a.data[p]! - b.data[p]!) > threshold && !(isFound(a, b, p) && isFound(b, a, p)),
      ).length
      const { stats } = compare(a, b, { shift: n, 'max-abs': threshold, 'max-diff-pixels': 99 })
      expect(stats?.counted ?? 0).toBe(expected)
    }
  })

  it('lets a picture move by n pixels and no further', () => {
    const [width, height] = [40, 30]
    const moved = (by: number) =>
      picture(width, height, 3, 8, (i) => {
        const p = Math.floor(i / 3)
        const x = (p % width) - by
        return x >= 10 && x < 14 ? 20 : 220
      })
    expect(compare(moved(0), moved(2), {}).outcome).toBe('different')
    expect(compare(moved(0), moved(2), { shift: 1 }).outcome).toBe('different')
    expect(compare(moved(0), moved(2), { shift: 2 }).outcome).toBe('tolerated')
    expect(isShifted(moved(0), moved(2), 10, 3, 2, 0, 3)).toBe(true)
    // a new dot did not exist before
    const dot = altered(moved(0), [30, 20, 1, -60])
    expect(compare(moved(0), dot, { shift: 2 }).stats!.counted).toBe(1)
  })

  it('the limits that it names pass', () => {
    const [a, b] = [noise(30, 30, 200), noise(30, 30, 200)]
    const { smallest } = compare(a, b, { shift: 1 })
    expect(smallest.farther).toBeUndefined()
    const { maxDiffPixels = 0 } = smallest.more!
    expect(compare(a, b, { shift: 1, 'max-diff-pixels': maxDiffPixels }).outcome).toBe('tolerated')
    expect(compare(a, b, { shift: 1, 'max-diff-pixels': maxDiffPixels - 1 }).outcome).toBe('different')
  })
})

describe('--as-shown', () => {
  const gray = picture(5, 4, 1, 8, (i) => i * 12)
  const alike: readonly [string, Picture][] = [
    ['RGB', picture(5, 4, 3, 8, (i) => Math.floor(i / 3) * 12)],
    ['16 bits', picture(5, 4, 1, 16, (i) => i * 12 * 257)],
    ['gray with opaque alpha', picture(5, 4, 2, 8, (i) => (i % 2 === 1 ? 255 : (i >> 1) * 12))],
    ['RGBA of 16 bits', picture(5, 4, 4, 16, (i) => (i % 4 === 3 ? 65535 : (i >> 2) * 12 * 257))],
  ]

  it.each(alike)('%s of equal values is the same', (_, other) => {
    for (const [a, b] of [
      [gray, other],
      [other, gray],
    ] as const) {
      expect(compare(a, b, {}).outcome).toBe('different')
      expect(compare(a, b, { 'as-shown': true })).toMatchObject({ outcome: 'same', mismatches: [] })
    }
  })

  it('what differs is still different, and can be tolerated', () => {
    const other = altered(alike[0]![1], [2, 2, 1, 3])
    expect(compare(gray, other, { 'as-shown': true })).toMatchObject({
      outcome: 'different',
      stats: { differing: 1 },
    })
    expect(compare(gray, other, { 'as-shown': true, 'max-abs': 3 }).outcome).toBe('tolerated')
    const hidden = picture(5, 4, 2, 8, (i) => (i % 2 === 1 ? 254 : (i >> 1) * 12))
    expect(compare(gray, hidden, { 'as-shown': true }).outcome).toBe('different')
  })
})

describe('shares', () => {
  it('may be percentages', () => {
    const values = (given: Record<string, unknown>) => toleranceOf(resolve(toleranceSettings, given))
    expect(values({ 'max-diff-ratio': '0.5%' })).toMatchObject({ maxDiffRatio: 0.005 })
    expect(values({ perceptual: '10%' })).toMatchObject({ perceptual: 0.1 })
    expect(values({ 'min-ssim': '98%' })).toMatchObject({ minSsim: 0.98 })
    expect(values({ 'max-density': '2%/16' })).toMatchObject({ maxDensity: { pixels: 5, window: 16 } })
    expect(values({ 'max-density': '3/16' })).toMatchObject({ maxDensity: { pixels: 3, window: 16 } })
    for (const [name, value] of [
      ['min-ssim', '101%'],
      ['max-density', '101%/16'],
      ['perceptual', '-1%'],
    ] as const)
      expect(() => values({ [name]: value })).toThrow(`--${name} must be`)
  })

  it.each([
    [{ perceptual: 0.1, shift: 1 }, '--shift compares by --max-abs, and --perceptual replaces that'],
    [{ metric: 'oklab' }, '--metric does not apply without --perceptual'],
  ])('%j is refused', (given, message) => {
    expect(() => toleranceOf(resolve(toleranceSettings, given))).toThrow(message)
  })
})
