import { type FilterOptions, planRecipe, type RecipePlan, type SampleType } from '../../conv/plan.ts'
import type { PlaneKernel, Recipe } from '../../conv/recipe.ts'
import { ConvoError } from '../../error.ts'
import { namedKernels } from '../../filters/names.ts'
import { readHeader } from '../../image/codec.ts'
import { analyse } from '../../kernel/analyse.ts'
import { type Kernel, kernel } from '../../kernel/kernel.ts'
import { loadKernel } from '../../kernel/source.ts'
import { type Explanation, explainOperator, type Layer } from '../../operators/explain.ts'
import { explained } from '../../operators/explain-formulas.ts'
import { resolve, type Values } from '../../params.ts'
import type { Call } from '../command.ts'
import { drawingFormat, writeDrawing } from '../draw/file.ts'
import { type Io, lineWidth } from '../io.ts'
import type { Operation } from '../operations.ts'
import { filterOptions, kernelOptions, sharedSettings } from '../settings.ts'
import { explainSettings } from './settings.ts'
import { type Strips, stripsOfBank, stripsOfRecipe } from './strips.ts'
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
  readonly strips: Strips
  /** Of the whole filter: taps that are multiplied for each sample, and the samples. */
  readonly multiplications: number
}

type Input = { readonly shape: readonly number[]; readonly samples: SampleType }

/** Which loops run, and why. */
export type Arithmetic = { readonly algorithm: string; readonly reason: string; readonly strips?: Strips }

/** Kernels that are one plane each, and what is made of a step by them. */
type Planned = { readonly recipe: Recipe; readonly plan: RecipePlan }

/** Tells what an operation would do to an input; gives the exit status. */
export async function explain(
  operation: Operation,
  path: string | undefined,
  given: Call['given'],
  io: Io,
): Promise<number> {
  const own = resolve(explainSettings, pick(given, Object.keys(explainSettings)))
  const source =
    typeof given.kernel === 'string' ? await loadKernel(given.kernel, { names: namedKernels }) : undefined
  const input = await inputOf(operation, path, own)
  const { svg } = own
  if (svg !== undefined) drawingFormat(svg)
  if (svg === '-' && own.json) {
    throw new ConvoError('E_USAGE', '--json and the drawing cannot both go to standard output', {
      fix: '--svg with a file',
    })
  }
  const told = tell(operation, { input, isPicture: path !== undefined, own, given, source })
  if (svg !== undefined) await writeDrawing(await told.draw(), svg)
  if (svg === '-') return 0
  await io.out(own.json ? `${JSON.stringify({ ...told.result, formula: operation.formula })}\n` : told.text())
  return 0
}

type Told = {
  readonly result: object
  text(): string
  draw(): Promise<string>
}

function tell(operation: Operation, asked: Asked): Told {
  if (!(explained as readonly string[]).includes(operation.name)) {
    const { input, given, source } = asked
    const kernels = planned(operation, input, given, source)
    const result = filterOf(operation, input, kernels)
    return {
      result,
      text: () => filterText(result, lineWidth()),
      async draw() {
        const { drawFilter } = await import('./drawing.ts')
        return drawFilter(result, kernels.recipe.kernels, kernels.plan.stride)
      },
    }
  }
  const result = explainedOperator(operation, asked)
  return {
    result,
    text: () => explanationText(operation, result, lineWidth()),
    async draw() {
      const { drawOperator } = await import('./drawing.ts')
      return drawOperator(operation, result, asked.source)
    },
  }
}

type Asked = {
  readonly input: Input
  /** True where the input is a picture: the operator's own padding is told, not the textbook's. */
  readonly isPicture: boolean
  readonly own: Values<typeof explainSettings>
  readonly given: Call['given']
  readonly source: Kernel | undefined
}

function explainedOperator(operation: Operation, asked: Asked): Explanation & Arithmetic {
  const { own, given, source } = asked
  const { size, filters, multiplier, hidden, stride, dilation, padding } = own
  const layer = { kernel: source, size, filters, multiplier, hidden, stride, dilation, padding }
  const { groups } = resolve({ groups: sharedSettings.groups }, pick(given, ['groups']))
  const plan = planOf(operation, asked)
  const usual = {
    ...(asked.isPicture ? usualOnPictures(operation.name, asked.input.shape, layer) : {}),
    ...(source === undefined && plan !== undefined ? { size: sizeOfPlane(plan.recipe.kernels[0]!) } : {}),
  }
  const chosen = { ...usual, ...defined({ ...layer, groups }) }
  const explanation = explainOperator(operation.name, asked.input.shape, chosen)
  return { ...explanation, ...arithmeticOf(operation.name, plan, explanation) }
}

/** What an operator does with a picture unless it is told otherwise: as many pixels as there are, over the stride. */
function usualOnPictures(
  name: string,
  [channels]: readonly number[],
  { kernel, size, stride }: Layer,
): Layer {
  if (name === 'maxpool' || name === 'unpool' || name === 'pointwise') return {}
  if (name !== 'transposed') return { padding: 'same' }
  if (kernel !== undefined || size !== undefined) return {}
  // tents that meet half way, cut to stride times the picture
  const steps = typeof stride === 'object' ? stride : [stride ?? 2, stride ?? 2]
  const taps = steps.map((s) => 2 * s - (s % 2))
  const cut = steps.map((s, i) => [Math.ceil((taps[i]! - s) / 2), Math.floor((taps[i]! - s) / 2)] as const)
  return { size: taps, padding: cut, ...(channels === undefined ? {} : { groups: channels }) }
}

