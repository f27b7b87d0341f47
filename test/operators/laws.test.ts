import { describe, expect, it } from 'vitest'
import { referenceEngine as engine } from '../../src/definition/engine.ts'
import { conv2d } from '../../src/operators/conv2d.ts'
import { conv3d } from '../../src/operators/conv3d.ts'
import { depthwiseConv2d } from '../../src/operators/depthwise.ts'
import { depthwiseSeparableConv2d } from '../../src/operators/depthwise-separable.ts'
import { pointwiseConv2d } from '../../src/operators/pointwise.ts'
import { separableConv2d } from '../../src/operators/separable.ts'
import { convTranspose2d, convTranspose3d } from '../../src/operators/transposed.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import * as oracle from '../oracle.ts'
import fc from '../property.ts'
import {
  add,
  channels,
  difference,
  fits,
  fractions,
  type Geometry,
  geometry,
  inner,
  joined,
  plain,
  whole,
} from './tensors.ts'

// Laws that hold for any numbers. The numbers are whole, so every sum is exact and both sides of an equation must be
// equal.

const weightOf = (g: Geometry, seed = g.seed) =>
  whole([g.groups * g.filtersPerGroup, g.perGroup, ...g.kernel], seed)
const inputOf = (g: Geometry, seed = g.seed) => whole([g.groups * g.perGroup, g.height, g.width], seed)
const optionsOf = (g: Geometry) => ({
  stride: g.stride,
  dilation: g.dilation,
  padding: g.pads,
  groups: g.groups,
})

/** Checks a law with many shapes. */
const always = (law: (g: Geometry) => Promise<void>, when: (g: Geometry) => boolean = () => true) =>
  fc.assert(
    fc.asyncProperty(
      geometry.filter((g) => fits(g) && when(g)),
      law,
    ),
    { numRuns: 60 },
  )

describe('conv2d', () => {
  it('is the textbook sum', () =>
    always(async (g) => {
      const [x, w] = [inputOf(g), weightOf(g)]
      const bias = Array.from(whole([w.shape[0]!], g.seed).data)
      const got = await conv2d(engine, x, w, { ...optionsOf(g), bias })
      expect(plain(got)).toEqual(plain(oracle.correlate(x, w, { ...optionsOf(g), pads: g.pads, bias })))
    }))

  it('is linear in the input and in the weights', () =>
    always(async (g) => {
      const [x, y, w, v] = [inputOf(g), inputOf(g, g.seed + 1), weightOf(g), weightOf(g, g.seed + 1)]
      const o = optionsOf(g)
      const byInput = add(await conv2d(engine, x, w, o), await conv2d(engine, y, w, o))
      expect(plain(await conv2d(engine, add(x, y), w, o))).toEqual(plain(byInput))
      const byWeight = add(await conv2d(engine, x, w, o), await conv2d(engine, x, v, o))
      expect(plain(await conv2d(engine, x, add(w, v), o))).toEqual(plain(byWeight))
    }))

  it('by the identity kernel changes nothing', () =>
    always(async (g) => {
      const x = fractions([g.groups, g.height, g.width], g.seed)
      const [kH, kW] = [2 * g.kernel[0] - 1, 2 * g.kernel[1] - 1]
      const data = Float32Array.from({ length: g.groups * kH * kW }, (_, i) =>
        i % (kH * kW) === ((kH - 1) / 2) * kW + (kW - 1) / 2 ? 1 : 0,
      )
      const w = new Tensor([g.groups, 1, kH, kW], data)
      expect(plain(await conv2d(engine, x, w, { padding: 'same', groups: g.groups }))).toEqual(plain(x))
    }))

  it('of a picture that is moved is the result, moved', () =>
    always(async (g) => {
      const [x, w] = [inputOf(g), weightOf(g)]
      const { groups, dilation } = optionsOf(g)
      const moved = await conv2d(engine, x, w, {
        groups,
        dilation,
        padding: [
          [g.kernel[0] * 2 + 1, 9],
          [9, 9],
        ],
      })
      const result = await conv2d(engine, x, w, {
        groups,
        dilation,
        padding: [
          [g.kernel[0] * 2, 9],
          [9, 9],
        ],
      })
      const [filters, height, width] = moved.shape as [number, number, number]
      const rows = Array.from({ length: filters * (height - 1) * width }, (_, i) => {
        const f = Math.floor(i / ((height - 1) * width))
        return moved.data[i + (f + 1) * width]!
      })
      expect(rows.map((v) => v + 0)).toEqual(plain(result).data)
    }))

  it('in groups is each group alone, one after the other', () =>
    always(async (g) => {
      const [x, w] = [inputOf(g), weightOf(g)]
      const { groups, ...rest } = optionsOf(g)
      const parts: Tensor[] = []
      for (let k = 0; k < groups; k++) {
        const part = channels(x, k * g.perGroup, (k + 1) * g.perGroup)
        parts.push(
          await conv2d(engine, part, channels(w, k * g.filtersPerGroup, (k + 1) * g.filtersPerGroup), rest),
        )
      }
      expect(plain(await conv2d(engine, x, w, { ...rest, groups }))).toEqual(plain(joined(parts)))
    }))

  it('dilated is the kernel with zeros put between its taps', () =>
    always(async (g) => {
      const [x, w] = [inputOf(g), weightOf(g)]
      const { dilation, ...rest } = optionsOf(g)
      const size = g.kernel.map((k, a) => dilation[a]! * (k - 1) + 1) as [number, number]
      const spread = Tensor.zeros([w.shape[0]!, w.shape[1]!, ...size])
      for (let p = 0; p < w.shape[0]! * w.shape[1]!; p++)
        for (let u = 0; u < g.kernel[0]; u++)
          for (let v = 0; v < g.kernel[1]; v++) {
            const to = (p * size[0] + u * dilation[0]) * size[1] + v * dilation[1]
            spread.data[to] = w.data[(p * g.kernel[0] + u) * g.kernel[1] + v]!
          }
      expect(plain(await conv2d(engine, x, w, { ...rest, dilation }))).toEqual(
        plain(await conv2d(engine, x, spread, rest)),
      )
    }))

  it.each(['replicate', 'reflect', 'symmetric', 'circular'] as const)(
    'pads by %s as the oracle does',
    (paddingMode) =>
      always(
        async (g) => {
          const [x, w] = [inputOf(g), weightOf(g)]
          const want = oracle.correlate(x, w, { ...optionsOf(g), pads: g.pads, padMode: paddingMode })
          expect(plain(await conv2d(engine, x, w, { ...optionsOf(g), paddingMode }))).toEqual(plain(want))
        },
        (g) => Math.max(...g.pads[0]) < g.height && Math.max(...g.pads[1]) < g.width,
      ),
  )
})

