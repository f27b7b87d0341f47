import { describe, expect, it } from 'vitest'
import { referenceEngine as engine } from '../../src/definition/engine.ts'
import { involveBySimilarity } from '../../src/definition/similarity.ts'
import { depthwiseConv2d } from '../../src/operators/depthwise.ts'
import { involution2d, involutionApply2d } from '../../src/operators/involution.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import * as oracle from '../oracle.ts'
import { difference, fractions, noEngine, plain, whole } from './tensors.ts'

const sizes = [
  { kernelSize: 3, stride: 1, groups: 1, dilation: 1 },
  { kernelSize: 3, stride: 2, groups: 2, dilation: 1 },
  { kernelSize: 5, stride: 1, groups: 4, dilation: 2 },
  { kernelSize: 1, stride: 3, groups: 2, dilation: 1 },
  { kernelSize: 7, stride: 2, groups: 1, dilation: 3 },
]

describe('involutionApply2d', () => {
  it.each(sizes)('is the textbook sum: %j', async (o) => {
    const x = whole([4, 7, 9])
    const kernel = whole([o.groups * o.kernelSize ** 2, Math.ceil(7 / o.stride), Math.ceil(9 / o.stride)])
    expect(plain(await involutionApply2d(x, kernel, o))).toEqual(plain(oracle.involutionApply(x, kernel, o)))
  })

  it('with the same kernel everywhere is a depthwise convolution', async () => {
    const x = fractions([3, 8, 6])
    const taps = fractions([25])
    const kernel = new Tensor(
      [25, 8, 6],
      Float32Array.from({ length: 25 * 48 }, (_, i) => taps.data[Math.floor(i / 48)]!),
    )
    const bank = new Tensor(
      [3, 1, 5, 5],
      Float32Array.from({ length: 75 }, (_, i) => taps.data[i % 25]!),
    )
    const want = await depthwiseConv2d(engine, x, bank, { padding: 2 })
    expect(plain(await involutionApply2d(x, kernel, { kernelSize: 5 }))).toEqual(plain(want))
  })

  it.each([
    [[9, 7, 9], { kernelSize: 2 }, /kernelSize of an involution must be odd, got 2/],
    [[9, 7, 9], { kernelSize: 3, groups: 3 }, /groups 3 do not divide the 4 channels/],
    [[8, 7, 9], { kernelSize: 3 }, /kernel has 8 numbers per place, kernelSize 3 in 1 groups needs 9/],
    [[9, 6, 9], { kernelSize: 3 }, /kernel has 6 places in height, x of 7 with stride 1 has 7/],
    [[9, 7, 9], { kernelSize: 3, size: 3 }, /involutionApply2d has no option size/],
  ])('refuses a kernel %j with %j', async (shape, options, message) => {
    await expect(involutionApply2d(whole([4, 7, 9]), whole(shape), options as never)).rejects.toThrow(message)
  })
})

describe('involution2d', () => {
  const x = fractions([4, 7, 10])
  const weights = (groups: number, kernelSize: number) => ({
    reduceWeight: fractions([3, 4, 1, 1]),
    reduceBias: fractions([3]),
    spanWeight: fractions([groups * kernelSize ** 2, 3, 1, 1]),
    spanBias: fractions([groups * kernelSize ** 2]),
  })
  const batchNorm = {
    gamma: [1.5, -0.5, 2],
    beta: [0.25, 1, -1],
    mean: [0.5, -2, 0],
    variance: [4, 0.25, 1],
    eps: 1e-3,
  }

  it.each(sizes)('is the textbook definition: %j', async (o) => {
    for (const bn of [undefined, batchNorm]) {
      const generator = { ...weights(o.groups, o.kernelSize), batchNorm: bn }
      const bare = { ...generator, reduceBias: generator.reduceBias.data, spanBias: generator.spanBias.data }
      const want = oracle.involutionApply(x, oracle.involutionKernel(x, bare, o), o)
      const got = await involution2d(engine, x, { ...o, ...generator })
      const largest = Math.max(...want.data.map(Math.abs))
      expect(difference(got, want)).toBeLessThan(largest * 2e-6)
    }
  })

  it('takes [R,C] and lists, too', async () => {
    const generator = weights(2, 3)
    const want = await involution2d(engine, x, { kernelSize: 3, groups: 2, ...generator })
    const flat = {
      reduceWeight: new Tensor([3, 4], generator.reduceWeight.data),
      reduceBias: Array.from(generator.reduceBias.data),
      spanWeight: new Tensor([18, 3], generator.spanWeight.data),
      spanBias: generator.spanBias.data,
    }
    expect(plain(await involution2d(engine, x, { kernelSize: 3, groups: 2, ...flat }))).toEqual(plain(want))
  })

  it.each([
    [{ reduceWeight: whole([3, 5, 1, 1]) }, /reduceWeight is for 5 channels, x has 4/],
    [{ spanWeight: whole([9, 2, 1, 1]) }, /spanWeight must be \[9,3,1,1\] .* got \[9,2,1,1\]/],
    [{ reduceBias: [1] }, /reduceBias has 1 numbers for 3/],
    [{ batchNorm: { ...batchNorm, beta: [1] } }, /batchNorm.beta has 1 numbers for 3/],
    [{ batchNorm: { ...batchNorm, mean: undefined } }, /batchNorm.mean is missing/],
    [{ batchNorm: { ...batchNorm, eps: -1 } }, /batchNorm.eps must be a number of at least 0, got -1/],
    [{ reduceWeight: undefined }, /reduceWeight must be a Tensor, got undefined/],
    [{ stride: 8 }, /stride 8 is too large for x, which is 7 high/],
  ])('refuses %j', async (wrong, message) => {
    const options = { kernelSize: 3, ...weights(1, 3), ...wrong }
    await expect(involution2d(noEngine, x, options as never)).rejects.toThrow(message)
  })
})

