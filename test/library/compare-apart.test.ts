import { afterAll, expect, it } from 'vitest'
import { comparePictures } from '../../src/image/compare/compare.ts'
import { type ToleranceValues, toleranceOf, toleranceSettings } from '../../src/image/compare/tolerance.ts'
import { close, compare } from '../../src/index.ts'
import { resolve } from '../../src/params.ts'
import { commandOptions } from '../../src/picture/api/names.ts'
import type { Picture } from '../../src/tensor/picture.ts'

// Large pictures are compared on a thread of their own.

afterAll(close)
const [width, height] = [700, 500]
const of = (level: (i: number) => number, type: typeof Uint8Array | typeof Float32Array): Picture => ({
  ...{ width, height, channels: 3, depth: type === Uint8Array ? 8 : 32, meta: {} },
  data: new type(Array.from({ length: width * height * 3 }, (_, i) => level(i))),
})
const one = (i: number) => (i * 7919) % 251
const other = (i: number) => (i % 1009 === 0 ? 255 - one(i) : one(i))

it.each([
  ['exactly', Uint8Array, {}],
  ['by levels', Uint8Array, { maxAbs: 3 }],
  ['by SSIM', Uint8Array, { minSsim: 0.9 }],
  ['as pixelmatch does', Uint8Array, { perceptual: 0.1 }],
  ['floats', Float32Array, { maxAbs: 3 }],
] as const)('%s, as on the calling thread', async (_, type, tolerance) => {
  const [expected, actual] = [of(one, type), of(other, type)]
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const {
    matches: _matches,
    notes: _notes,
    toJSON: _toJSON,
    ...found
  } = await compare(expected, actual, tolerance)
  clearInterval(timer)
  expect(turns).toBeGreaterThan(0)
  const values = resolve(toleranceSettings, commandOptions(tolerance, 'compare')) as ToleranceValues
  const own = comparePictures(expected, actual, toleranceOf(values, undefined))
  expect(found.pages).toEqual([own])
})

it('refuses what does not fit, and goes on', async () => {
  const [expected, actual] = [of(one, Uint8Array), of(other, Uint8Array)]
  const mask = { width: 2, height: 2, data: new Uint8Array(4) }
  await expect(compare(expected, actual, { mask })).rejects.toMatchObject({
    name: 'ConvoError',
    code: 'E_SHAPE',
  })
  const both = [compare(expected, actual), close(), compare(expected, actual)] as const
  for (const found of [await both[0], await both[2]]) expect(found.outcome).toBe('different')
  await both[1]
  const later = compare(expected, actual)
  const closed = close()
  await later
  const last = compare(expected, actual)
  await closed
  expect((await last).outcome).toBe('different')
})
