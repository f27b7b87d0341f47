import { filterDefaults } from '../conv/plan.ts'
import type { PlaneKernel } from '../conv/recipe.ts'
import { correlationOf } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import type { FormulaName } from '../definition/formulas.ts'
import { Tensor } from '../tensor/tensor.ts'
import type { Outside } from './outside.ts'
import { only, separable } from './plane.ts'

// Steps on planes [C,H,W] that several filters share.

/** Filters every plane with one kernel. A column and a row always run as two float32 passes, whatever their length. */
export function filtered(
  engine: Engine,
  x: Tensor,
  k: PlaneKernel,
  { border, level }: Outside,
  full: number,
): Promise<Tensor> {
  const algorithm = k.form === 'separable' ? 'separable' : 'direct'
  const options = { ...filterDefaults, algorithm, border, fill: level } as const
  return engine.recipe(x, only(k), options, full)
}

/** Returns the kernel of the mean of a square of 2 · radius + 1. */
export const mean = (radius: number): PlaneKernel => {
  const side = 2 * radius + 1
  const ones = new Float64Array(side).fill(1)
  return separable(ones, ones, side * side)
}

/** Returns the kernels of Sobel across and down, with their sums divided by `by`. */
export const slopes = (by: number): { readonly x: PlaneKernel; readonly y: PlaneKernel } => ({
  x: separable([1, 2, 1], [-1, 0, 1], by),
  y: separable([-1, 0, 1], [1, 2, 1], by),
})

/** Applies a formula to the samples at each position. */
export const place = (
  engine: Engine,
  name: FormulaName,
  inputs: readonly Tensor[],
  settings: { readonly full?: number; readonly by?: number } = {},
): Promise<Tensor> => engine.layer('formula', inputs, { name, ...settings })

/** Returns weighted sums of the channels: [weights.length / C, H, W]. */
export function mixed(engine: Engine, x: Tensor, weights: readonly number[]): Promise<Tensor> {
  const channels = x.shape[0]!
  const weight = new Tensor([weights.length / channels, channels, 1, 1], Float32Array.from(weights))
  return engine.correlate(x, weight, undefined, correlationOf(2, x, weight, {}))
}

/** Returns the luminance of one or three channels, as computed by --gray. */
export const luminance = async (engine: Engine, x: Tensor): Promise<Tensor> =>
  x.shape[0] === 3 ? mixed(engine, x, [0.2126, 0.7152, 0.0722]) : x
