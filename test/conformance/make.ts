import { mkdirSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { convTranspose, correlate, type Grid, involutionApply, maxPool, maxUnpool } from '../oracle.ts'
import { ownFolder, type StoredCase, type StoredSuite, type StoredTensor } from './cases.ts'

// Makes the conformance cases that every clone has: `npx tsx test/conformance/make.ts` writes them to
// test/conformance/own. All numbers are whole, so every sum is exact and the tolerance is 0. The expected values come
// from the oracle, which shares no code with src. Each operator has its own seed, so that new cases of one operator do
// not change those of another.

const padModes = ['zeros', 'replicate', 'reflect', 'symmetric', 'circular'] as const

/** Makes whole numbers from a seed (mulberry32), the same on every machine. */
function randomOf(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  /** Returns a number from least to most, inclusive. */
  const whole = (least: number, most: number) => least + (next() % (most - least + 1))
  const tensor = (...shape: number[]): Grid => ({
    shape,
    data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => whole(-9, 9)),
  })
  return { whole, tensor, each: <T>(axes: number, of: () => T) => Array.from({ length: axes }, of) }
}

type Random = ReturnType<typeof randomOf>

const stored = ({ shape, data }: Grid, dtype: StoredTensor['dtype'] = 'float32'): StoredTensor => ({
  dtype,
  shape: [...shape],
  values: Array.from(data, (v) => v + 0),
})

/** A batch of one. */
const batch = (grid: Grid): Grid => ({ ...grid, shape: [1, ...grid.shape] })

type Made = Pick<StoredCase, 'attrs' | 'inputs' | 'expected'>

/** Makes a correlation over `axes` directions. */
function correlation(r: Random, axes: number): Made {
  const groups = r.whole(1, 3)
  const kernel = r.each(axes, () => r.whole(1, 3))
  const dilation = r.each(axes, () => r.whole(1, 2))
  const size = kernel.map((k, a) => (k - 1) * dilation[a]! + r.whole(2, 4))
  const x = r.tensor(groups * r.whole(1, 2), ...size)
  const weight = r.tensor(groups * r.whole(1, 2), x.shape[0]! / groups, ...kernel)
  const bias = r.tensor(weight.shape[0]!)
  const padMode = padModes[r.whole(0, padModes.length - 1)]!
  const attrs = {
    stride: r.each(axes, () => r.whole(1, 3)),
    pads: r.each(axes, () => [r.whole(0, 1), r.whole(0, 1)]),
    dilation,
    groups,
    padMode,
  }
  const output = correlate(x, weight, { ...attrs, bias: bias.data })
  return {
    attrs,
    inputs: { x: stored(batch(x)), weight: stored(weight), bias: stored(bias) },
    expected: { output: stored(batch(output)) },
  }
}

function transposed(r: Random, axes: number): Made {
  const groups = r.whole(1, 2)
  const stride = r.each(axes, () => r.whole(1, 3))
  const x = r.tensor(groups * r.whole(1, 2), ...r.each(axes, () => r.whole(2, 4)))
  const weight = r.tensor(x.shape[0]!, r.whole(1, 2), ...r.each(axes, () => r.whole(2, 4)))
  const bias = r.tensor(weight.shape[1]! * groups)
  const attrs = {
    stride,
    pads: r.each(axes, () => [r.whole(0, 1), r.whole(0, 1)]),
    dilation: r.each(axes, () => r.whole(1, 2)),
    groups,
    outputPadding: stride.map((s) => r.whole(0, s - 1)),
  }
  const output = convTranspose(x, weight, { ...attrs, bias: bias.data })
  return {
    attrs,
    inputs: { x: stored(batch(x)), weight: stored(weight), bias: stored(bias) },
    expected: { output: stored(batch(output)) },
  }
}

function pooling(r: Random, axes: number): Made {
  const kernel = r.each(axes, () => r.whole(1, 3))
  const dilation = r.each(axes, () => r.whole(1, 2))
  const x = r.tensor(r.whole(1, 2), ...kernel.map((k, a) => (k - 1) * dilation[a]! + r.whole(2, 4)))
  const attrs = {
    kernel,
    stride: r.each(axes, () => r.whole(1, 3)),
    pads: r.each(axes, () => [0, 0]),
    dilation,
    ceilMode: false,
  }
  const { output, indices } = maxPool(x, attrs)
  return {
    attrs,
    inputs: { x: stored(batch(x)) },
    expected: { output: stored(batch(output)), indices: stored(batch(indices), 'int32') },
  }
}

function unpooling(r: Random, axes: number): Made {
  const kernel = r.each(axes, () => r.whole(2, 3))
  const outputSize = kernel.map((k) => k * r.whole(1, 2))
  const none = { pads: kernel.map(() => [0, 0]), dilation: kernel.map(() => 1), ceilMode: false }
  const pooled = maxPool(r.tensor(r.whole(1, 2), ...outputSize), { ...none, kernel, stride: kernel })
  const output = maxUnpool(pooled.output, pooled.indices, outputSize)
  return {
    attrs: { outputSize, kernel, stride: kernel },
    inputs: { x: stored(batch(pooled.output)), indices: stored(batch(pooled.indices), 'int32') },
    expected: { output: stored(batch(output)) },
  }
}

function involution(r: Random): Made {
  const [groups, stride] = [r.whole(1, 2), r.whole(1, 2)]
  const attrs = { kernelSize: r.whole(0, 1) * 2 + 1, stride, groups, dilation: r.whole(1, 2) }
  const x = r.tensor(groups * r.whole(1, 2), ...r.each(2, () => r.whole(2, 5)))
  const places = x.shape.slice(1).map((n) => Math.floor(n / stride))
  const kernel = r.tensor(groups * attrs.kernelSize ** 2, ...places)
  const output = involutionApply(x, kernel, attrs)
  return {
    attrs,
    inputs: { x: stored(batch(x)), kernel: stored(batch(kernel)) },
    expected: { output: stored(batch(output)) },
  }
}

const recipes: readonly (readonly [op: string, count: number, seed: number, of: (r: Random) => Made])[] = [
  ['conv2d', 48, 1, (r) => correlation(r, 2)],
  ['conv3d', 12, 2, (r) => correlation(r, 3)],
  ['convTranspose2d', 24, 3, (r) => transposed(r, 2)],
  ['convTranspose3d', 6, 4, (r) => transposed(r, 3)],
  ['maxPool2d', 16, 5, (r) => pooling(r, 2)],
  ['maxPool3d', 6, 6, (r) => pooling(r, 3)],
  ['maxUnpool2d', 8, 7, (r) => unpooling(r, 2)],
  ['maxUnpool3d', 4, 8, (r) => unpooling(r, 3)],
  ['involutionApply2d', 16, 9, involution],
]

/** Returns the suites by file name. */
export function ownSuites(): Record<string, StoredSuite> {
  return Object.fromEntries(
    recipes.map(([op, count, seed, of]) => {
      const r = randomOf(seed)
      const cases = Array.from({ length: count }, (_, i) => ({ id: `own/${op}/${i}`, op, ...of(r) }))
      return [`${op}.json`, { suite: op, cases }]
    }),
  )
}

/** Formats a suite for its file: one case on a line. */
export const suiteText = ({ suite, cases }: StoredSuite): string =>
  `{"suite":${JSON.stringify(suite)},"cases":[\n${cases.map((c) => JSON.stringify(c)).join(',\n')}\n]}\n`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  mkdirSync(ownFolder, { recursive: true })
  for (const [name, suite] of Object.entries(ownSuites()))
    writeFileSync(new URL(name, ownFolder), suiteText(suite))
}
