import type { Engine } from '../definition/engine.ts'
import { type Kernel, kernel as makeKernel } from '../kernel/kernel.ts'
import { reshaped, type Tensor } from '../tensor/tensor.ts'

// Transposed convolutions with named kernels: every sample becomes stride x stride samples.

/** The names of the upsampling kernels of a transposed convolution, for any stride. */
export type Upsampling = 'bilinear' | 'nearest'

/**
 * Returns the weights along one axis. `nearest` repeats a sample `stride` times. `bilinear` is the tent
 * 1 − |i − middle| / stride of 2·stride − stride mod 2 taps (Long, Shelhamer and Darrell 2015): the weights that
 * contribute to one output sum to 1.
 */
export function upsamplingRow(kind: Upsampling, stride: number): Float64Array {
  if (kind === 'nearest') return new Float64Array(stride).fill(1)
  const length = 2 * stride - (stride % 2)
  const middle = (length - 1) / 2
  return Float64Array.from({ length }, (_, i) => 1 - Math.abs(i - middle) / stride)
}

/**
 * Returns how many samples to crop from an axis, so that `stride` samples remain for each input sample. The input of
 * `bilinear` has its edge repeated once on each side, so the crop is the `stride` samples of that edge and half of the
 * tent's overhang.
 */
export function upsamplingCrop(kind: Upsampling, stride: number): readonly [before: number, after: number] {
  if (kind === 'nearest') return [0, 0]
  const overhang = stride - (stride % 2)
  const before = Math.ceil(overhang / 2)
  return [stride + before, stride + overhang - before]
}

/** Returns the product of the rows of all axes. */
export function upsamplingKernel(kind: Upsampling, strides: readonly number[]): Kernel {
  const rows = strides.map((stride) => upsamplingRow(kind, stride))
  const product = rows.reduce<number[]>((all, row) => all.flatMap((a) => Array.from(row, (b) => a * b)), [1])
  return makeKernel(
    rows.map(({ length }) => length),
    product,
  )
}

/** Extends x [C,H,W] or [C,D,H,W] by one sample on every side, which repeats the edge. */
export async function edged(engine: Engine, x: Tensor): Promise<Tensor> {
  const [channels = 1, ...size] = x.shape
  if (size.length === 2) {
    const margins = { top: 1, bottom: 1, left: 1, right: 1 }
    return engine.layer('framed', [x], { margins, border: 'replicate', fill: 0 })
  }
  const [depth = 1, height = 1, width = 1] = size
  const inside = (i: number, length: number) => Math.max(0, Math.min(i - 1, length - 1))
  const upTo = (length: number, of: (i: number) => number) => Int32Array.from({ length }, (_, i) => of(i))
  // the slices are stacked vertically
  const tall = reshaped(x, [channels, depth * height, width])
  const out = await engine.layer('placed', [tall], {
    channels: upTo(channels, (c) => c),
    rows: upTo((depth + 2) * (height + 2), (i) => {
      const [z, y] = [Math.floor(i / (height + 2)), i % (height + 2)]
      return inside(z, depth) * height + inside(y, height)
    }),
    columns: upTo(width + 2, (i) => inside(i, width)),
    fill: 0,
  })
  return reshaped(out, [channels, depth + 2, height + 2, width + 2])
}
