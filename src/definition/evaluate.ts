import { planFft2d, planFftColumns, planFftRows } from '../conv/fft.ts'
import type { RecipePlan } from '../conv/plan.ts'
import type { Combine } from '../conv/recipe.ts'
import type { Stencil } from '../conv/stencil.ts'
import { borders } from '../tensor/border.ts'
import { Tensor } from '../tensor/tensor.ts'
import { angleSample } from './angle.ts'
import {
  correlateColumnsFftReference,
  correlateFft2dReference,
  correlateRowsFftReference,
  type Plane,
} from './fft.ts'

// The definition of a recipe on interleaved samples, in plain loops. The strips of the worker pool must give the same.

const f32 = Math.fround

/** Interleaved samples, [y][x][channel]. */
export type Interleaved = {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly data: ArrayLike<number>
}

/**
 * Evaluates a planned recipe on interleaved samples: all branches, combined, then `/ scale + offset`, in float32 and
 * not clamped. `full` is the largest sample of the depth. The FFT algorithms are not covered: their definition is their
 * butterflies.
 */
export function evaluateRecipe(plan: RecipePlan, source: Interleaved, full: number): Float32Array {
  const branches = plan.stencils.map((s) => evaluateStencil(plan, s, source, full))
  const out = combineReference(plan.combine, branches, full)
  const offset = f32((plan.offset * full) / 255)
  return out.map((v) => {
    const scaled = plan.scale === 1 ? v : f32(v / f32(plan.scale))
    return offset === 0 ? scaled : f32(scaled + offset)
  })
}

/** Returns the samples of one row of the output, interleaved. */
type RowOf = (y: number) => Float32Array

/** Applies one kernel to interleaved samples and divides by its scale. */
function evaluateStencil(plan: RecipePlan, s: Stencil, source: Interleaved, full: number): Float32Array {
  const rowOf = sums(plan, s, source, full)
  const length = plan.outWidth * source.channels
  const out = new Float32Array(plan.outHeight * length)
  for (let y = 0; y < plan.outHeight; y++) out.set(rowOf(y), y * length)
  return s.scale === 1 ? out : out.map((acc) => acc / f32(s.scale))
}

/** Returns the sums over the taps of each output sample, each algorithm by its own definition. */
function sums(plan: RecipePlan, s: Stencil, source: Interleaved, full: number): RowOf {
  const { channels } = source
  const sample = reader(plan, source, full)
  /** Returns the row of the input under a tap of an output row. */
  const under = (y: number, ty: number) =>
    plan.origin[0] + y * plan.stride[0] + (ty - s.anchor[0]) * s.dilation[0]
  /** Returns the column of the input under the first tap of an output column. */
  const left = (x: number) => plan.origin[1] + x * plan.stride[1] - s.anchor[1] * s.dilation[1]
  const eachSample = (sum: (at: (ty: number, tx: number) => number) => number): RowOf => {
    return (y) => {
      const out = new Float32Array(plan.outWidth * channels)
      return out.map((_, i) => {
        const [x, c] = [Math.floor(i / channels), i % channels]
        return sum((ty, tx) => sample(under(y, ty), left(x) + tx * s.dilation[1], c))
      })
    }
  }
  const eachSum = (
    add: (acc: number, v: number, ty: number, tx: number) => number,
    end = (acc: number): number => acc,
  ): RowOf =>
    eachSample((at) => {
      let acc = 0
      for (let ty = 0; ty < s.kH; ty++) {
        for (let tx = 0; tx < s.kW; tx++) acc = add(acc, at(ty, tx), ty, tx)
      }
      return end(acc)
    })
  switch (s.algorithm) {
    // adding 0 changes a sample of -0 alone, as any sum does
    case 'none':
      return eachSample((at) => at(0, 0) + 0)
    // A tap of weight 0 is skipped, so that a sample under it that is not finite does not reach the sum.
    case 'direct':
    case 'integer':
    case 'fft':
      return eachSum((acc, v, ty, tx) => {
        const weight = s.weights[ty * s.kW + tx]!
        return weight === 0 ? acc : f32(acc + f32(weight * v))
      })
    // Exact whole numbers: the order does not matter, and only one rounding to float32 remains.
    case 'box':
      return eachSum(
        (acc, v) => acc + v,
        (acc) => (s.weight === 1 ? f32(acc) : f32(f32(acc) * s.weight)),
      )
    case 'integer-separable':
      return eachSum((acc, v, ty, tx) => acc + s.col[ty]! * s.row[tx]! * v, f32)
    // The column pass comes first, then the row pass over its rounded sums.
    case 'separable':
    case 'fft-separable':
      return (y) => {
        const first = left(0)
        const reach = left(plan.outWidth - 1) + (s.kW - 1) * s.dilation[1] - first + 1
        const downs = new Float32Array(reach * channels).map((_, i) => {
          let down = 0
          for (let ty = 0; ty < s.kH; ty++) {
            const v = sample(under(y, ty), first + Math.floor(i / channels), i % channels)
            down = f32(down + f32(s.col[ty]! * v))
          }
          return down
        })
        return new Float32Array(plan.outWidth * channels).map((_, i) => {
          const x = left(Math.floor(i / channels)) - first
          let acc = 0
          for (let tx = 0; tx < s.kW; tx++) {
            acc = f32(acc + f32(s.row[tx]! * downs[(x + tx * s.dilation[1]) * channels + (i % channels)]!))
          }
          return s.weight === undefined ? acc : f32(acc * s.weight)
        })
      }
  }
}

