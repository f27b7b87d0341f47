import { describe, expect, it } from 'vitest'
import { ConvoError } from '../../src/error.ts'
import { maxPool2d, maxPool3d } from '../../src/operators/max-pool.ts'
import { maxUnpool2d, maxUnpool3d } from '../../src/operators/max-unpool.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import * as oracle from '../oracle.ts'
import fc from '../property.ts'
import { fractions, plain, whole } from './tensors.ts'

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }))

const pooling = fc.record({
  size: pair(1, 9),
  kernel: pair(1, 4),
  stride: pair(1, 4),
  dilation: pair(1, 2),
  pads: fc.tuple(pair(0, 2), pair(0, 2)),
  ceilMode: fc.boolean(),
  seed: fc.integer({ min: 1, max: 1e6 }),
})

/** Returns the result of the oracle, or undefined if a window would contain no sample. */
function expected(x: Tensor, o: Parameters<typeof oracle.maxPool>[1]) {
  try {
    return oracle.maxPool(x, o)
  } catch {
    return undefined
  }
}

describe('maxPool2d', () => {
  it('is the textbook definition, places and all, for whole numbers with many ties', () =>
    fc.assert(
      fc.asyncProperty(pooling, async ({ size, kernel, stride, dilation, pads, ceilMode, seed }) => {
        const x = whole([2, ...size], seed)
        const reach = kernel.map((k, a) => dilation[a]! * (k - 1) + 1)
        fc.pre(reach.every((r, a) => r <= size[a]! + pads[a]![0]! + pads[a]![1]!))
        const want = expected(x, { kernel, stride, dilation, pads, ceilMode })
        const call = maxPool2d(x, { kernelSize: kernel, stride, dilation, padding: pads, ceilMode })
        if (want === undefined) {
          await expect(call).rejects.toThrow(/padding .* too large for kernelSize/)
          return
        }
        const { output, indices } = await call
        expect(plain(output)).toEqual(plain(want.output))
        expect(plain(indices)).toEqual(plain(want.indices))
      }),
      { numRuns: 200 },
    ))

  it('strides by its window unless told', async () => {
    const x = fractions([3, 7, 9])
    const { output } = await maxPool2d(x, { kernelSize: [2, 3] })
    expect(output.shape).toEqual([3, 3, 3])
    expect(plain(output)).toEqual(plain(oracle.maxPool(x, { kernel: [2, 3], stride: [2, 3] }).output))
  })

  it('lets NaN win, the first of them, and minus infinity lose to nothing but the first place', async () => {
    const nan = Number.NaN
    const low = Number.NEGATIVE_INFINITY
    const x = new Tensor([1, 2, 6], Float32Array.of(1, nan, low, low, 9, 3, nan, 7, low, low, nan, 9))
    const { output, indices } = await maxPool2d(x, { kernelSize: 2 })
    expect(Array.from(output.data)).toEqual([nan, low, nan])
    expect(Array.from(indices.data)).toEqual([1, 2, 10])
  })

  it('leaves the switches out when asked to', async () => {
    const x = fractions([1, 4, 6])
    const without = await maxPool2d(x, { kernelSize: 2, returnIndices: false })
    expect(without).not.toHaveProperty('indices')
    expect(plain(without.output)).toEqual(plain((await maxPool2d(x, { kernelSize: 2 })).output))
  })

  it.each([
    [{ kernelSize: 0 }, /kernelSize must be a whole number of at least 1, got 0/],
    [{ kernelSize: [2, 2, 2] }, /kernelSize must be a number or 2 numbers/],
    [{ kernelSize: 7 }, /window is larger than the padded input in height: 7 against 5/],
    [{ kernelSize: 2, stride: 0 }, /stride must be a whole number of at least 1, got 0/],
    [{ kernelSize: 2, padding: -1 }, /padding must be a whole number of at least 0, got -1/],
    [{ kernelSize: 1, stride: 1, padding: 1 }, /padding 1 \+ 1 is too large for kernelSize 1 in height/],
    [{ kernelSize: 2, size: 2 }, /maxPool2d has no option size/],
    [{}, /kernelSize is missing/],
    [undefined, /the options of maxPool2d must be an object, got undefined/],
  ])('refuses %j', async (options, message) => {
    const x = whole([1, 5, 6])
    const call = maxPool2d(x, options as { kernelSize: number })
    await expect(call).rejects.toThrow(ConvoError)
    await expect(call).rejects.toThrow(message)
  })
})