describe('convTranspose2d', () => {
  it('is the adjoint of conv2d: <conv(x), y> = <x, convTranspose(y)>', () =>
    always(async (g) => {
      const [x, w] = [inputOf(g), weightOf(g)]
      const o = optionsOf(g)
      const forward = await conv2d(engine, x, w, o)
      const y = whole(forward.shape, g.seed + 7)
      // The samples that a stride skips at the end of the input are restored by the output padding.
      const outputPadding = [0, 1].map((a) => {
        const room =
          x.shape[a + 1]! + g.pads[a]![0]! + g.pads[a]![1]! - g.dilation[a]! * (g.kernel[a]! - 1) - 1
        return room % g.stride[a]!
      })
      const back = await convTranspose2d(engine, y, w, { ...o, outputPadding })
      expect(inner(forward, y)).toBe(inner(x, back))
    }))

  it('is the textbook sum', () =>
    always(
      async (g) => {
        const x = whole([g.groups * g.perGroup, g.height, g.width], g.seed)
        const w = whole([g.groups * g.perGroup, g.filtersPerGroup, ...g.kernel], g.seed)
        const o = { stride: g.stride, dilation: g.dilation, groups: g.groups }
        const want = oracle.convTranspose(x, w, {
          ...o,
          pads: [
            [0, 0],
            [0, 0],
          ],
        })
        expect(plain(await convTranspose2d(engine, x, w, o))).toEqual(plain(want))
      },
      (g) => g.height > 0,
    ))
})

describe('the third dimension', () => {
  const x = whole([4, 5, 6, 7])
  const w = whole([6, 2, 2, 3, 4])
  const options = {
    stride: [2, 1, 3],
    dilation: [2, 1, 1],
    padding: [
      [1, 0],
      [2, 1],
      [0, 2],
    ] as [number, number][],
    groups: 2,
  }

  it('conv3d is the textbook sum', async () => {
    const want = oracle.correlate(x, w, { ...options, pads: options.padding })
    expect(plain(await conv3d(engine, x, w, options))).toEqual(plain(want))
  })

  it('convTranspose3d is its adjoint', async () => {
    const forward = await conv3d(engine, x, w, options)
    const y = whole(forward.shape, 3)
    const outputPadding = [0, 1, 2].map((a) => {
      const pads = options.padding[a]!
      const room = x.shape[a + 1]! + pads[0] + pads[1] - options.dilation[a]! * (w.shape[a + 2]! - 1) - 1
      return room % options.stride[a]!
    })
    const back = await convTranspose3d(engine, y, w, { ...options, outputPadding })
    expect(inner(forward, y)).toBe(inner(x, back))
  })

  it('a volume of one slice is a picture', async () => {
    const picture = whole([2, 6, 5])
    const bank = whole([3, 2, 3, 2])
    const flat = await conv3d(
      engine,
      new Tensor([2, 1, 6, 5], picture.data),
      new Tensor([3, 2, 1, 3, 2], bank.data),
    )
    expect(plain({ shape: [3, 4, 4], data: flat.data })).toEqual(plain(await conv2d(engine, picture, bank)))
  })
})

