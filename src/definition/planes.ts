import { planFft2d, planFftColumns, planFftRows } from '../conv/fft.ts'
import type { RecipePlan } from '../conv/plan.ts'
import type { Stencil } from '../conv/stencil.ts'
import { borders } from '../tensor/border.ts'
import { Tensor } from '../tensor/tensor.ts'
import { evaluateRecipe } from './evaluate.ts'
import {
  correlateColumnsFftReference,
  correlateFft2dReference,
  correlateRowsFftReference,
  type Plane,
} from './fft.ts'

/** Applies a planned recipe of one kernel to every plane of [C,H,W]. Fill and offset are fractions of `full`. */
export function filterPlanes(x: Tensor, plan: RecipePlan, full: number): Tensor {
  const [channels, height, width] = x.shape as [number, number, number]
  const out = Tensor.zeros([channels, plan.outHeight, plan.outWidth])
  const plane = plan.outHeight * plan.outWidth
  const [stencil] = plan.stencils
  for (let c = 0; c < channels; c++) {
    const data = x.data.subarray(c * height * width, (c + 1) * height * width)
    const isFft = stencil?.algorithm === 'fft' || stencil?.algorithm === 'fft-separable'
    const made = isFft
      ? byFft(plan, stencil, data, full)
      : evaluateRecipe(plan, { width, height, channels: 1, data }, full)
    out.data.set(made, c * plane)
  }
  return out
}

type FftStencil = Exclude<Stencil, { algorithm: 'box' | 'none' }>

/** Applies one kernel by FFT, with blocks that begin at the first row and column. */
function byFft(plan: RecipePlan, stencil: Stencil, data: Float32Array, full: number): Float32Array {
  const { kH, kW, scale } = stencil
  const { outHeight: rows, outWidth: cols } = plan
  const input = surrounded(plan, data, full)
  const made = correlated(stencil as FftStencil, input, rows, cols, kH, kW)
  return scale === 1 ? made.data : made.data.map((v) => v / Math.fround(scale))
}

function correlated(s: FftStencil, x: Plane, rows: number, cols: number, kH: number, kW: number): Plane {
  if ('weights' in s) return correlateFft2dReference(x, s.weights, planFft2d(kH, kW, rows, cols))
  const down = correlateColumnsFftReference(x, s.col, planFftColumns(kH, rows))
  return correlateRowsFftReference(down, s.row, planFftRows(kW, cols))
}

/** Returns the plane, extended by as much border as the kernel needs. */
function surrounded(
  { halo, border, fill, width, height }: RecipePlan,
  data: Float32Array,
  full: number,
): Plane {
  const { source } = borders[border]
  const [rows, cols] = [height + halo.top + halo.bottom, width + halo.left + halo.right]
  const outside = Math.fround((fill * full) / 255)
  const out = Float32Array.from({ length: rows * cols }, (_, i) => {
    const y = source(Math.floor(i / cols) - halo.top, height)
    const x = source((i % cols) - halo.left, width)
    return y < 0 || x < 0 ? outside : data[y * width + x]!
  })
  return { rows, cols, data: out }
}
