import { afterAll, describe, expect, it } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { conv2d } from '../../src/operators/conv2d.ts'
import { conv3d } from '../../src/operators/conv3d.ts'
import { depthwiseConv2d } from '../../src/operators/depthwise.ts'
import { involution2d, involutionApply2d } from '../../src/operators/involution.ts'
import { separableConv2d } from '../../src/operators/separable.ts'
import { convTranspose2d, convTranspose3d } from '../../src/operators/transposed.ts'
import { createPool } from '../../src/run/pool.ts'
import { poolEngine } from '../../src/run/tensors.ts'
import * as oracle from '../oracle.ts'
import fc from '../property.ts'
import { fits, fractions, type Geometry, geometry, inner, plain, whole } from './tensors.ts'

// The loops that users run, on two threads, against the textbook sums in float64. All numbers are whole, so every sum
// is exact. Heights and widths differ and are often odd, up to several strips, and vectors with remainders.

const pool = createPool(2)
const engine = poolEngine(pool)
afterAll(() => pool.close())

const modes = ['zeros', 'reflect', 'replicate', 'circular', 'symmetric'] as const

const large = fc.record({
  base: geometry,
  height: fc.integer({ min: 1, max: 70 }),
  width: fc.integer({ min: 1, max: 45 }),
  filtersPerGroup: fc.integer({ min: 1, max: 6 }),
  kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 })),
  stride: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 })),
  dilation: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })),
  mode: fc.constantFrom(...modes),
  outputPadding: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
})

type Case = Geometry & {
  readonly mode: (typeof modes)[number]
  readonly outputPadding: readonly [number, number]
}

const always = (law: (c: Case) => Promise<void>, numRuns = 120) =>
  fc.assert(
    fc.asyncProperty(
      large
        .map(({ base, ...rest }): Case => ({ ...base, ...rest }))
        .filter((c) => fits(c) && c.height !== c.width),
      law,
    ),
    { numRuns },
  )

const canFold = ({ mode, pads, height, width }: Case) =>
  mode === 'zeros' ||
  mode === 'replicate' ||
  [height, width].every((n, a) => Math.max(...pads[a]!) <= (mode === 'reflect' ? n - 1 : n))

