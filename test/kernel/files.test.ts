import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { namedKernels } from '../../src/filters/names.ts'
import { analyse } from '../../src/kernel/analyse.ts'
import { formatOf, formats } from '../../src/kernel/formats/index.ts'
import { readSafetensors } from '../../src/kernel/formats/safetensors.ts'
import { loadKernel, loadKernels, readyMade } from '../../src/kernel/source.ts'

const folder = fileURLToPath(new URL('../../kernels/', import.meta.url))
const bytesOf = (file: string) => readFileSync(folder + file)
// a plain script without types
const script: { files(): Record<string, Uint8Array> } = await import(`${folder}make.mjs`)
const made = script.files()

/** The content of each file: shapes, and the expected sum of the weights divided by the scale. */
const expected: Readonly<Record<string, readonly { shape: readonly number[]; gain: number }[]>> = {
  'binomial-3d.npy': [{ shape: [1, 1, 3, 3, 3], gain: 1 }],
  'edges.ffmpeg': [{ shape: [3, 3], gain: 0 }],
  'emboss-5x5.json': [{ shape: [5, 5], gain: 0 }],
  'gabor-bank.npy': [{ shape: [8, 1, 15, 15], gain: 0 }],
  'gaussian-273.mat': [{ shape: [5, 5], gain: 1 }],
  'high-boost.csv': [{ shape: [3, 3], gain: 1 }],
  'kroon-x.yml': [{ shape: [3, 3], gain: 0 }],
  'laplacian-rgb.npy': [{ shape: [3, 3, 3], gain: 0 }],
  'log-9x9.mat': [{ shape: [9, 9], gain: 0 }],
  'motion-diagonal.xml': [{ shape: [5, 5], gain: 1 }],
  'opponent.json': [{ shape: [3, 3, 1, 1], gain: 1 }],
  'relief.svg': [{ shape: [3, 3], gain: 1 }],
  'ring-7.magick': [{ shape: [7, 7], gain: 1 }],

  'slope-7.tsv': [{ shape: [1, 7], gain: 0 }],
  'sobel-3d.gmic': [{ shape: [1, 1, 3, 3, 3], gain: 0 }],
  'sobel-eight.txt': Array.from({ length: 8 }, () => ({ shape: [3, 3], gain: 0 })),
  'unsharp-256.json': [{ shape: [5, 5], gain: 1 }],
}

const layers = {
  'edges.weight': [16, 3, 3, 3],
  'gabor.weight': [8, 1, 15, 15],
  'depthwise.weight': [6, 1, 3, 3],
  'pointwise.weight': [3, 6, 1, 1],
  'pointwise.bias': [3],
  'volume.weight': [1, 1, 3, 3, 3],
}

test('every file is expected here, and every expected one is there', () => {
  expect(readyMade()).toEqual([...Object.keys(expected), 'layers.safetensors'].sort())
  expect(readdirSync(folder).filter((f) => !readyMade().includes(f))).toEqual(['make.mjs'])
})

test('every format is represented', () => {
  const used = new Set(readyMade().map((file) => formatOf(file, bytesOf(file))))
  expect([...used].map((f) => f.name).sort()).toEqual(
    Object.values(formats)
      .map((f) => f.name)
      .sort(),
  )
})

test('no name hides one, and no two are called the same', () => {
  const stems = readyMade().map((file) => file.slice(0, -extname(file).length))
  expect(new Set(stems).size).toBe(stems.length)
  expect(stems.filter((stem) => Object.hasOwn(namedKernels, stem))).toEqual([])
})

describe.each(Object.entries(expected))('%s', (file, kernels) => {
  test('holds what it should', async () => {
    const found = await loadKernels(file)
    expect(found.map((k) => k.shape)).toEqual(kernels.map((k) => k.shape))
    found.forEach((k, i) => {
      const { sum } = analyse(k)
      // for a bank, each filter separately
      const filters = k.shape.length > 3 ? k.shape[0]! : 1
      const gain = sum / filters / k.scale
      if (file !== 'opponent.json') expect(gain).toBeCloseTo(kernels[i]!.gain, 12)
    })
  })

  test('is found by its name without extension', async () => {
    expect(await loadKernels(file.slice(0, -extname(file).length))).toEqual(await loadKernels(file))
  })
})

test('the filters of the banks sum to 0, each alone', async () => {
  for (const source of [
    'gabor-bank.npy',
    'layers.safetensors#gabor.weight',
    'layers.safetensors#edges.weight',
  ]) {
    const { shape, weights } = await loadKernel(source)
    const size = weights.length / shape[0]!
    for (let o = 0; o < shape[0]!; o++) {
      expect(weights.subarray(o * size, (o + 1) * size).reduce((a, b) => a + b, 0)).toBe(0)
    }
  }
})

test('opponent colours: brightness keeps white, differences are gray on it', async () => {
  const { weights, bias } = await loadKernel('opponent.json')
  expect([0, 3, 6].map((at) => weights[at]! + weights[at + 1]! + weights[at + 2]!)).toEqual([1, 0, 0])
  expect(bias).toEqual(Float64Array.of(0, 128, 128))
})

test('the eight of sobel-eight are the compass, the first as written', async () => {
  const eight = await loadKernels('sobel-eight')
  expect([...eight[0]!.weights]).toEqual([-1, 0, 1, -2, 0, 2, -1, 0, 1])
  expect(new Set(eight.map((k) => k.weights.join())).size).toBe(8)
  expect([...(await loadKernel('sobel-eight#5')).weights].map((w) => 0 - w)).toEqual([...eight[0]!.weights])
})

test('the gaussian of 273 is no product of a column and a row', async () => {
  expect(analyse(await loadKernel('gaussian-273')).rank).toBe(3)
})

describe('layers.safetensors', () => {
  test('holds its tensors, with a bias for the last layer', async () => {
    const opened = readSafetensors(bytesOf('layers.safetensors'), 'layers.safetensors')
    expect(Object.fromEntries(opened.names.map((name) => [name, opened.shape(name)]))).toEqual(layers)
    expect((await loadKernel('layers#pointwise.weight')).bias).toEqual(Float64Array.of(128, 128, 128))
  })

  test.each(Object.entries(layers).filter(([, shape]) => shape.length > 1))('%s', async (name, shape) => {
    expect(await loadKernel(`layers.safetensors#${name}`)).toMatchObject({ name, shape })
  })
})

describe('made by make.mjs', () => {
  test('are all binary files', () => {
    expect(Object.keys(made).sort()).toEqual(readyMade().filter((f) => /\.(npy|safetensors)$/.test(f)))
  })

  test.each(Object.keys(made))('%s, byte for byte', (file) => {
    expect(Buffer.from(made[file]!).equals(bytesOf(file))).toBe(true)
  })
})

test('the list of kernels says what is in each file', async () => {
  const { readyMade, readyMadeSummary } = await import('../../src/kernel/source.ts')
  const summaries = Object.fromEntries(readyMade().map((file) => [file, readyMadeSummary(file)]))
  expect(summaries).toMatchObject({
    'gaussian-273.mat': '[5,5], libvips matrix',
    'sobel-eight.txt': '8 kernels, ImageMagick string',
    'layers.safetensors': expect.stringMatching(/^#edges\.weight .*#pointwise\.bias .*, safetensors$/),
    'emboss-5x5.json': expect.stringMatching(/^\[5,5\], convo JSON: relief/),
  })
})
