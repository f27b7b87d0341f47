import { type PlaneKernel, type Recipe, single } from '../conv/recipe.ts'
import { type Kernel, kernel } from '../kernel/kernel.ts'

/** Makes a dense kernel from rows in the order in which they meet the picture. */
export const dense = (rows: readonly (readonly number[])[], scale = 1): PlaneKernel => ({
  form: 'dense',
  kernel: kernel([rows.length, rows[0]?.length ?? 0], rows.flat(), { scale }),
})

/** Makes the outer product of a column and a row, divided by `scale`. */
export const separable = (col: ArrayLike<number>, row: ArrayLike<number>, scale = 1): PlaneKernel => ({
  form: 'separable',
  col: Float64Array.from(col),
  row: Float64Array.from(row),
  scale,
})

/** Makes a recipe of one kernel. */
export function only(k: PlaneKernel): Recipe {
  if (k.form === 'dense') return single(k.kernel)
  return { kernels: [k], combine: { kind: 'only' }, scale: 1, offset: 0 }
}

/** Returns the kernel as from a file or `--kernel`: dense, [kH,kW], with a separate scale. */
export function toKernel(k: PlaneKernel): Kernel {
  if (k.form === 'dense') return k.kernel
  const [kH, kW] = [k.col.length, k.row.length]
  const weights = Float64Array.from(
    { length: kH * kW },
    (_, i) => k.col[Math.floor(i / kW)]! * k.row[i % kW]!,
  )
  const anchor = k.anchor === undefined ? {} : { anchor: k.anchor }
  return kernel([kH, kW], weights, { scale: k.scale, ...anchor })
}

/** Returns the largest sum for samples of 0..1: the sum of the positive weights, divided by the scale. */
export function fullStep(k: PlaneKernel): number {
  const { weights, scale } = toKernel(k)
  return weights.reduce((sum, w) => sum + Math.max(w, 0), 0) / scale
}

/** Returns the same kernel, with its sums also divided by `by`. */
export function divided(k: PlaneKernel, by: number): PlaneKernel {
  if (k.form === 'separable') return { ...k, scale: k.scale * by }
  return { form: 'dense', kernel: { ...k.kernel, scale: k.kernel.scale * by } }
}