describe('the loops are the textbook sums', () => {
  it('conv2d: groups, strides, dilations, paddings on each side, in every mode', () =>
    always(async (c) => {
      fc.pre(canFold(c))
      const x = whole([c.groups * c.perGroup, c.height, c.width], c.seed)
      const w = whole([c.groups * c.filtersPerGroup, c.perGroup, ...c.kernel], c.seed)
      const bias = Array.from(whole([w.shape[0]!], c.seed).data)
      const { stride, dilation, groups, pads, mode } = c
      const want = oracle.correlate(x, w, { stride, dilation, groups, pads, padMode: mode, bias })
      const o = { stride, dilation, groups, bias, padding: pads, paddingMode: mode }
      expect(plain(await conv2d(engine, x, w, o))).toEqual(plain(want))
      // fractions are rounded in the order of the definition
      const [y, v] = [fractions(x.shape, c.seed), fractions(w.shape, c.seed)]
      expect(plain(await conv2d(engine, y, v, o))).toEqual(plain(await conv2d(referenceEngine, y, v, o)))
    }))

  it('depthwise, with a multiplier', () =>
    always(async (c) => {
      fc.pre(canFold(c))
      const x = whole([c.groups, c.height, c.width], c.seed)
      const w = whole([c.groups * c.filtersPerGroup, 1, ...c.kernel], c.seed)
      const { stride, dilation, groups, pads, mode } = c
      const want = oracle.correlate(x, w, { stride, dilation, groups, pads, padMode: mode })
      const got = await depthwiseConv2d(engine, x, w, { stride, dilation, padding: pads, paddingMode: mode })
      expect(plain(got)).toEqual(plain(want))
    }))

  it('separable', () =>
    always(async (c) => {
      fc.pre(canFold(c))
      const x = whole([c.groups, c.height, c.width], c.seed)
      const [col, row] = [whole([c.kernel[0]], c.seed).data, whole([c.kernel[1]], c.seed + 1).data]
      const { stride, dilation, pads, mode } = c
      const want = oracle.separable(x, col, row, { stride, dilation, pads, padMode: mode })
      const o = { stride, dilation, padding: pads, paddingMode: mode }
      expect(plain(await separableConv2d(engine, x, col, row, o))).toEqual(plain(want))
    }, 60))

  it('transposed: groups, strides, dilations, paddings and output paddings', () =>
    always(async (c) => {
      const { stride, dilation, groups, pads } = c
      const outputPadding = c.outputPadding.map((n, a) => Math.min(n, Math.max(stride[a]!, dilation[a]!) - 1))
      const size = [c.height, c.width].map((n, a) => {
        const [before, after] = pads[a]!
        return (
          (n - 1) * stride[a]! - before - after + dilation[a]! * (c.kernel[a]! - 1) + outputPadding[a]! + 1
        )
      })
      fc.pre(size.every((n) => n > 0))
      const x = whole([groups * c.perGroup, c.height, c.width], c.seed)
      const w = whole([groups * c.perGroup, c.filtersPerGroup, ...c.kernel], c.seed)
      const bias = Array.from(whole([groups * c.filtersPerGroup], c.seed).data)
      const want = oracle.convTranspose(x, w, { stride, dilation, groups, pads, outputPadding, bias })
      const o = { stride, dilation, groups, padding: pads, outputPadding, bias }
      expect(plain(await convTranspose2d(engine, x, w, o))).toEqual(plain(want))
      const [y, v] = [fractions(x.shape, c.seed), fractions(w.shape, c.seed)]
      const defined = await convTranspose2d(referenceEngine, y, v, o)
      expect(plain(await convTranspose2d(engine, y, v, o))).toEqual(plain(defined))
    }))

  it('the transposed is the adjoint: <conv(x), y> = <x, convTranspose(y)>', () =>
    always(async (c) => {
      const x = whole([c.groups * c.perGroup, c.height, c.width], c.seed)
      const w = whole([c.groups * c.filtersPerGroup, c.perGroup, ...c.kernel], c.seed)
      const { stride, dilation, groups, pads } = c
      const forward = await conv2d(engine, x, w, { stride, dilation, groups, padding: pads })
      const y = whole(forward.shape, c.seed + 7)
      const outputPadding = [0, 1].map((a) => {
        const room = x.shape[a + 1]! + pads[a]![0] + pads[a]![1] - dilation[a]! * (c.kernel[a]! - 1) - 1
        return room % stride[a]!
      })
      const o = { stride, dilation, groups, padding: pads, outputPadding }
      expect(inner(forward, y)).toBe(inner(x, await convTranspose2d(engine, y, w, o)))
    }, 60))
})