const sizeOfPlane = (k: PlaneKernel): [number, number] =>
  k.form === 'separable' ? [k.col.length, k.row.length] : [k.kernel.shape[0]!, k.kernel.shape[1]!]

const defined = (layer: Layer): Layer =>
  Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined))

/** Which loops an operator runs: those of filters for kernels of one plane, else those of banks. */
function arithmeticOf(name: string, planned: Planned | undefined, explanation: Explanation): Arithmetic {
  if (name === 'maxpool' || name === 'unpool' || name === 'involution') {
    return { algorithm: 'loop', reason: 'float32, sample by sample' }
  }
  const [stencil] = planned?.plan.stencils ?? []
  if (planned !== undefined && stencil !== undefined) {
    return {
      algorithm: stencil.algorithm,
      reason: stencil.reason,
      strips: stripsOfRecipe(planned.plan),
    }
  }
  if (name === 'separable') {
    return {
      algorithm: 'separable',
      reason: 'a column and a row, in whole numbers where the weights are whole',
    }
  }
  const reason = 'float32 taps in order, four filters side by side: the bits of the definition'
  return { algorithm: 'bank', reason, strips: stripsOfBank(explanation) }
}

/** The plan of an operator that runs as a filter does, with the kernel that it is asked with. */
function planOf(operation: Operation, { input, given, source, own }: Asked): Planned | undefined {
  const isOnePlane = source?.shape.length === 2 && ['conv2d', 'dilated', 'depthwise'].includes(operation.name)
  if (!isOnePlane && !(operation.name === 'separable' && own.size === undefined)) return undefined
  return planned(operation, input, given, source)
}

function filterOf(operation: Operation, input: Input, { recipe, plan }: Planned): FilterExplanation {
  const [channels = 1] = input.shape
  const taps = plan.stencils.reduce((sum, s) => sum + tapsOf(s), 0)
  return {
    operation: operation.name,
    summary: operation.summary,
    input: input.shape,
    output: [channels, plan.outHeight, plan.outWidth],
    combine: recipe.combine.kind,
    kernels: recipe.kernels.map((k, i) => {
      const { sum, isInteger, rank } = factsOf(k)
      const { algorithm, reason, kH, kW } = plan.stencils[i]!
      return { size: [kH, kW], sum, isInteger, rank, algorithm, reason }
    }),
    border: plan.border,
    samples: plan.samples,
    strips: stripsOfRecipe(plan),
    multiplications: taps * channels * plan.outHeight * plan.outWidth,
  }
}

/** The kernels of an operation and how they would be run. @throws ConvoError E_USAGE for one without kernels */
function planned(
  operation: Operation,
  input: Input,
  given: Call['given'],
  source: Kernel | undefined,
): Planned {
  const values = resolve(operation.params, pick(given, Object.keys(operation.params)))
  const keys = Object.keys(operation.shared).filter(
    (key) => Object.hasOwn(sharedSettings, key) && key !== 'json' && key !== 'depth',
  )
  const settings = resolve(sharedSettings, pick(given, keys))
  const [channels = 1, height = 1, width = 1] = input.shape
  const full = input.samples === 'u16' ? 65535 : 255
  const step = operation.build({ values, kernel: source, settings: kernelOptions(settings), channels, full })
  if (step.kind !== 'recipe') {
    throw new ConvoError('E_USAGE', `${operation.name} has no kernels to explain`, { why: operation.summary })
  }
  const options: FilterOptions = { ...filterOptions(settings, source?.border), ...step.options }
  return {
    recipe: step.recipe,
    plan: planRecipe(step.recipe, options, { width, height, samples: input.samples }),
  }
}

/** Multiplications for one output sample; running sums and FFTs have none to speak of in these terms. */
function tapsOf(s: RecipePlan['stencils'][number]): number {
  if (s.algorithm === 'box' || s.algorithm.startsWith('fft')) return 0
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
async function inputOf(
  operation: Operation,
  path: string | undefined,
  own: Values<typeof explainSettings>,
): Promise<Input> {
  if (path !== undefined) {
    const { width, height, channels, depth, pages } = await readHeader(path, {
      maxPixels: Number.MAX_SAFE_INTEGER,
      orient: true,
    })
    const isVolume = operation.input === 'volume'
    const shape = isVolume ? [channels, pages, height, width] : [channels, height, width]
    return { shape, samples: samplesOf(own.depth ?? depth) }
  }
  const [a = 1, b = 1, c = 1, d] =
    own.input ?? (operation.input === 'volume' ? [16, 64, 64, 1] : [480, 640, 3])
  const shape = d === undefined ? [c, a, b] : [d, a, b, c]
  return { shape, samples: samplesOf(own.depth ?? 8) }
}

const samplesOf = (depth: number): SampleType => (depth === 8 ? 'u8' : depth === 16 ? 'u16' : 'f32')

const pick = (given: Call['given'], keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).filter(([key]) => keys.includes(key)))
