import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { filterDefaults } from '../../src/conv/plan.ts'
import { single } from '../../src/conv/recipe.ts'
import { correlationOf, transpositionOf } from '../../src/conv/spec.ts'
import { adler32 } from '../../src/definition/adler.ts'
import { overOwn, premultiplied, straightened, weighed, withAlphaOf } from '../../src/definition/alpha.ts'
import { correlateReference, transposeReference } from '../../src/definition/convolution.ts'
import { differRow } from '../../src/definition/differ.ts'
import { type Engine, referenceEngine } from '../../src/definition/engine.ts'
import { evaluateRecipe } from '../../src/definition/evaluate.ts'
import {
  correlateColumnsFftReference,
  correlateFft2dReference,
  correlateRowsFftReference,
} from '../../src/definition/fft.ts'
import { filterRows, pngBytes, unfilterRows } from '../../src/definition/filter-rows.ts'
import { formulas } from '../../src/definition/formulas.ts'
import { functions } from '../../src/definition/functions.ts'
import { type LayerName, type LayerSettings, layers } from '../../src/definition/layers.ts'
import { countMagnitudes, levelOf, magnitudeBins } from '../../src/definition/levels.ts'
import { operations } from '../../src/definition/mixing.ts'
import { extremesOf, quantise } from '../../src/definition/quantise.ts'
import { involveBySimilarity, type SimilarityOptions } from '../../src/definition/similarity.ts'
import type { Element, Ranked } from '../../src/definition/windows.ts'
import { winogradReference } from '../../src/definition/winograd.ts'
import { filters } from '../../src/filters/table.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { poolAxes } from '../../src/operators/max-pool.ts'
import { resolve } from '../../src/params.ts'
import { createPool } from '../../src/run/pool.ts'
import { poolEngine } from '../../src/run/tensors.ts'
import type { WasmExports } from '../../src/run/wasm-exports.ts'
import { sizeOf, Tensor } from '../../src/tensor/tensor.ts'
import { dense, line, picture, recipes, reference, runRecipeOver } from '../run/recipes.ts'
import { floats, random, scratch, wholes } from './scratch.ts'

// All loops of src/wasm with their definitions. A row compares code that uses the loop with the definition, on random
// samples. They must be equal, and must differ if the loop does nothing.

const watched = vi.hoisted(() => ({ called: new Set<string>(), idle: '' }))

vi.mock('../../src/run/engine.ts', async (original) => {
  const own = await original<typeof import('../../src/run/engine.ts')>()
  const watch = ([name, one]: [string, unknown]): readonly [string, unknown] => {
    if (typeof one !== 'function') return [name, one]
    const loop = (...numbers: unknown[]): unknown => {
      watched.called.add(name)
      return watched.idle === name ? 1 : one(...numbers)
    }
    return [name, loop]
  }
  const loadEngine = (...given: Parameters<typeof own.loadEngine>) =>
    Object.fromEntries(Object.entries(own.loadEngine(...given)).map(watch)) as unknown as WasmExports
  return { ...own, loadEngine }
})

const pool = createPool(1)
const engine = poolEngine(pool)
const s = scratch()
afterAll(() => pool.close())

/** The computed numbers, and those of the definition. */
type Compared = readonly [got: ArrayLike<number>, expected: ArrayLike<number>]
type Comparison = (seed: number) => Compared | Promise<Compared>
type Row = { readonly is: unknown; readonly by: Comparison }

/** Makes positions on an axis, and weights of which some are 0. */
const taps = (seed: number, n: number, size: number): LayerSettings['resized']['rows'] => {
  const next = random(seed)
  return {
    taps: 3,
    places: Int32Array.from(line(3 * n, () => Math.floor(next() * size))),
    weights: Float64Array.from(line(3 * n, (i) => (i % 4 === 1 ? 0 : next() - 0.5))),
  }
}
const evening = { epsilon: 1e-3, gamma: Float32Array.of(1, -0.3, 2), beta: Float32Array.of(0.1, 0, -7) }
/** Without padding, so that unpooled samples are inside. */
const plainAxes = poolAxes(2, Tensor.zeros([3, 11, 39]), { kernelSize: [2, 3], stride: 2 })
/** The pooled tensor has more columns than its input. */
const widerAxes = poolAxes(2, Tensor.zeros([3, 8, 32]), { kernelSize: 2, stride: 1, padding: 1 })
const resizing = { rows: taps(3, 13, 9), columns: taps(5, 55, 37) }

