import { type FilterOptions, planRecipe, type RecipePlan, type SampleType } from '../../conv/plan.ts'
import type { PlaneKernel } from '../../conv/recipe.ts'
import { ConvoError } from '../../error.ts'
import { namedKernels } from '../../filters/names.ts'
import { readHeader } from '../../image/codec.ts'
import { analyse } from '../../kernel/analyse.ts'
import { type Kernel, kernel } from '../../kernel/kernel.ts'
import { loadKernel } from '../../kernel/source.ts'
import { type Explanation, explainOperator, type Layer } from '../../operators/explain.ts'
import { explained } from '../../operators/explain-formulas.ts'
import { layerOf } from '../../operators/layers.ts'
import { type Params, resolve, type Values } from '../../params.ts'
import type { Call } from '../command.ts'
import type { Io } from '../io.ts'
import type { Operation } from '../operations.ts'
import {
  correlationSettings,
  filterOptions,
  kernelOptions,
  type Settings,
  sharedSettings,
} from '../settings.ts'
import { explainSettings } from './settings.ts'
import { explanationText, filterText } from './text.ts'

/** A filter over a picture, in numbers. */
export type FilterExplanation = {
  readonly operation: string
  readonly summary: string
  /** [C,H,W] */
  readonly input: readonly number[]
  readonly output: readonly number[]
  readonly combine: string
  readonly kernels: readonly {
    readonly size: readonly [kH: number, kW: number]
    readonly sum: number
    readonly isInteger: boolean
    readonly rank: number
    readonly algorithm: string
    readonly reason: string
  }[]
  readonly border: string
  readonly samples: string
  /** Input pixels that one output pixel sees, and from one to the next; rows, columns. */
  readonly receptiveField: readonly number[]
  readonly step: readonly number[]
  readonly strips: { readonly count: number; readonly rows: number; readonly halo: RecipePlan['halo'] }
  /** Of the whole filter: taps that are multiplied for each sample, and the samples. */
  readonly multiplications: number
}

export type Input = { readonly shape: readonly number[]; readonly samples: SampleType }

/** Which loops run, and why. */
export type Arithmetic = { readonly algorithm: string; readonly reason: string }

/** Tells what an operation would do to an input; gives the exit status. */
export async function explain(
  operation: Operation,
  path: string | undefined,
  given: Call['given'],
  io: Io,
): Promise<number> {
  const own = resolve(explainSettings, ownOf(operation, given))
  const input = await inputOf(operation.input === 'volume', path, own)
  const result = await explanationOf(operation, input, given, path === undefined)
  const text = 'parameters' in result ? explanationText(operation, result) : filterText(result)
  await io.out(own.json ? `${JSON.stringify({ ...result, formula: operation.formula })}\n` : text)
  return 0
}

/** What is told of an operation over an input; without a picture, `isLayer`, there is no padding unless it is asked for. */
export async function explanationOf(
  operation: Operation,
  input: Input,
  given: Call['given'],
  isLayer: boolean,
): Promise<(Explanation & Arithmetic) | FilterExplanation> {
  const kernel =
    typeof given.kernel === 'string' ? await loadKernel(given.kernel, { names: namedKernels }) : undefined
  const name = explained.find((n) => n === operation.name)
  if (name === undefined) return filterOf(operation, input, given, kernel)
  const values = resolve(operation.params, pick(given, Object.keys(operation.params)))
  const settings = settingsOf(operation, given)
  const { shape } = input
  const { size, filters, multiplier, hidden } = resolve(explainSettings, ownOf(operation, given))
  const asked = Object.entries({ size, filters, multiplier, hidden }).filter(
    ([, value]) => value !== undefined,
  )
  const isTextbook = kernel === undefined && (isLayer || operation.kernel === 'required' || asked.length > 0)
  const made = await layerOf(name, { values, kernel, settings: kernelOptions(settings), shape, isTextbook })
  const other = kernel === undefined ? (values.pointwise === undefined ? undefined : 'pointwise') : 'kernel'
  const unfit = asked.find(([key]) => other === 'kernel' || (other === 'pointwise' && key === 'filters'))
  if (unfit !== undefined) {
    throw new ConvoError('E_OPTION', `--${unfit[0]} leaves nothing for --${other} to say`, {
      fix: 'one of the two',
    })
  }
  const layer: Layer = { ...made, ...Object.fromEntries(asked), keep: !isLayer }
  const explanation = explainOperator(name, shape, layer)
  return { ...explanation, ...arithmeticOf(operation, input, values, kernel, settings) }
}

/** The settings of explain that the operation has not itself. */
const ownOf = ({ params, shared }: Operation, given: Call['given']): Record<string, unknown> =>
  pick(
    given,
    Object.keys(explainSettings).filter(
      (key) =>
        key === 'depth' || key === 'json' || !(Object.hasOwn(params, key) || Object.hasOwn(shared, key)),
    ),
  )

/** The shared settings about kernels that were given. */
function settingsOf(operation: Operation, given: Call['given']): Settings {
  const keys = Object.keys(operation.shared).filter((key) => Object.hasOwn(correlationSettings, key))
  return resolve(sharedSettings, pick(given, keys))
}