function reader(plan: RecipePlan, source: Interleaved, full: number) {
  const { width, height, channels, data } = source
  const place = borders[plan.border].source
  const fill = f32((plan.fill * full) / 255)
  return (y: number, x: number, c: number): number => {
    const iy = place(y, height)
    const ix = place(x, width)
    return iy < 0 || ix < 0 ? fill : data[(iy * width + ix) * channels + c]!
  }
}

/** Combines several branches into one: see `Combine`. Every step is rounded to float32. */
function combineReference(combine: Combine, branches: readonly Float32Array[], full: number): Float32Array {
  const first = branches[0]!
  const second = branches[1] ?? first
  switch (combine.kind) {
    case 'only':
      return first
    case 'magnitude':
      return first.map((a, i) => f32(Math.sqrt(f32(f32(a * a) + f32(second[i]! * second[i]!)))))
    case 'angle':
      return first.map((a, i) => angleSample(second[i]!, a, full))
    case 'max':
      return first.map((a, i) => Math.max(a, ...branches.map((b) => b[i]!)))
    case 'difference':
      return first.map((a, i) => f32(a - second[i]!))
    case 'unsharp': {
      const amount = f32(combine.amount)
      const threshold = f32((combine.threshold * full) / 255)
      return first.map((a, i) => {
        const detail = f32(a - second[i]!)
        return Math.abs(detail) > threshold ? f32(a + f32(amount * detail)) : a
      })
    }
    case 'share':
      return first.map((_, i) => {
        let edges = 0
        let all = 0
        branches.forEach((b, k) => {
          const square = f32(b[i]! * b[i]!)
          if (k < combine.edges) edges = f32(edges + square)
          all = f32(all + square)
        })
        return all > 0 ? f32(f32(Math.sqrt(f32(edges / all))) * full) : 0
      })
  }
}

/** Applies a planned recipe of one kernel to every plane of [C,H,W]. Fill and offset are fractions of `full`. */
export function filterPlanes(x: Tensor, plan: RecipePlan, full: number): Tensor {
  const [channels, height, width] = x.shape as [number, number, number]
  const out = Tensor.zeros([channels, plan.outHeight, plan.outWidth])
  const [stencil] = plan.stencils
  for (let c = 0; c < channels; c++) {
    const data = x.data.subarray(c * height * width, (c + 1) * height * width)
    const source = { width, height, channels: 1, data }
    const isFft = stencil?.algorithm === 'fft' || stencil?.algorithm === 'fft-separable'
    const made = isFft ? byFft(plan, stencil, source, full) : evaluateRecipe(plan, source, full)
    out.data.set(made, c * plan.outHeight * plan.outWidth)
  }
  return out
}

type FftStencil = Exclude<Stencil, { algorithm: 'box' | 'none' }>

/** Applies one kernel by FFT, with blocks that begin at the first row and column. */
function byFft(plan: RecipePlan, s: FftStencil, source: Interleaved, full: number): Float32Array {
  const { outHeight: rows, outWidth: cols, halo } = plan
  const sample = reader(plan, source, full)
  const size = { rows: halo.top + source.height + halo.bottom, cols: halo.left + source.width + halo.right }
  const data = Float32Array.from({ length: size.rows * size.cols }, (_, i) =>
    sample(Math.floor(i / size.cols) - halo.top, (i % size.cols) - halo.left, 0),
  )
  const made = correlated(s, { ...size, data }, rows, cols)
  return s.scale === 1 ? made.data : made.data.map((v) => v / f32(s.scale))
}

function correlated(s: FftStencil, x: Plane, rows: number, cols: number): Plane {
  if ('weights' in s) return correlateFft2dReference(x, s.weights, planFft2d(s.kH, s.kW, rows, cols))
  const down = correlateColumnsFftReference(x, s.col, planFftColumns(s.kH, rows))
  return correlateRowsFftReference(down, s.row, planFftRows(s.kW, cols))
}
