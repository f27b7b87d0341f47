import { bankAlgorithm } from '../conv/bank-algorithm.ts'
import type { Correlation, Transposition } from '../conv/geometry.ts'
import { type FilterOptions, planRecipe, type RecipePlan } from '../conv/plan.ts'
import type { Recipe } from '../conv/recipe.ts'
import { isPending, sizeOf, Tensor } from '../tensor/tensor.ts'
import { correlateTensors, outputShape, transposeReference } from './convolution.ts'
import type { Shape } from './layer.ts'
import { type LayerName, type LayerSettings, layers } from './layers.ts'
import { filterPlanes } from './planes.ts'
import { rowsOf } from './rows.ts'
import { involveBySimilarity, type SimilarityOptions } from './similarity.ts'

/**
 * What computes. Operators get one handed in, so that they run on the definition in tests and on the worker pool in use;
 * both give the same bits. Inputs are never changed.
 */
export interface Engine {
  /** x [C,(D,)H,W] with weight [O,C/groups,(kD,)kH,kW]; bias has O numbers. */
  correlate(x: Tensor, weight: Tensor, bias: Float32Array | undefined, c: Correlation): Promise<Tensor>
  /** x [C,(D,)H,W] with weight [C,O/groups,(kD,)kH,kW]. */
  transpose(x: Tensor, weight: Tensor, bias: Float32Array | undefined, t: Transposition): Promise<Tensor>
  /** x [C,H,W] by kernels that come from the similarity of its own pixels. */
  involve(x: Tensor, options: SimilarityOptions): Promise<Tensor>
  /** What is between the convolutions: tensors [C,H,W]; of layers that take samples one by one also volumes. */
  layer<K extends LayerName>(name: K, inputs: readonly Tensor[], settings: LayerSettings[K]): Promise<Tensor>
  /** A recipe over every plane of [C,H,W]; of a picture that is written down, over its pixels with their alpha. */
  recipe(x: Tensor, recipe: Recipe, options: FilterOptions, full: number): Promise<Tensor>
  /** A planned recipe of one kernel over every plane of [C,H,W]; its fill is a share of `full`. */
  filter(x: Tensor, plan: RecipePlan, full: number): Promise<Tensor>
  /**
   * Several steps over tensors [C,H,W], run as one; or several times, where what comes out is the first input of the next
   * time, whose shape it has.
   */
  together(inputs: readonly Tensor[], steps: Together, times?: number): Promise<Tensor>
}

/** Steps over tensors, which are computed by the engine that comes with them. */
export type Together = (engine: Engine, ...inputs: readonly Tensor[]) => Promise<Tensor>

/** The same engine, with direct sums also where products could be saved. */
export const directSums = (engine: Engine): Engine => tiledWhere(engine, () => false)

/**
 * The same engine, with direct sums where one of the inputs has samples that are not finite, or so large that sums of them
 * might not be: Winograd's algorithm would spread them over a tile. They are looked at when it would run.
 */
export function confinedTo(engine: Engine, inputs: readonly Tensor[]): Engine {
  let isSmall: boolean | undefined
  return tiledWhere(engine, () => {
    isSmall ??= inputs.every((x) => isPending(x) || areSmall(x.data))
    return isSmall
  })
}

/** The same engine, with Winograd's algorithm only where `mayTile` allows it. */
export const tiledWhere = (engine: Engine, mayTile: () => boolean): Engine => ({
  ...engine,
  correlate(x, weight, bias, c) {
    const isTiled = bankAlgorithm(c).algorithm === 'winograd' && mayTile()
    return engine.correlate(x, weight, bias, isTiled ? c : { ...c, algorithm: 'direct' })
  },
  together: (inputs, steps, times) =>
    engine.together(inputs, (own, ...xs) => steps(tiledWhere(own, mayTile), ...xs), times),
})

/** Below this the sums of Winograd's algorithm stay far from the end of float32. */
export const tiledUpTo = 2 ** 87

/** Whether all samples are finite and far from the end of float32. */
export function areSmall(data: Float32Array): boolean {
  // not by its iterator, which takes 20 times as long
  for (let i = 0; i < data.length; i++) if (!(Math.abs(data[i]!) < tiledUpTo)) return false
  return true
}

/** Steps several times over, by one engine. */
export async function repeatedly(
  engine: Engine,
  [x, ...others]: readonly Tensor[],
  steps: Together,
  times = 1,
): Promise<Tensor> {
  let out = await steps(engine, x!, ...others)
  for (let i = 1; i < times; i++) out = await steps(engine, out, ...others)
  return out
}

const plainLoops: Engine = {
  correlate: async (x, weight, bias, c) => correlateTensors(x, weight, bias, c),
  transpose: async (x, weight, bias, t) =>
    new Tensor(outputShape(x, t.filters, t.axes), transposeReference(x.data, weight.data, bias, t)),
  involve: async (x, options) => involveBySimilarity(x, options),
  async layer(name, inputs, settings) {
    const { shape: shapeOf, run } = layers[name]
    const shapes = inputs.map((input) => flatShape(input.shape))
    const shape = shapeOf(settings, shapes)
    const out = Tensor.zeros(shapeOfLayer(inputs[0], shape))
    run(settings, rowsOf(out), inputs.map(rowsOf), [0, shape[1]], shapes, shape)
    return out
  },
  recipe: async (x, recipe, options, full) => filterPlanes(x, planOfPlanes(x, recipe, options), full),
  filter: async (x, plan, full) => filterPlanes(x, plan, full),
  together: (inputs, steps, times) => repeatedly(plainLoops, inputs, steps, times),
}

/** The engine that is the definition: plain loops, one thread. */
export const referenceEngine: Engine = {
  ...plainLoops,
  correlate: (x, ...more) => confinedTo(plainLoops, [x]).correlate(x, ...more),
  together: (inputs, steps, times) => repeatedly(confinedTo(plainLoops, inputs), inputs, steps, times),
}

/** The plan of a recipe over floats [C,H,W] that are levels of a picture. */
export const planOfPlanes = (
  { shape: [, height = 1, width = 1] }: Tensor,
  recipe: Recipe,
  options: FilterOptions,
) => planRecipe(recipe, options, { width, height, samples: 'f32' })

/** The shape of what a layer gives: that of the volume that goes in, where it keeps its size. */
export const shapeOfLayer = (x: Tensor | undefined, shape: Shape): readonly number[] =>
  x?.shape.length === 4 && flatShape(x.shape).join() === shape.join() ? x.shape : shape

/** A volume [C,D,H,W] as planes [C,D·H,W]. */
export const flatShape = ([channels = 1, ...sizes]: readonly number[]): Shape => [
  channels,
  sizeOf(sizes.slice(0, -1)),
  sizes.at(-1) ?? 1,
]
