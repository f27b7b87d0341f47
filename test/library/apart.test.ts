import { readFile } from 'node:fs/promises'
import { afterAll, expect, it } from 'vitest'
import { fftTables2d, makeFftTables2d, planFft2d } from '../../src/conv/fft.ts'
import { namedKernels } from '../../src/filters/names.ts'
import { comparePictures } from '../../src/image/compare/compare.ts'
import { type ToleranceValues, toleranceOf, toleranceSettings } from '../../src/image/compare/tolerance.ts'
import { animate, close, compare, loadNet, readKernel, show, Tensor, writeKernel } from '../../src/index.ts'
import { writeKernel as kernelBytes } from '../../src/kernel/formats/index.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { loadKernel } from '../../src/kernel/source.ts'
import { readModel } from '../../src/net/model.ts'
import { resolve } from '../../src/params.ts'
import { typedOptions } from '../../src/picture/api/names.ts'
import { Net } from '../../src/picture/api/net.ts'
import { animation } from '../../src/teach/animate/animate.ts'
import { card } from '../../src/teach/show/show.ts'
import type { Picture } from '../../src/tensor/picture.ts'
import { scratch } from '../cli/convo.ts'

// Long tasks run in a separate thread, and give the same result as in the calling thread.

const here = scratch()
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
  const values = resolve(
    toleranceSettings,
    typedOptions(tolerance, toleranceSettings, 'compare'),
  ) as ToleranceValues
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

it('draws kernels and animations, and reads networks, there', async () => {
  const name = 'gaussian:sigma=2'
  expect(await show(name)).toEqual(card(await loadKernel(name, { names: namedKernels }), name))
  expect(await animate('maxpool')).toEqual(await animation('maxpool', {}))
  await expect(animate('maxpol')).rejects.toMatchObject({ code: 'E_NAME', fix: 'maxpool' })
  const path = 'samples/networks/denoise.safetensors'
  const x = new Tensor(
    [3, 8, 8],
    Float32Array.from({ length: 192 }, (_, i) => i / 192),
  )
  const [read, own] = [await loadNet(await readFile(path)), new Net(await readModel(path, {}), path)]
  expect(await read.info()).toEqual(await own.info())
  expect((await read.run(x)).data).toEqual((await own.run(x)).data)
  await expect(loadNet(new Uint8Array(9))).rejects.toMatchObject({ code: 'E_NET_FORMAT' })
  await expect(loadNet((() => 1) as never)).rejects.toMatchObject({ code: 'E_ARGUMENT' })
})

it('reads and writes large kernels, as on the calling thread', async () => {
  const data = Float32Array.from({ length: 150 * 150 }, (_, i) => one(i) / 7)
  const expected = kernel([150, 150], data)
  for (const file of ['k.json', 'k.csv']) {
    await writeKernel(expected, here.path(file))
    expect(await readFile(here.path(file))).toEqual(Buffer.from(kernelBytes(expected, file)))
    const read = await readKernel(here.path(file))
    expect([read.shape, read.weights]).toEqual([expected.shape, expected.weights])
  }
  // a name can describe as many weights as a file may have
  const name = 'gaussian:sigma=40'
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const made = await readKernel(name)
  clearInterval(timer)
  expect(turns).toBeGreaterThan(0)
  const own = await loadKernel(name, { names: namedKernels })
  expect([made.shape, made.weights, made.name]).toEqual([own.shape, own.weights, own.name])
  await expect(readKernel(`${here.path('k.csv')}#none`)).rejects.toMatchObject({ name: 'ConvoError' })
})

it('prepares the spectrum of a large kernel in pieces, with the same bits', async () => {
  const plan = planFft2d(61, 45, 300, 400)
  const weights = Float32Array.from({ length: 61 * 45 }, (_, i) => one(i) / 251)
  const expected = fftTables2d(weights, plan)
  await makeFftTables2d(weights, plan)
  expect(fftTables2d(weights, plan)).toEqual(expected)
  // made only once
  expect(fftTables2d(weights, plan)).toBe(fftTables2d(weights, plan))
  // other tables for the same weights on another picture
  const other = planFft2d(61, 45, 3000, 4000)
  expect(fftTables2d(weights, other)).toEqual(fftTables2d(weights.slice(), other))
})