describe('maxPool3d', () => {
  it('is the textbook definition', async () => {
    const x = whole([2, 5, 6, 7])
    const o = {
      kernel: [2, 3, 2],
      stride: [1, 2, 3],
      pads: [
        [1, 0],
        [0, 1],
        [1, 1],
      ],
      dilation: [2, 1, 1],
    }
    const padding = o.pads as [number, number][]
    const got = await maxPool3d(x, { kernelSize: o.kernel, stride: o.stride, padding, dilation: o.dilation })
    const want = oracle.maxPool(x, o)
    expect(plain(got.output)).toEqual(plain(want.output))
    expect(plain(got.indices)).toEqual(plain(want.indices))
  })
})

describe('maxUnpool', () => {
  it('puts every maximum back at its position', async () => {
    const x = fractions([3, 6, 8])
    const { output, indices } = await maxPool2d(x, { kernelSize: [3, 2] })
    const up = await maxUnpool2d(output, indices, { kernelSize: [3, 2] })
    expect(up.shape).toEqual([3, 6, 8])
    const kept = up.data.filter((v) => v !== 0)
    expect(kept).toHaveLength(output.data.length)
    expect(Array.from(up.data).every((v, i) => v === 0 || v === x.data[i])).toBe(true)
    expect(plain(up)).toEqual(plain(oracle.maxUnpool(output, indices, [6, 8])))
  })

  it('of what it has put back pools to the same again', async () => {
    const x = new Tensor(
      [2, 4, 6],
      fractions([2, 4, 6]).data.map((v) => Math.abs(v) + 1),
    )
    const first = await maxPool2d(x, { kernelSize: 2 })
    const again = await maxPool2d(await maxUnpool2d(first.output, first.indices, { kernelSize: 2 }), {
      kernelSize: 2,
    })
    expect(plain(again.output)).toEqual(plain(first.output))
    expect(plain(again.indices)).toEqual(plain(first.indices))
  })

  it('gives back the size that was asked for, where pooling had left rows over', async () => {
    const x = fractions([2, 5, 7])
    const { output, indices } = await maxPool2d(x, { kernelSize: 2 })
    const up = await maxUnpool2d(output, indices, { outputSize: [5, 7] })
    expect(plain(up)).toEqual(plain(oracle.maxUnpool(output, indices, [5, 7])))
  })

  it('keeps the later value where windows overlapped', async () => {
    const indices = { shape: [1, 1, 2], data: Int32Array.of(3, 3) }
    const up = await maxUnpool2d(new Tensor([1, 1, 2], Float32Array.of(5, 6)), indices, {
      outputSize: [2, 2],
    })
    expect(Array.from(up.data)).toEqual([0, 0, 0, 6])
  })

  it('works in volumes', async () => {
    const x = fractions([2, 4, 4, 6])
    const { output, indices } = await maxPool3d(x, { kernelSize: 2 })
    const up = await maxUnpool3d(output, indices, { kernelSize: 2 })
    expect(plain(up)).toEqual(plain(oracle.maxUnpool(output, indices, [4, 4, 6])))
  })

  it.each([
    [
      { shape: [1, 1, 2], data: Int32Array.of(0, 4) },
      { outputSize: [2, 2] },
      /index 4 at 1 is outside .* 2x2, .* 0 to 3/,
    ],
    [{ shape: [1, 1, 2], data: Int32Array.of(-1, 0) }, { outputSize: [2, 2] }, /index -1 at 0/],
    [
      { shape: [1, 2, 1], data: Int32Array.of(0, 1) },
      { outputSize: [2, 2] },
      /indices must have the shape of x, \[1,1,2\], got \[1,2,1\]/,
    ],
    [
      { shape: [1, 1, 2], data: Float32Array.of(0, 1) },
      { outputSize: [2, 2] },
      /indices must be \{ shape, data: Int32Array \}/,
    ],
    [{ shape: [1, 1, 2], data: Int32Array.of(0, 1) }, {}, /needs outputSize or kernelSize/],
    [
      { shape: [1, 1, 2], data: Int32Array.of(0, 1) },
      { kernelSize: 2, padding: 'same' },
      /padding of an unpooling must be numbers, got "same"/,
    ],
    [
      { shape: [1, 1, 2], data: Int32Array.of(0, 1) },
      { outputSize: [2] },
      /outputSize must be a number or 2 numbers/,
    ],
  ])('refuses %j %j', async (indices, options, message) => {
    const x = new Tensor([1, 1, 2], Float32Array.of(1, 2))
    await expect(maxUnpool2d(x, indices as never, options as never)).rejects.toThrow(message)
  })
})