/** Makes float samples of a shape. */
const tensor = (seed: number, shape: readonly number[], size = 4): Tensor =>
  new Tensor(shape, floats(random(seed), sizeOf(shape), size))

/** Compares the same steps on the current engine and on the definition. */
const byBoth =
  (steps: (engine: Engine, seed: number) => Promise<Tensor>): Comparison =>
  async (seed) => [(await steps(engine, seed)).data, (await steps(referenceEngine, seed)).data]

/** Compares a layer on inputs of some shapes. */
const layer = <K extends LayerName>(
  name: K,
  settings: LayerSettings[K],
  shapes: readonly (readonly number[])[] = [[3, 9, 37]],
  sample: (v: number) => number = (v) => v,
): Row => ({
  is: layers[name],
  by: byBoth((own, seed) => {
    const inputs = shapes.map((shape, i) => {
      const { data } = tensor(seed + i * 99, shape)
      return new Tensor(shape, data.map(sample))
    })
    return own.layer(name, inputs, settings)
  }),
})

/** Compares several layers that use the same loop. */
const all = (is: unknown, rows: readonly Row[]): Row => ({
  is,
  async by(seed) {
    const made = await Promise.all(rows.map(({ by }) => by(seed)))
    return [made.flatMap(([got]) => Array.from(got)), made.flatMap(([, wanted]) => Array.from(wanted))]
  },
})

/** Compares a recipe on a picture: the written samples, and the clipped ones. */
const recipe =
  (...[made, options, range, depth = 8, width = 61]: RecipeCase): Comparison =>
  async (seed) => {
    const source = picture(width, 23, 3, depth, seed)
    const got = await runRecipeOver(pool, made, source, options, range)
    const { samples, clipped } = reference(got.plan, source, got.full, range)
    return [
      [...got.samples, got.outcome.low, got.outcome.high],
      [...samples, clipped.low, clipped.high],
    ]
  }

type RecipeOf = Parameters<typeof runRecipeOver>
type RecipeCase = [
  made: RecipeOf[1],
  options?: RecipeOf[3],
  range?: RecipeOf[4],
  depth?: 8 | 16,
  width?: number,
]

const evaluated = (...given: RecipeCase): Row => ({ is: evaluateRecipe, by: recipe(...given) })
const quantised = (...given: RecipeCase): Row => ({ is: quantise, by: recipe(...given) })
const filter = (name: string, values = {}) => filters[name]!.build(resolve(filters[name]!.params, values))
const { direct, box } = recipes as Record<string, RecipeOf[1]>
/** A stride for which there is no shortcut, so that sums become floats. */
const everySecond = { stride: [1, 2] } as const

/** Compares a recipe of long kernels on planes. */
const transformed = (made: RecipeOf[1]): Comparison =>
  byBoth((own, seed) => {
    const x = tensor(seed, [1, 150, 170], 255)
    return own.recipe(x, made, filterDefaults, 255)
  })
const fraction = (n: number) => line(n, (i) => Math.fround(((i * 7919) % 31) / 31 - 0.4))
const squareTransform = single(kernel([17, 15], fraction(17 * 15)))
const lineTransform = {
  ...recipes.separable!,
  kernels: [
    {
      form: 'separable',
      col: Float64Array.from(fraction(101)),
      row: Float64Array.from(fraction(99)),
      scale: 1,
    } as const,
  ],
}

/** Compares a correlation of planes with random weights, with 5 filters by default. */
const correlated = (
  shape: readonly [channels: number, height: number, width: number],
  kernel: readonly number[],
  options: Parameters<typeof correlationOf>[3],
  filters = 5,
): Comparison =>
  byBoth((own, seed) => {
    const [x, weight] = [tensor(seed, shape), tensor(seed + 5, [filters, shape[0], ...kernel])]
    const bias = floats(random(seed + 6), filters, 9)
    return own.correlate(x, weight, bias, correlationOf(2, x, weight, options))
  })
const padded = correlated([3, 11, 35], [3, 2], { padding: 1, paddingMode: 'reflect' })
const winograd: Row = {
  is: winogradReference,
  by: correlated([8, 37, 38], [3, 3], { padding: 1 }, 8),
}

