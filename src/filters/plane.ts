import { type PlaneKernel, type Recipe, single } from '../conv/recipe.ts'
import { type Kernel, kernel } from '../kernel/kernel.ts'
import { gaussianRow } from './weights.ts'

/** Makes a dense kernel from rows in the order in which they meet the picture: `1 0; 0 -1`. */
export function dense(text: string, scale = 1): PlaneKernel {
  const rows = text.split('; ').map((row) => row.split(' ').map(Number))
  return { form: 'dense', kernel: kernel([rows.length, rows[0]!.length], rows.flat(), { scale }) }
}

/** Makes the outer product of a column and a row, divided by `scale`. */
export const separable = (col: ArrayLike<number>, row: ArrayLike<number>, scale = 1): PlaneKernel => ({
  form: 'separable',
  col: Float64Array.from(col),
  row: Float64Array.from(row),
  scale,
})

/** Returns the Gaussian kernel of the filter `gaussian`. */
export const bell = (sigma: number): PlaneKernel => separable(gaussianRow(sigma), gaussianRow(sigma))

/** Makes a recipe of one kernel. */
export const only = (k: PlaneKernel): Recipe =>
  k.form === 'dense' ? single(k.kernel) : several([k], { kind: 'only' })

/** Makes a recipe of several kernels. */
export const several = (
  kernels: Recipe['kernels'],
  combine: Recipe['combine'],
  { scale = 1, offset = 0 }: Partial<Recipe> = {},
): Recipe => ({ kernels, combine, scale, offset })

/** Returns the kernel as from a file or `--kernel`: dense, [kH,kW], with a separate scale. */
export function toKernel(k: PlaneKernel): Kernel {
  if (k.form === 'dense') return k.kernel
  const [kH, kW] = [k.col.length, k.row.length]
  const weights = Array.from(k.col, (down) => Array.from(k.row, (across) => down * across))
  const anchor = k.anchor === undefined ? {} : { anchor: k.anchor }
  return kernel([kH, kW], weights.flat(), { scale: k.scale, ...anchor })
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