/** Which loops an operator runs: those of filters for a plane kernel, else those of banks. */
function arithmeticOf(
  operation: Operation,
  { shape, samples }: Input,
  values: Values<Params>,
  kernel: Kernel | undefined,
  settings: Settings,
): Arithmetic {
  const bank = {
    algorithm: 'bank',
    reason: 'float32 taps in order, four filters side by side: the bits of the definition',
  }
  const { name } = operation
  if (name === 'maxpool' || name === 'unpool' || name === 'involution') {
    return { algorithm: 'loop', reason: 'float32, sample by sample' }
  }
  if (operation.kernel === 'required' && kernel === undefined) return bank
  const full = samples === 'u16' ? 65535 : 255
  const given = { values, kernel, settings: kernelOptions(settings), channels: shape[0]!, full } as const
  const step = operation.build(given)
  if (step.kind !== 'recipe') return bank
  const [height, width] = shape.slice(-2) as [number, number]
  const options = { ...filterOptions(settings, kernel?.border), ...step.options }
  const stencil = planRecipe(step.recipe, options, { width, height, samples }).stencils[0]
  return stencil === undefined ? bank : { algorithm: stencil.algorithm, reason: stencil.reason }
}

function filterOf(
  operation: Operation,
  input: Input,
  given: Call['given'],
  source: Kernel | undefined,
): FilterExplanation {
  const values = resolve(operation.params, pick(given, Object.keys(operation.params)))
  const settings = settingsOf(operation, given)
  const [channels = 1, height = 1, width = 1] = input.shape
  const full = input.samples === 'u16' ? 65535 : 255
  const step = operation.build({ values, kernel: source, settings: {}, channels, full })
  if (step.kind !== 'recipe') {
    throw new ConvoError('E_USAGE', `${operation.name} has no kernels to explain`, { why: operation.summary })
  }
  const options: FilterOptions = { ...filterOptions(settings, source?.border), ...step.options }
  const plan = planRecipe(step.recipe, options, { width, height, samples: input.samples })
  const taps = plan.stencils.reduce((sum, s) => sum + tapsOf(s), 0)
  return {
    operation: operation.name,
    summary: operation.summary,
    input: input.shape,
    output: [channels, plan.outHeight, plan.outWidth],
    combine: step.recipe.combine.kind,
    kernels: step.recipe.kernels.map((k, i) => {
      const { sum, isInteger, rank } = factsOf(k)
      const { algorithm, reason, kH, kW } = plan.stencils[i]!
      return { size: [kH, kW], sum, isInteger, rank, algorithm, reason }
    }),
    border: plan.border,
    samples: plan.samples,
    receptiveField: [plan.halo.top + plan.halo.bottom + 1, plan.halo.left + plan.halo.right + 1],
    step: plan.stride,
    strips: { count: Math.ceil(plan.outHeight / plan.stripRows), rows: plan.stripRows, halo: plan.halo },
    multiplications: taps * channels * plan.outHeight * plan.outWidth,
  }
}

/** Multiplications for one output sample; running sums and FFTs have none to speak of in these terms. */
function tapsOf(s: RecipePlan['stencils'][number]): number {
  if (s.algorithm === 'box') return 0
  return 'col' in s ? s.kH + s.kW : s.weights.filter((w) => w !== 0).length
}

function factsOf(k: PlaneKernel): { sum: number; isInteger: boolean; rank: number } {
  if (k.form === 'separable') {
    const total = (a: Float64Array) => a.reduce((s, v) => s + v, 0)
    const isInteger = [...k.col, ...k.row].every(Number.isInteger)
    return { sum: (total(k.col) * total(k.row)) / k.scale, isInteger, rank: 1 }
  }
  const { sum, isInteger, rank = 1 } = analyse(kernel(k.kernel.shape, k.kernel.weights))
  return { sum: sum / k.kernel.scale, isInteger, rank }
}

/** The input's shape, channels first: of a picture from its header, else as given, else a usual photograph. */
export async function inputOf(
  isVolume: boolean,
  path: string | undefined,
  own: Pick<Values<typeof explainSettings>, 'input' | 'depth'>,
): Promise<Input> {
  if (path !== undefined) {
    const { width, height, channels, depth, pages } = await readHeader(path, {
      maxPixels: Number.MAX_SAFE_INTEGER,
      orient: true,
    })
    const shape = isVolume ? [channels, pages, height, width] : [channels, height, width]
    return { shape, samples: samplesOf(own.depth ?? depth) }
  }
  const [a = 1, b = 1, c = 1, d] = own.input ?? (isVolume ? [16, 64, 64, 1] : [480, 640, 3])
  const shape = d === undefined ? [c, a, b] : [d, a, b, c]
  return { shape, samples: samplesOf(own.depth ?? 8) }
}

const samplesOf = (depth: number): SampleType => (depth === 8 ? 'u8' : depth === 16 ? 'u16' : 'f32')

const pick = (given: Call['given'], keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).filter(([key]) => keys.includes(key)))