const element = (height: number, width: number, isIn = (_y: number, _x: number) => true): Element => ({
  height,
  width,
  runs: line(height, (y) => y).flatMap((row) =>
    line(width, (x) => x)
      .filter((left) => isIn(row, left))
      .map((left) => ({ row, left, count: 1 })),
  ),
})
const bytes = (v: number) => Math.abs(Math.trunc(v * 60)) % 256
const ranked = (window: Element, index: number, sample = bytes, more: Partial<Ranked> = {}): Row =>
  layer('ranked', { element: window, index, ...more }, [[2, 24, 61]], sample)
const rankOfFloats = ranked(element(5, 4), 7, (v) => v)

const windows = (padding: number) =>
  poolAxes(2, Tensor.zeros([3, 9, 37]), { kernelSize: 3, stride: 2, padding, ceilMode: true })
const axes = windows(1)
const plainWindows = windows(0)
const means = {
  axes: plainWindows,
  rows: Int32Array.from(plainWindows[1].high, (high) => high + 1),
  columns: Int32Array.from(plainWindows[2].high, (high) => high + 1),
}

const involved = (options: Partial<SimilarityOptions>, channels = 3): Row => ({
  is: involveBySimilarity,
  by: byBoth((own, seed) =>
    own.involve(tensor(seed, [channels, 9, 37], 40), {
      size: 5,
      dilation: 1,
      sigmaSpace: 2,
      sigmaRange: 30,
      patch: 1,
      ...options,
    }),
  ),
})
const patches = involved({ patch: 3 })

/** Compares a loop on rows of pixels, with a separate result and in place. */
const pixels = (
  is: unknown,
  loop: (dst: number, src: number, own: number, pixels: number, channels: number) => void,
  define: (pixel: number[], own: number[]) => readonly number[],
  counts = [2, 4],
): Row => ({
  is,
  by(seed) {
    const next = random(seed)
    const [got, expected] = [[] as number[], [] as number[]]
    for (const channels of counts) {
      for (const n of [...line(37, (i) => i + 1), 128]) {
        s.reset()
        const [row, other] = [floats(next, n * channels, 255), floats(next, n * channels, 255)]
        for (let i = channels - 1; i < row.length; i += channels) {
          row[i] = next() < 0.2 ? 255 : (next() - 0.1) * 300
          other[i] = next() < 0.2 ? 0 : next() * 255
        }
        const pixel = (of: Float32Array, i: number) =>
          Array.from(of.subarray(i * channels, (i + 1) * channels))
        const made = line(n, (i) => define(pixel(row, i), pixel(other, i))).flat()
        const [from, own, to] = [s.put(row), s.put(other), s.room(row.byteLength)]
        loop(to, from, own, n, channels)
        loop(from, from, own, n, channels)
        got.push(...s.f32(to, made.length), ...s.f32(from, made.length), ...s.broken())
        expected.push(...made, ...made)
      }
    }
    return [got, expected]
  },
})

/** Compares one call of a loop on bytes or words. */
const once = (is: unknown, by: (next: () => number) => Compared): Row => ({
  is,
  by(seed) {
    s.reset()
    return by(random(seed))
  },
})
const octets = (next: () => number, n: number) => Uint8Array.from(wholes(next, n, 0, 255))
const words = (next: () => number, n: number) => Uint16Array.from(wholes(next, n, 0, 65535))

const lookup = (
  loop: 'lookupU8' | 'lookupU16',
  samplesOf: typeof octets | typeof words,
  count: number,
): Row =>
  once(layers.lookedUp, (next) => {
    const [table, row, to] = [floats(next, count, 9), samplesOf(next, 300), s.room(1200)]
    s.wasm[loop](to, s.put(row), 300, s.put(table))
    const out = { data: new Float32Array(300), at: () => 0 }
    const shape = [1, 1, 300] as const
    const x = { data: Float32Array.from(row), at: () => 0 }
    layers.lookedUp.run({ table, count }, out, [x], [0, 1], [shape], shape)
    return [s.f32(to, 300), out.data]
  })

const functionNames = ['sigmoid', 'tanh', 'elu', 'gelu', 'hardswish', 'softplus', 'mish', 'round'] as const
const nearBlack = { full: 1, by: 0.3 }
const mixed = { mix: 0.3, rows: [1, 8], columns: [2, 31] } as const

