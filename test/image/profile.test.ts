import { describe, expect, it } from 'vitest'
import { curveOf, type Light, lightEncoder, linearTables, toLinear } from '../../src/image/light.ts'
import { lightOf } from '../../src/image/profile.ts'
import { curv, grayProfile, para, profile, rgbProfile } from './icc.ts'
import { failure, wideProfile } from './pictures.ts'

const levels = [0, 1000, 3000, 8000, 16384, 32768, 50000, 65535]
const table = Array.from({ length: 33 }, (_, i) => Math.round(65535 * (i / 32) ** 1.7))

// The results of littleCMS 2 for the levels, with a linear profile of the same primaries as the target (ImageMagick 6,
// Q16).
const figures: Readonly<Record<string, readonly [curve: Buffer, light: readonly number[]]>> = {
  'Adobe RGB': [curv(563 / 256), [0, 7, 74, 642, 3108, 14271, 36146, 65535]],
  ProPhoto: [curv(1.8), [0, 36, 257, 1497, 5428, 18861, 40303, 65535]],
  identity: [curv(), levels],
  'a table': [curv(...table), [0, 88, 370, 1842, 6208, 20172, 41383, 65535]],
  'para 0': [para(0, 2.2), [0, 7, 74, 641, 3104, 14263, 36138, 65535]],
  'para 1': [para(1, 2.2, 1.1, -0.1), [0, 0, 0, 39, 1416, 11312, 33714, 65535]],
  'para 2': [para(2, 2.4, 0.9, 0.05, 0.02), [1360, 1399, 1520, 2115, 4268, 13728, 32782, 59255]],
  'para 3': [
    para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    [0, 77, 234, 904, 3334, 14028, 35581, 65535],
  ],
  'para 4': [para(4, 2.2, 0.95, 0.05, 0.1, 0.06, 0, 0), [0, 100, 300, 1261, 4222, 15880, 37385, 65535]],
}

const curve = (light: Light) => curveOf(light, 0, 3)

describe('the tone curve of a profile', () => {
  for (const [name, [tag, light]] of Object.entries(figures)) {
    it(`${name} is that of littleCMS`, () => {
      const own = curve(lightOf({ icc: rgbProfile(tag) }, 'a.png'))
      const found = levels.map((v) => 65535 * toLinear(v / 65535, own))
      // both store numbers of the profile in 16 bits
      found.forEach((v, i) => {
        expect(Math.abs(v - light[i]!), `${levels[i]}: ${v}`).toBeLessThanOrEqual(2)
      })
    })

    it(`${name} is turned back to the level that it came from, where it rises`, () => {
      for (const full of [255, 65535]) {
        const own = lightOf({ icc: rgbProfile(tag) }, 'a.png')
        const [stored, encode] = [linearTables(own, full), lightEncoder(curve(own), full)]
        for (let level = 1; level < full; level += 1 + (full >> 10)) {
          const isFlat = stored[level]! <= stored[level - 1]! || stored[level + 1]! <= stored[level]!
          if (!isFlat) expect(encode(stored[level]!)).toBe(level)
        }
        expect(encode(0)).toBe(0)
      }
    })
  }

  it('is that of gray for gray, and of each colour where they differ', () => {
    const gray = lightOf({ icc: grayProfile(curv(2)) }, 'a.png')
    expect(toLinear(0.5, curveOf(gray, 0, 1))).toBe(0.25)
    const three = lightOf({ icc: rgbProfile(curv(1), curv(2), curv(3)) }, 'a.png')
    expect([0, 1, 2].map((c) => toLinear(0.5, curveOf(three, c, 3)))).toEqual([0.5, 0.25, 0.125])
    expect(toLinear(0.5, curveOf(three, 0, 1))).toBe(0.25)
    const tables = linearTables(three, 255)
    expect([tables[128], tables[256 + 255], tables[512 + 255]]).toEqual([128, 255, 255])
  })

  it('is read from a real profile, and told by its name', async () => {
    const { name, curves } = lightOf({ icc: await wideProfile() }, 'a.png')
    expect(name).toContain('P3')
    expect(curves).toHaveLength(1)
    // Display P3 has the curve of sRGB
    for (const v of [0.02, 0.2, 0.5, 0.9]) expect(toLinear(v, curves[0])).toBeCloseTo(toLinear(v), 3)
  })

  it('is gAMA without a profile, unless it is that of sRGB or an sRGB chunk stands beside it', () => {
    expect(toLinear(0.5, curve(lightOf({ gamma: 100000 }, 'a.png')))).toBe(0.5)
    expect(toLinear(0.5, curve(lightOf({ gamma: 50000 }, 'a.png')))).toBe(0.25)
    for (const meta of [{}, { gamma: 45455 }, { gamma: 50000, isSrgb: true as const }]) {
      expect(lightOf(meta, 'a.png').name).toBe('sRGB')
    }
    const icc = rgbProfile(curv(1.5))
    expect(lightOf({ icc, gamma: 50000 }, 'a.png').name).toContain('gamma 1.5')
  })

  it('says so where a profile has colour tables beside its curves', () => {
    const curves = ['rTRC', 'gTRC', 'bTRC'].map((tag) => [tag, curv(2)] as const)
    const notesOf = (tags: Parameters<typeof profile>[1]) =>
      lightOf({ icc: profile('RGB ', tags) }, 'a.png').notes
    expect(notesOf(curves)).toEqual([])
    for (const table of ['A2B0', 'A2B1'])
      expect(notesOf([...curves, [table, Buffer.from('mft2'.padEnd(52, '\0'))]])).toEqual([
        'the ICC profile "made" of a.png has colour tables as well as tone curves, and only the curves were used',
      ])
  })

  const refused: readonly (readonly [string, Buffer, RegExp])[] = [
    ['of tables', profile('RGB ', []), /colour tables/],
    ['for inks', profile('CMYK', []), /colour tables/],
    ['whose curve falls', rgbProfile(curv(0, 60000, 30000, 65535)), /does not rise/],
    ['whose curve is flat', rgbProfile(curv(9, 9)), /does not rise/],
    ['whose curve is upside down', rgbProfile(curv(65535, 0)), /does not rise/],
    ['of an unknown curve', rgbProfile(para(9, 1)), /of an unsupported type/],
    ['that is cut off', rgbProfile(curv(1.8)).subarray(0, 300), /colour tables/],
  ]
  for (const [name, icc, why] of refused) {
    it(`${name} is refused`, async () => {
      const error = await failure('E_OPTION', () => lightOf({ icc }, 'a.png'))
      expect(error.why.join('\n')).toMatch(why)
    })
  }
})