describe('in three directions', () => {
  const axis = fc.record({
    size: fc.integer({ min: 1, max: 11 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    before: fc.integer({ min: 0, max: 2 }),
    after: fc.integer({ min: 0, max: 2 }),
  })
  const volume = fc.record({
    axes: fc.tuple(axis, axis, axis),
    groups: fc.integer({ min: 1, max: 3 }),
    perGroup: fc.integer({ min: 1, max: 2 }),
    filtersPerGroup: fc.integer({ min: 1, max: 5 }),
    mode: fc.constantFrom(...modes),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  const numbers = (v: typeof volume extends fc.Arbitrary<infer V> ? V : never) => ({
    stride: v.axes.map((a) => a.stride),
    dilation: v.axes.map((a) => a.dilation),
    pads: v.axes.map((a): [number, number] => [a.before, a.after]),
    groups: v.groups,
  })
  const most = { reflect: -1, circular: 0, symmetric: 0, zeros: 99, replicate: 99 }

  it('conv3d is the textbook sum, its transposed the adjoint', () =>
    fc.assert(
      fc.asyncProperty(volume, async (v) => {
        fc.pre(v.axes.every((a) => a.size + a.before + a.after > a.dilation * (a.kernel - 1)))
        fc.pre(v.axes.every((a) => Math.max(a.before, a.after) <= a.size + most[v.mode]))
        const x = whole([v.groups * v.perGroup, ...v.axes.map((a) => a.size)], v.seed)
        const w = whole([v.groups * v.filtersPerGroup, v.perGroup, ...v.axes.map((a) => a.kernel)], v.seed)
        const { pads, ...o } = numbers(v)
        const want = oracle.correlate(x, w, { ...o, pads, padMode: v.mode })
        const got = await conv3d(engine, x, w, { ...o, padding: pads, paddingMode: v.mode })
        expect(plain(got)).toEqual(plain(want))
        const forward = await conv3d(engine, x, w, { ...o, padding: pads })
        const y = whole(forward.shape, v.seed + 3)
        const outputPadding = v.axes.map(
          (a) => (a.size + a.before + a.after - a.dilation * (a.kernel - 1) - 1) % a.stride,
        )
        const back = await convTranspose3d(engine, y, w, { ...o, padding: pads, outputPadding })
        expect(inner(forward, y)).toBe(inner(x, back))
      }),
      { numRuns: 100 },
    ))

  it('the transposed of a volume is the textbook sum', () =>
    fc.assert(
      fc.asyncProperty(volume, async (v) => {
        const { pads, ...o } = numbers(v)
        fc.pre(
          v.axes.every(
            (a) => (a.size - 1) * a.stride - a.before - a.after + a.dilation * (a.kernel - 1) >= 0,
          ),
        )
        const x = whole([v.groups * v.perGroup, ...v.axes.map((a) => a.size)], v.seed)
        const w = whole([v.groups * v.perGroup, v.filtersPerGroup, ...v.axes.map((a) => a.kernel)], v.seed)
        const want = oracle.convTranspose(x, w, { ...o, pads })
        expect(plain(await convTranspose3d(engine, x, w, { ...o, padding: pads }))).toEqual(plain(want))
      }),
      { numRuns: 100 },
    ))
})

describe('involution', () => {
  const shapes = fc.record({
    height: fc.integer({ min: 3, max: 21 }),
    width: fc.integer({ min: 3, max: 17 }),
    groups: fc.integer({ min: 1, max: 3 }),
    perGroup: fc.integer({ min: 1, max: 3 }),
    kernelSize: fc.constantFrom(1, 3, 5),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })

  it('is the textbook sum, its kernels made by the loops', () =>
    fc.assert(
      fc.asyncProperty(shapes, async ({ height, width, groups, perGroup, seed, ...sizes }) => {
        fc.pre(height !== width)
        const o = { ...sizes, groups }
        const x = whole([groups * perGroup, height, width], seed)
        const rows = groups * o.kernelSize ** 2
        const places = [height, width].map((n) => Math.floor(n / o.stride))
        const kernel = whole([rows, ...places], seed)
        expect(plain(await involutionApply2d(x, kernel, o))).toEqual(
          plain(oracle.involutionApply(x, kernel, o)),
        )
        const generator = {
          reduceWeight: whole([2, groups * perGroup, 1, 1], seed),
          reduceBias: Array.from(whole([2], seed).data),
          spanWeight: whole([rows, 2, 1, 1], seed),
          spanBias: Array.from(whole([rows], seed).data),
        }
        // means of 3 x 3 blocks are ninths, so only strides of 1 and 2 stay exact
        fc.pre(o.stride < 3)
        const made = oracle.involutionKernel(x, generator, o)
        const want = oracle.involutionApply(x, made, o)
        expect(plain(await involution2d(engine, x, { ...o, ...generator }))).toEqual(plain(want))
      }),
      { numRuns: 100 },
    ))
})