/** Samples at the limits of the range, among ordinary and whole ones: powers have special rules for each. */
const ends = [0, -0, 1, -1, 0.5, 2, 3, -3, 1e-40, 3e38, -3e38, Infinity, -Infinity, NaN] as const
const oddNumber = (v: number): number => {
  const i = Math.abs(Math.trunc(v * 1e5))
  return i % 4 === 0 ? ends[(i >> 2) % ends.length]! : i % 4 === 1 ? Math.round(v * 3) : v
}

/** The loops by name. */
const loops: { readonly [K in keyof WasmExports]: Row } = {
  tapsF32: evaluated(direct!),
  taps4: { is: correlateReference, by: padded },
  taps1: { is: correlateReference, by: padded },
  gatherPlanes: { is: correlateReference, by: padded },
  copyRows: { is: correlateReference, by: correlated([3, 11, 40], [1, 1], {}) },
  fillRow: patches,
  scatterRows: {
    is: transposeReference,
    by: byBoth((own, seed) => {
      const [x, weight] = [tensor(seed, [3, 5, 17]), tensor(seed + 1, [3, 5, 3, 3])]
      return own.transpose(x, weight, undefined, transpositionOf(2, x, weight, { stride: 2 }))
    }),
  },
  copyBytes: evaluated(recipes['integer i32']!),
  mixPixels: once(layers.join, (next) => {
    const [colours, whole, to] = [octets(next, 3 * 37), octets(next, 4 * 37), s.room(4 * 37)]
    // four pixels of three channels, and one of four
    const pixel = [0, 1, 2, 3].flatMap((i) => [3 * i, 3 * i + 1, 3 * i + 2, 255])
    const alpha = [0, 1, 2, 3].flatMap((i) => [255, 255, 255, 4 * i + 3])
    const places = s.put(Uint8Array.from([...pixel, ...alpha]))
    s.wasm.mixPixels(to, 16, s.put(colours), 12, s.put(whole), 16, 10, places)
    const planes = (row: Uint8Array, step: number, first: number, count: number) => ({
      data: Float32Array.from(
        { length: 37 * count },
        (_, i) => row[(i % 37) * step + first + Math.floor(i / 37)]!,
      ),
      at: (c: number) => c * 37,
    })
    const out = planes(whole, 4, 0, 4)
    const shapes = [
      [3, 1, 37],
      [1, 1, 37],
    ] as const
    const inputs = [planes(colours, 3, 0, 3), planes(whole, 4, 3, 1)]
    layers.join.run({ gain: [255, 255] }, out, inputs, [0, 1], shapes, [4, 1, 37])
    return [
      s.u8(to, 4 * 37),
      Uint8Array.from({ length: 4 * 37 }, (_, i) => out.data[(i % 4) * 37 + (i >> 2)]!),
    ]
  }),
  convertU8: evaluated(direct!),
  convertU16: evaluated(direct!, {}, 'clamp', 16),
  convertI16: evaluated(recipes['integer i16']!, everySecond),
  convertI32: evaluated(recipes['integer i32']!, everySecond),
  lookupU8: lookup('lookupU8', octets, 256),
  lookupU16: lookup('lookupU16', words, 65536),
  mixGray: once(layers.luma, (next) => {
    const [row, to] = [floats(next, 4 * 37, 255), s.room(2 * 4 * 37)]
    s.wasm.mixGray(to, s.put(row), 37, 4)
    const part = (channels: number) => ({ data: new Float32Array(37 * channels), at: (c: number) => c * 37 })
    const [planes, gray] = [part(4), part(2)]
    row.forEach((v, i) => {
      planes.data[(i % 4) * 37 + Math.floor(i / 4)] = v
    })
    layers.luma.run({}, gray, [planes], [0, 1], [[4, 1, 37]], [2, 1, 37])
    return [s.f32(to, 2 * 37), line(2 * 37, (i) => gray.data[(i % 2) * 37 + Math.floor(i / 2)]!)]
  }),
  premultiply: pixels(
    premultiplied,
    (to, from, _, n, channels) => s.wasm.premultiply(to, from, n, channels),
    premultiplied,
  ),
  weigh: pixels(
    weighed,
    (to, from, _, n, channels) => s.wasm.weigh(to, from, n, channels, 255),
    (pixel) => weighed(pixel, 255),
  ),
  fillHalo: evaluated(recipes['integer i32']!, { border: 'constant', fill: 100 }),
  splitPhases: evaluated(direct!, everySecond),
  splitPlanes: layer('parted', { channels: 3 }, [[1, 9, 111]]),
  joinPlanes: layer('interleaved', {}),
  tapsU8I16: evaluated(
    dense(
      [
        [1, 2, 1],
        [2, 4, 2],
        [1, 2, 1],
      ].map((row) => row.map((v, i) => v + i)),
      16,
    ),
  ),
  tapsU8U8: evaluated(recipes['integer i16']!),
  tapsU8I32: evaluated(recipes['integer i32']!),
  tapsI16I16: evaluated(recipes['integer-separable i16']!),
  tapsI16I32: evaluated(recipes['integer-separable i32']!),
  tapsI32I32: evaluated(recipes['integer-separable wide']!),
  gradientU8I16: evaluated(filter('sobel')),
  columnF32: evaluated(recipes.separable!),
  rowF32: evaluated(recipes.separable!),
  lumaChange: layer('blend', { ...mixed, isLuma: true }, [
    [1, 9, 37],
    [3, 9, 37],
  ]),
  blendRow: layer(
    'blend',
    { ...mixed, isLuma: false },
    [
      [4, 9, 37],
      [4, 9, 37],
      [1, 9, 37],
    ],
    Math.abs,
  ),
  addU8: evaluated(box!),
  slideU8: evaluated(box!),
  addU16: evaluated(box!, {}, 'clamp', 16),
  slideU16: evaluated(box!, {}, 'clamp', 16),
  boxRow: evaluated(box!),
  scaleRow: evaluated(
    dense(
      [
        [0.3, -1.7],
        [2.1, 0.9],
      ],
      3,
    ),
  ),
  magnitude: evaluated(filter('sobel'), {}, 'clamp', 16),
  angle: evaluated(filter('sobel', { axis: 'angle' })),
  larger: evaluated(filter('kirsch')),
  difference: evaluated(filter('dog')),
  unsharp: evaluated(filter('unsharp')),
  addSquare: evaluated(filter('frei-chen')),
  share: evaluated(filter('frei-chen')),
  unpremultiply: pixels(
    straightened,
    (to, from, _, n, channels) => s.wasm.unpremultiply(to, from, n, channels, 9, -3.5, 0.75, 255),
    (sums) => straightened(sums, 9, -3.5, 0.75, 255),
  ),
  overOwn: pixels(
    overOwn,
    (to, from, own, n, channels) => s.wasm.overOwn(to, from, own, n, channels, 1, 255, 0.125),
    (sums, own) => overOwn(sums, own, 1, 255, 0.125),
  ),
  extremeAlong: ranked(element(3, 7), 0),
  extremeDown: ranked(element(6, 1), 5),
  minusWhole: once(formulas.minus, (next) => {
    const pairs = line(100, () => octets(next, 2).sort())
    const [a, b, to] = [
      s.put(Uint8Array.from(pairs, ([, v]) => v!)),
      s.put(Uint8Array.from(pairs, ([v]) => v!)),
      s.room(100),
    ]
    s.wasm.minusWhole(to, a, b, 100, 1)
    return [s.u8(to, 100), pairs.map(([low, high]) => formulas.minus()(high!, low!))]
  }),
  formulaRow: all(
    formulas,
    (['slope', 'larger', 'coherence', 'direction', 'corner', 'refined'] as const).map((name) =>
      layer(
        'formula',
        { name, ...nearBlack },
        [1, 2, 3, 4].map(() => [2, 5, 37]),
      ),
    ),
  ),
  dampedRow: layer(
    'formula',
    { name: 'damped', ...nearBlack },
    [
      [2, 5, 37],
      [2, 5, 37],
    ],
    Math.abs,
  ),
  functionRow: all(functions, [
    ...functionNames.flatMap((name) => [1, 2.55].map((unit) => layer('activate', { name, unit }))),
    ...[true, false].map((keep) => layer('threshold', { level: 1.5, keep, full: 255 })),
  ]),
  softmaxRow: layer('softmax', { isLog: false }),
  legibleRow: all(
    levelOf,
    [0, 127.5].map((low) =>
      layer('leveled', {
        levels: [0.7, 31.9, 1 / 3].map((gain) => ({ kind: 'legible', low, gain, full: 255 })),
      }),
    ),
  ),
  stretchedRow: layer('leveled', {
    levels: [-4, -1.3, 0.2].map((min) => ({
      kind: 'stretched',
      min: Math.fround(min),
      gain: Math.fround(31.9),
    })),
  }),
  countMagnitudes: once(countMagnitudes, (next) => {
    const [found, expected] = [[] as number[], [] as number[]]
    for (const n of [1, 2, 3, 4, 37, 400]) {
      s.reset()
      const row = floats(next, n, 90)
      const largest = row.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
      if (n > 4) row.set([Number.NaN, Number.POSITIVE_INFINITY, 0, -0, Number.NEGATIVE_INFINITY], n - 5)
      const bins = new Uint32Array(magnitudeBins + 1)
      const at = s.put(bins)
      s.wasm.countMagnitudes(at, s.put(row), n, largest)
      countMagnitudes(bins, row, 0, n, largest)
      found.push(...s.u32(at, magnitudeBins), ...s.broken())
      expected.push(...bins.subarray(0, magnitudeBins))
    }
    return [found, expected]
  }),
  involveRow: involved({}),
  addProducts: all(
    layers.kernels,
    [1, 2].map((stride) =>
      layer('kernels', { kernelSize: 3, stride, groups: 2, dilation: 2 }, [
        [4, 9, 37],
        [18, Math.ceil(9 / stride), Math.ceil(37 / stride)],
      ]),
    ),
  ),
  addSquares: patches,
  sumAcross: patches,
  weighRow: patches,
  addWeighted: patches,
  median: ranked(element(5, 5), 12),
  plainRow: layer('pool', { axes }),
  maxAcross: layer('pool', { axes }),
  placesAcross: layer('pooled', { axes }),
  maxDown: layer('pool', { axes }),
  maxOfFour: layer('pool', { axes: poolAxes(2, Tensor.zeros([3, 9, 37]), { kernelSize: 2 }) }),
  placesDown: layer('pooled', { axes }),
  windowSums: layer('averaged', means),
  meansRow: layer('averaged', means),
  maximaRow: layer('maxima', {
    axes: poolAxes(2, Tensor.zeros([3, 9, 37]), { kernelSize: [2, 3], ceilMode: true }),
    size: [2, 3],
    mark: false,
  }),
  quantiseF32U8: quantised(direct!),
  quantiseI32U8: quantised(recipes['integer i32']!),
  quantiseI16U8: quantised(recipes['integer-separable i16']!),
  magnitudeI16U8: quantised(filter('sobel')),
  quantiseF32U16: quantised(direct!, {}, 'offset', 16),
  finishF32: evaluated(recipes['box of fractions']!),
  scanRange: { is: extremesOf, by: recipe(direct!, {}, 'minmax') },
  copyAlpha: once(withAlphaOf, (next) => {
    const [row, out] = [octets(next, 4 * 37), octets(next, 4 * 37)]
    const to = s.put(out)
    s.wasm.copyAlpha(to, s.put(row), 37, 4, 1)
    const pixel = (of: Uint8Array, i: number) => Array.from(of.subarray(4 * i, 4 * i + 4))
    return [s.u8(to, row.length), line(37, (i) => withAlphaOf(pixel(out, i), pixel(row, i))).flat()]
  }),
  swapU16: once(pngBytes, (next) => {
    const [row, to] = [words(next, 37), s.room(74)]
    s.wasm.swapU16(to, s.put(row), 37)
    return [s.u8(to, 74), pngBytes(row)]
  }),
  packU8: ranked(element(3, 3), 4),
  toKeys: rankOfFloats,
  fromKeys: rankOfFloats,
  rankFew: ranked(element(4, 5), 3),
  startColumns: ranked(element(11, 9), 20),
  slideColumns: ranked(element(11, 9), 20),
  rankColumns: ranked(element(11, 9), 20),
  pairRow: rankOfFloats,
  sortPairs: rankOfFloats,
  spreadPairs: rankOfFloats,
  rankRuns: rankOfFloats,
  rankBytes: ranked(
    element(13, 13, (y, x) => (y - 6) ** 2 + (x - 6) ** 2 <= 36),
    50,
  ),
  resampleRow: layer('resampledAcross', {
    size: 11,
    taps: 3,
    first: Int32Array.from(line(11, (i) => 3 * i)),
    weights: floats(random(3), 33, 1),
  }),
  pickRow: all(layers.placed, [
    layer('placed', {
      channels: Int32Array.of(2, 0, -1),
      rows: Int32Array.from(line(12, (i) => (i === 0 ? -1 : 9 - Math.ceil(i / 1.5)))),
      columns: Int32Array.from(line(75, (i) => (i === 0 ? -1 : 37 - Math.ceil(i / 2)))),
      fill: 0.25,
    }),
    // a pixel shuffle, and several rows joined into one
    layer(
      'rearranged',
      {
        shape: [2, 18, 74],
        factors: [
          { size: 2, fromAxis: 0, from: 4, toAxis: 0, to: 1 },
          { size: 9, fromAxis: 1, from: 1, toAxis: 1, to: 2 },
          { size: 2, fromAxis: 0, from: 2, toAxis: 1, to: 1 },
          { size: 37, fromAxis: 2, from: 1, toAxis: 2, to: 2 },
          { size: 2, fromAxis: 0, from: 1, toAxis: 2, to: 1 },
        ],
      },
      [[8, 9, 37]],
    ),
    layer('rearranged', {
      shape: [3, 1, 333],
      factors: [
        { size: 3, fromAxis: 0, from: 1, toAxis: 0, to: 1 },
        { size: 9, fromAxis: 1, from: 1, toAxis: 2, to: 37 },
        { size: 37, fromAxis: 2, from: 1, toAxis: 2, to: 1 },
      ],
    }),
  ]),
  addScaledRow: layer('resized', resizing),
  sumTaps: layer('resized', resizing),
  productRow: all(layers.product, [
    layer('product', {}, [
      [3, 9, 21],
      [3, 21, 37],
    ]),
    layer('productRows', {}, [
      [1, 9, 5],
      [3, 5, 12],
    ]),
  ]),
  addApart: all(layers, [
    layer('evened', evening),
    ...(['mean', 'sum', 'max', 'min', 'l2'] as const).flatMap((of) => [
      layer('across', { of }),
      layer('across', { of }, [[7, 9, 37]], oddNumber),
    ]),
  ]),
  evenedRow: layer('evened', evening),
  unpoolRow: all(layers.unpooled, [
    layer(
      'unpooled',
      { axes: plainAxes, across: 3 },
      [
        [3, 5, 19],
        [3, 5, 19],
      ],
      (v) => Math.floor(Math.abs(v) * 1.5),
    ),
    {
      is: layers.unpooled,
      by: byBoth(async (own, seed) => {
        const x = tensor(seed, [3, 8, 32])
        const places = await own.layer('switches', [x], { axes: widerAxes, across: 2 })
        return own.layer('unpooled', [tensor(seed, places.shape), places], { axes: widerAxes, across: 2 })
      }),
    },
  ]),
  affineRow: layer('affine', { scale: Float32Array.of(3, 0.7, -2), bias: Float32Array.of(1, -2, 0.3) }),
  reluRow: all(layers.rectified, [layer('activate', { name: 'relu', unit: 1 }), layer('rectified', {})]),
  preluRow: layer('prelu', { slope: Float32Array.of(0.1, -0.3, 2) }),
  clipRow: layer('activate', { name: 'clip', unit: 1, a: -1.5, b: 2.25 }),
  operationRow: all(
    operations,
    (['add', 'divide', 'smaller', 'power', 'equal', 'greater', 'atLeast', 'less', 'atMost'] as const).map(
      (operation) =>
        layer(
          'paired',
          { operation },
          [
            [3, 9, 37],
            [3, 9, 37],
          ],
          oddNumber,
        ),
    ),
  ),
  clipScaledRow: layer('activate', { name: 'clip', unit: 2.55, a: -0.3, b: 0.7 }, [[3, 9, 37]], oddNumber),
  eitherRow: layer('either', {}, [
    [3, 9, 37],
    [1, 9, 37],
    [3, 1, 37],
  ]),
  argmaxRow: all(
    layers.argmax,
    ([1, -1] as const).flatMap((sign) =>
      [true, false].map((isLast) => layer('argmax', { sign, isLast }, [[7, 9, 37]])),
    ),
  ),
  numberRow: all(
    operations,
    [true, false].map((isFirst) =>
      layer('withNumber', { operation: 'subtract', numbers: Float32Array.of(0.7), isFirst }),
    ),
  ),
  normalizedRow: layer('normalized', {
    mean: [1, 2, 3],
    root: [0.3, 2, 7],
    gamma: [1, -1, 2],
    beta: [0, 3, 0.1],
  }),
  rowSummaries: all(
    layers.rowSummary,
    (['sum', 'l2', 'max', 'moments'] as const).map((of) => layer('rowSummary', { of })),
  ),
  thinRow: layer('thinned', { low: 2, high: 4 }, [
    [1, 9, 37],
    [1, 9, 37],
  ]),
  filterRows: once(filterRows, (next) => {
    const [rows, above] = [octets(next, 6 * 111), octets(next, 111)]
    const [from, to] = [s.put(rows), s.room(6 * 112)]
    s.wasm.filterRows(to, from, 111, 111, 6, 3, s.put(above), s.room(128))
    return [s.u8(to, 6 * 112), filterRows(rows, 111, 3, above, 'adaptive')]
  }),
  adler32: once(adler32, (next) => {
    const row = octets(next, 7000)
    return [[s.wasm.adler32(s.put(row), row.length, 1) >>> 0], [adler32(row)]]
  }),
  unfilterRows: once(unfilterRows, (next) => {
    const filtered = octets(next, 6 * 112).map((v, i) => (i % 112 === 0 ? v % 5 : v))
    const to = s.put(new Uint8Array(64 + 7 * 111)) + 64 + 111
    s.wasm.unfilterRows(to, s.put(filtered), 111, 6, 3)
    return [s.u8(to, 6 * 111), unfilterRows(filtered, 111, 3)!]
  }),
  winogradSamples: winograd,
  winogradProducts: winograd,
  winogradOutput: winograd,
  differRow: once(differRow, (next) => {
    const [a, b, to, found] = [octets(next, 111), octets(next, 111), s.room(37), s.room(32)]
    s.wasm.differRow(to, s.put(a), s.put(b), 37, 3, 3, 1, 40, 9, 0, found)
    const values = new Uint8Array(37)
    const { count, beyond, squares, most, x, channel } = differRow(values, a, b, 3, 3, 40, 9)
    const sum = new Float64Array(s.u8(found + 8, 8).buffer)[0]!
    return [
      [...s.u8(to, 37), ...s.u32(found, 2), sum, ...s.i32(found + 16, 3)],
      [...values, count, beyond, squares, most, x, channel],
    ]
  }),
  fftColumns: { is: correlateColumnsFftReference, by: transformed(lineTransform) },
  fftRows: { is: correlateRowsFftReference, by: transformed(lineTransform) },
  fftPlaneForward: { is: correlateFft2dReference, by: transformed(squareTransform) },
  fftPlaneInverse: { is: correlateFft2dReference, by: transformed(squareTransform) },
  fftPlaneMultiply: { is: correlateFft2dReference, by: transformed(squareTransform) },
}

