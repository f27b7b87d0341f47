import { bankAlgorithm } from '../conv/bank-algorithm.ts'
import type { Correlation, Transposition } from '../conv/geometry.ts'
import { type FilterOptions, planRecipe, type RecipePlan } from '../conv/plan.ts'
import type { Recipe } from '../conv/recipe.ts'
import { isPending, sizeOf, Tensor } from '../tensor/tensor.ts'
import { correlateTensors, outputShape, transposeReference } from './convolution.ts'
import { filterPlanes } from './evaluate.ts'
import type { Shape } from './layer.ts'
import { type LayerName, type LayerSettings, layers } from './layers.ts'
import { rowsOf } from './rows.ts'
import { involveBySimilarity, type SimilarityOptions } from './similarity.ts'

/**
 * The engine that computes. Operators receive one as an argument, so that they run on the definition in tests and on
 * the worker pool otherwise. Both give the same bits. Inputs are never changed.
 */
export interface Engine {
  /** Correlates x [C,(D,)H,W] with weight [O,C/groups,(kD,)kH,kW]; bias has O numbers. */
  correlate(x: Tensor, weight: Tensor, bias: Float32Array | undefined, c: Correlation): Promise<Tensor>
  /** Correlates x [C,(D,)H,W] with weight [O,C/groups,(kD,)kH,kW], transposed. */
  transpose(x: Tensor, weight: Tensor, bias: Float32Array | undefined, t: Transposition): Promise<Tensor>
  /** Filters x [C,H,W] with kernels that come from the similarity of its own pixels. */
  involve(x: Tensor, options: SimilarityOptions): Promise<Tensor>
  /**
   * Runs a layer, for what is between the convolutions, on tensors [C,H,W]. Layers that treat each sample separately
   * also accept volumes.
   */
  layer<K extends LayerName>(name: K, inputs: readonly Tensor[], settings: LayerSettings[K]): Promise<Tensor>
  /**
   * Applies a recipe to every plane of [C,H,W]. If the steps of a picture are being traced, it applies the recipe to
   * the pixels with their alpha.
   */
  recipe(x: Tensor, recipe: Recipe, options: FilterOptions, full: number): Promise<Tensor>
  /** Applies a planned recipe of one kernel to every plane of [C,H,W]. Its fill is a fraction of `full`. */
  filter(x: Tensor, plan: RecipePlan, full: number): Promise<Tensor>
  /**
   * Runs several steps on tensors [C,H,W] as one, once or several times. If several, the output has the shape of the
   * first input and is the first input of the next time.
   */
  together(inputs: readonly Tensor[], steps: Together, times?: number): Promise<Tensor>
}

/** Steps on tensors, which run on the engine that they receive. */
export type Together = (engine: Engine, ...inputs: readonly Tensor[]) => Promise<Tensor>

/** The same engine, but always with direct sums, never with Winograd's algorithm. */
export const directSums = (engine: Engine): Engine => tiledWhere(engine, () => false)

/**
 * The same engine, but with direct sums if an input has samples that are not finite, or so large that sums of them
 * might not be: Winograd's algorithm would spread them over a tile. The samples are checked only when it would run.
 */
export function confinedTo(engine: Engine, inputs: readonly Tensor[]): Engine {
  let isSmall: boolean | undefined
  return tiledWhere(engine, () => {
    isSmall ??= inputs.every((x) => isPending(x) || areSmall(x.data))
    return isSmall
  })
}

/** The same engine, but with Winograd's algorithm only if `mayTile` allows it. */
export const tiledWhere = (engine: Engine, mayTile: () => boolean): Engine => ({
  ...engine,
  correlate(x, weight, bias, c) {
    const isTiled = bankAlgorithm(c).algorithm === 'winograd' && mayTile()
    return engine.correlate(x, weight, bias, isTiled ? c : { ...c, algorithm: 'direct' })
  },
  together: (inputs, steps, times) =>
    engine.together(inputs, (own, ...xs) => steps(tiledWhere(own, mayTile), ...xs), times),
})

/** A magnitude below which the sums of Winograd's algorithm stay far from the limit of float32. */
export const tiledUpTo = 2 ** 87

/** Whether all samples are finite and far from the limit of float32. */
export function areSmall(data: Float32Array): boolean {
  // an iterator would take 20 times as long
  for (let i = 0; i < data.length; i++) if (!(Math.abs(data[i]!) < tiledUpTo)) return false
  return true
}

/** Runs steps one or more times on one engine. */
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

/** The engine that serves as the definition: plain loops, one thread. */
export const referenceEngine: Engine = {
  ...plainLoops,
  correlate: (x, ...more) => confinedTo(plainLoops, [x]).correlate(x, ...more),
  together: (inputs, steps, times) => repeatedly(confinedTo(plainLoops, inputs), inputs, steps, times),
}

/** Plans a recipe for floats [C,H,W] that are levels of a picture. */
export const planOfPlanes = (
  { shape: [, height = 1, width = 1] }: Tensor,
  recipe: Recipe,
  options: FilterOptions,
) => planRecipe(recipe, options, { width, height, samples: 'f32' })

/** Returns the shape of a layer's output: that of the input volume if the layer keeps its size. */
export const shapeOfLayer = (x: Tensor | undefined, shape: Shape): readonly number[] =>
  x?.shape.length === 4 && flatShape(x.shape).join() === shape.join() ? x.shape : shape

/** Returns the shape of a volume [C,D,H,W] as planes [C,D·H,W]. */
export const flatShape = ([channels = 1, ...sizes]: readonly number[]): Shape => [
  channels,
  sizeOf(sizes.slice(0, -1)),
  sizes.at(-1) ?? 1,
]