/** The generator as defined: weights in float64, with the true exponential. */
function bySimilarity(
  x: Tensor,
  o: { size: number; dilation: number; sigmaSpace: number; sigmaRange: number; patch: number },
) {
  const [C, H, W] = x.shape as [number, number, number]
  const clamp = (i: number, n: number) => Math.min(Math.max(i, 0), n - 1)
  const at = (c: number, y: number, xx: number) => x.data[(c * H + clamp(y, H)) * W + clamp(xx, W)]!
  const half = (o.size - 1) / 2
  const pad = (o.patch - 1) / 2
  const data = new Float64Array(x.data.length)
  for (let y = 0; y < H; y++)
    for (let xx = 0; xx < W; xx++) {
      let sum = 0
      const parts = new Float64Array(C)
      for (let u = -half; u <= half; u++)
        for (let v = -half; v <= half; v++) {
          const [dy, dx] = [u * o.dilation, v * o.dilation]
          if (y + dy < 0 || y + dy >= H || xx + dx < 0 || xx + dx >= W) continue
          let squares = 0
          for (let c = 0; c < C; c++)
            for (let q = -pad; q <= pad; q++)
              for (let r = -pad; r <= pad; r++)
                squares += (at(c, y + q, xx + r) - at(c, y + q + dy, xx + r + dx)) ** 2
          const mean = squares / (C * o.patch ** 2)
          const w =
            Math.exp(-(dy * dy + dx * dx) / (2 * o.sigmaSpace ** 2)) *
            Math.exp(-mean / (2 * o.sigmaRange ** 2))
          sum += w
          for (let c = 0; c < C; c++) parts[c]! += w * at(c, y + dy, xx + dx)
        }
      for (let c = 0; c < C; c++) data[(c * H + y) * W + xx] = parts[c]! / sum
    }
  return { shape: x.shape, data }
}

describe('involution by the similarity of pixels', () => {
  const x = new Tensor(
    [3, 9, 11],
    fractions([3, 9, 11]).data.map((v) => (v + 4) * 31),
  )

  it.each([
    { size: 5, dilation: 1, sigmaSpace: 1, sigmaRange: 60, patch: 1 },
    { size: 3, dilation: 2, sigmaSpace: 4, sigmaRange: 90, patch: 1 },
    { size: 7, dilation: 1, sigmaSpace: Number.POSITIVE_INFINITY, sigmaRange: 80, patch: 3 },
    { size: 5, dilation: 3, sigmaSpace: Number.POSITIVE_INFINITY, sigmaRange: 70, patch: 5 },
    { size: 25, dilation: 1, sigmaSpace: 3, sigmaRange: 50, patch: 1 },
  ])('is its formula: %j', (o) => {
    // For 0..255, with a power of two that is exact to 4e-6 and cut at 2^-24, and with float32 sums.
    expect(difference(involveBySimilarity(x, o), bySimilarity(x, o))).toBeLessThan(0.005)
  })

  it('treats the sides as it treats top and bottom', () => {
    const turned = ({ shape: [C = 1, H = 1, W = 1], data }: Tensor) =>
      new Tensor(
        [C, W, H],
        data.map((_, i) => data[Math.floor(i / (W * H)) * W * H + (i % H) * W + (Math.floor(i / H) % W)]!),
      )
    const o = { size: 7, dilation: 1, sigmaSpace: Number.POSITIVE_INFINITY, sigmaRange: 80, patch: 5 }
    const [along, across] = [involveBySimilarity(x, o), turned(involveBySimilarity(turned(x), o))]
    expect(difference(along, across)).toBeLessThan(1e-3)
  })

  it('leaves a flat picture as it is', () => {
    const flat = new Tensor([2, 5, 4], new Float32Array(40).fill(200))
    const got = involveBySimilarity(flat, { size: 5, dilation: 1, sigmaSpace: 1, sigmaRange: 25, patch: 3 })
    expect(difference(got, flat)).toBeLessThan(1e-4)
  })

  it('keeps an edge that a convolution would blur, and smooths the noise beside it', () => {
    const noise = fractions([1, 12, 12])
    const edge = new Tensor(
      noise.shape,
      noise.data.map((v, i) => (i % 12 < 6 ? 50 : 200) + v),
    )
    for (const patch of [1, 3]) {
      const got = involveBySimilarity(edge, { size: 7, dilation: 1, sigmaSpace: 2, sigmaRange: 25, patch })
      const spread = (t: Tensor, left: boolean) => {
        const side = Array.from(t.data).filter((_, i) => i % 12 < 6 === left)
        const mean = side.reduce((a, b) => a + b, 0) / side.length
        return { mean, noise: Math.sqrt(side.reduce((a, b) => a + (b - mean) ** 2, 0) / side.length) }
      }
      for (const left of [true, false]) {
        expect(spread(got, left).mean).toBeCloseTo(spread(edge, left).mean, 0)
        expect(spread(got, left).noise).toBeLessThan(spread(edge, left).noise / 3)
      }
    }
  })

  it('works on a picture narrower than the neighbourhood', () => {
    const thin = new Tensor([1, 6, 1], Float32Array.of(0, 10, 20, 30, 40, 50))
    const o = { size: 9, dilation: 2, sigmaSpace: 3, sigmaRange: 40, patch: 3 }
    expect(difference(involveBySimilarity(thin, o), bySimilarity(thin, o))).toBeLessThan(0.005)
  })
})