/** Other exports, and why they have no definition. */
const others: Readonly<Record<string, string>> = { memory: 'the memory that the loops were given' }

const dist = fileURLToPath(new URL('../../dist', import.meta.url))
const modules = readdirSync(dist).filter((name) => name.endsWith('.wasm'))
const exported = modules.flatMap((name) =>
  WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(join(dist, name)))),
)

/** Returns everything that src/definition exports, and the entries of its tables. */
async function definitions(): Promise<ReadonlySet<unknown>> {
  const folder = fileURLToPath(new URL('../../src/definition', import.meta.url))
  const files: object[] = await Promise.all(readdirSync(folder).map((name) => import(join(folder, name))))
  const exports = files.flatMap((file) => Object.values(file))
  return new Set(exports.flatMap((one) => [one, ...(one instanceof Object ? Object.values(one) : [])]))
}

describe('the table', () => {
  it('has every export of every module, and no other', () => {
    expect(modules).toEqual(['convo.wasm'])
    const named = (isLoop: boolean) =>
      exported.flatMap(({ name, kind }) => ((kind === 'function') === isLoop ? [name] : [])).sort()
    expect(Object.keys(loops).sort()).toEqual(named(true))
    expect(Object.keys(others).sort()).toEqual(named(false))
  })
})

const isSame = ([got, expected]: Compared): boolean =>
  got.length === expected.length && Array.from(got).every((v, i) => Object.is(v + 0, expected[i]! + 0))

describe('the loop equals its definition, which notices when the loop does nothing', () => {
  it.each(Object.entries(loops))('%s', async (name, { is, by }) => {
    expect((await definitions()).has(is)).toBe(true)
    watched.called.clear()
    for (const seed of [1, 2]) expect(isSame(await by(seed))).toBe(true)
    expect([...watched.called]).toContain(name)
    watched.idle = name
    try {
      expect(await Promise.resolve(by(3)).then(isSame, () => false)).toBe(false)
    } finally {
      watched.idle = ''
    }
  })
})