describe('the named kinds of convolution are special cases', () => {
  it('depthwise is conv2d with as many groups as channels', () =>
    always(async (g) => {
      const x = whole([g.groups, g.height, g.width], g.seed)
      const w = whole([g.groups * g.filtersPerGroup, 1, ...g.kernel], g.seed)
      const { groups, ...rest } = optionsOf(g)
      expect(plain(await depthwiseConv2d(engine, x, w, rest))).toEqual(
        plain(await conv2d(engine, x, w, { ...rest, groups })),
      )
    }))

  it('pointwise is conv2d with 1x1, and takes the matrix alone', async () => {
    const [x, w] = [fractions([5, 4, 3]), fractions([7, 5])]
    const bank = new Tensor([7, 5, 1, 1], w.data)
    const want = plain(await conv2d(engine, x, bank))
    expect(plain(await pointwiseConv2d(engine, x, w))).toEqual(want)
    expect(plain(await pointwiseConv2d(engine, x, bank))).toEqual(want)
  })

  it('depthwise separable is depthwise, then pointwise', () =>
    always(async (g) => {
      const x = whole([g.groups, g.height, g.width], g.seed)
      const w = whole([g.groups * g.filtersPerGroup, 1, ...g.kernel], g.seed)
      const mix = whole([5, g.groups * g.filtersPerGroup], g.seed)
      const { groups: _, ...rest } = optionsOf(g)
      const [depthwiseBias, pointwiseBias] = [whole([w.shape[0]!]), whole([5])]
      const between = await depthwiseConv2d(engine, x, w, { ...rest, bias: depthwiseBias })
      const want = await pointwiseConv2d(engine, between, mix, { bias: pointwiseBias })
      const got = await depthwiseSeparableConv2d(engine, x, w, mix, { ...rest, depthwiseBias, pointwiseBias })
      expect(plain(got)).toEqual(plain(want))
    }))

  it.each(['zeros', 'replicate', 'reflect', 'symmetric', 'circular'] as const)(
    'separable is the full kernel, with %s outside',
    (paddingMode) =>
      always(
        async (g) => {
          const x = whole([g.groups, g.height, g.width], g.seed)
          const [col, row] = [whole([g.kernel[0]], g.seed), whole([g.kernel[1]], g.seed + 1)]
          const outer = oracle.outer(col.data, row.data).data
          const full = Float32Array.from(
            { length: g.groups * outer.length },
            (_, i) => outer[i % outer.length]!,
          )
          const { groups, ...rest } = optionsOf(g)
          const bank = new Tensor([groups, 1, ...g.kernel], full)
          const want = await conv2d(engine, x, bank, { ...rest, groups, paddingMode })
          expect(plain(await separableConv2d(engine, x, col, row, { ...rest, paddingMode }))).toEqual(
            plain(want),
          )
        },
        (g) =>
          paddingMode === 'zeros' || (Math.max(...g.pads[0]) < g.height && Math.max(...g.pads[1]) < g.width),
      ),
  )

  it('separable with fractions is the full kernel but for rounding', async () => {
    const x = fractions([2, 19, 23])
    const [col, row] = [fractions([7]), fractions([5], 2)]
    const want = oracle.separable(x, col.data, row.data, {
      pads: [
        [3, 3],
        [2, 2],
      ],
    })
    const got = await separableConv2d(engine, x, col, Array.from(row.data), { padding: [3, 2], bias: [0, 0] })
    // 12 products and sums in float32 of values below 4·4·4·35.
    expect(difference(got, want)).toBeLessThan(12 * 2240 * 2 ** -24)
  })

  it('separable rounds the column pass to float32 before the row pass', async () => {
    const x = new Tensor([1, 2, 1], Float32Array.of(2 ** 24, 1))
    const got = await separableConv2d(engine, x, [1, 1], [1])
    expect(got.data[0]).toBe(2 ** 24)
  })
})
