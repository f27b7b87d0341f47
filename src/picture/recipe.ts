import { inFloats } from '../conv/in-floats.ts'
import {
  confined,
  type FilterOptions,
  type Planned,
  planPlain,
  planRecipe,
  type RecipePlan,
  type SampleType,
} from '../conv/plan.ts'
import { flattens, type Recipe } from '../conv/recipe.ts'
import { ConvoError, invariant } from '../error.ts'
import { boundOf } from '../graph/bound.ts'
import {
  type Filter,
  filterNode,
  interleaved,
  type Node,
  nodeOf,
  outChannels,
  parted,
  planesNode,
} from '../graph/node.ts'
import { plainTone, type Tone } from '../graph/tone.ts'
import { srgb } from '../image/light.ts'
import type { Graph, Over, PictureShape, Source, SourcePicture } from '../run/picture-job.ts'
import { extremes, hasAlpha, seenIn } from '../tensor/picture.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { PictureTask, PlanFacts } from './job.ts'
import { holdsFloats } from './output.ts'
import type { Settings } from './settings.ts'
import { type Pending, pictureOf, slicesIn } from './state.ts'

// Recipes on a picture: the tones of input and output, how alpha is filtered, and which arithmetic runs.

/** What may be inspected while steps are traced. */
export type Ground = {
  /** Computes a traced graph. Without it nothing is computed, and unknown samples are assumed to be levels. */
  readonly compute?: (graph: Graph) => Promise<Tensor>
  /** Returns the largest magnitude in a picture of floats. */
  peak(picture: SourcePicture): number
}

/** The ground of a run, which may inspect everything. */
export const groundOf = (compute: NonNullable<Ground['compute']>): Ground => ({
  compute,
  peak(picture) {
    if (picture.largest !== undefined) return picture.largest
    invariant('data' in picture, 'float samples are there at once')
    return seenIn(picture.data).peak
  },
})

type Tones = Pick<PictureTask, 'settings'> & Partial<Pick<PictureTask, 'light'>>

/**
 * Returns the gray and linear-light tones of an input. `table` is 1 until its address is known.
 *
 * @throws ConvoError E_OPTION
 */
function tonesOf(
  { settings: { gray, linear }, light }: Tones,
  { channels, depth }: Pick<PictureShape, 'channels' | 'depth'>,
  isFirst = true,
): Pick<Tone, 'gray' | 'table' | 'light'> {
  if (linear && depth === 32 && isFirst) {
    throw new ConvoError('E_OPTION', '--linear needs 8-bit or 16-bit samples, and this input has floats', {
      fix: 'no --linear',
    })
  }
  return {
    gray: gray && isFirst && channels >= 3,
    table: linear && isFirst ? 1 : 0,
    ...(linear && light !== undefined && { light }),
  }
}

/** Returns the picture for the first step on planes, in gray or linear light if requested. */
export function tonedSource(
  task: PictureTask,
  picture: SourcePicture,
): { source: Source; channels: 1 | 2 | 3 | 4 } {
  const { gray, table, light = srgb } = tonesOf(task, picture)
  const source = { picture, gray, light: table === 0 ? undefined : light }
  return { source, channels: outChannels(picture, { gray }) }
}

/**
 * Chooses how alpha is filtered with a recipe.
 *
 * If the kernels compute a mean, alpha is filtered with the colours and divides them. If they take flat areas to zero,
 * there is nothing to divide by: alpha is kept, and a pixel uses its own colour for transparent neighbours, so that no
 * edge appears beside them. `copy` requests this for means too. In both cases hidden colours have no effect. With
 * `separate`, alpha is one more channel, and hidden colours count.
 */
function alphaOf(isFlattening: boolean, channels: number, asked: Settings['alpha']): Tone['alpha'] {
  // alpha as an ordinary channel can use the faster methods
  if (asked === 'separate' || !hasAlpha(channels)) return 'plain'
  return asked === 'copy' || isFlattening ? 'own' : 'premultiply'
}

/** Traces a recipe over a picture or maps that are already traced. */
export async function recipeOver(
  ground: Ground,
  data: Pending,
  recipe: Recipe,
  options: FilterOptions,
  task: PictureTask,
  isFirst: boolean,
): Promise<Node> {
  const { source, full } = data
  const x = nodeOf(data.out)
  const [count, height, width] = x.shape
  if (!data.isPicture) {
    const slices = slicesIn(data) ?? 1
    const { plan, over } = await planned(ground, { out: x, source }, (peak) =>
      planRecipe(recipe, options, { width, height: height / slices, samples: 'f32', peak }),
    )
    return filterNode({ plan, tone: plainTone, channels: 1, full }, over.out, slices)
  }
  const picture = pictureOf(data)
  const channels = count as 1 | 2 | 3 | 4
  const shape = picture ?? ({ width, height, channels, depth: 32, full } as const)
  const tone = {
    ...tonesOf(task, shape, isFirst),
    encode: false,
    alpha: alphaOf(flattens(recipe), channels, task.settings.alpha),
  }
  const given: Over = picture === undefined ? { out: x, source } : { source: { picture, gray: false } }
  const { plan, over } = await planned(ground, given, (peak) =>
    planOver(recipe, options, { ...shape, peak }, tone),
  )
  const made = filterNode({ plan, tone, channels, full }, over.out && interleaved(over.out))
  return parted(made, outChannels({ channels }, tone))
}

/**
 * Plans a recipe over samples of any magnitude. If an FFT may run, the magnitude must be known. A bound is enough; if
 * there is none or it is too large, the input of the recipe is computed first.
 */
async function planned(
  { compute, peak }: Ground,
  over: Over,
  plan: (peak: (() => number) | undefined) => RecipePlan,
): Promise<{ readonly plan: RecipePlan; readonly over: Over }> {
  const ofSource = () => {
    const picture = over.source?.picture
    return picture?.depth === 32 ? peak(picture) : (picture?.full ?? Number.POSITIVE_INFINITY)
  }
  const { out, source } = over
  if (out === undefined) return { over, plan: plan(source.picture.depth === 32 ? ofSource : undefined) }
  let isAsked = false
  try {
    const made = plan(() => {
      isAsked = true
      return boundOf(out, ofSource)
    })
    if (!isAsked || made.stencils.every(({ reason }) => reason !== confined)) return { plan: made, over }
  } catch (error) {
    if (!isAsked) throw error
  }
  if (compute === undefined) return { plan: plan(undefined), over }
  const whole = await compute({ out, source })
  const found = await extremes(whole.data)
  return { plan: plan(() => found.peak), over: { out: planesNode(whole) } }
}

/** Plans a recipe over a picture. It uses native samples if the tone does not change them. */
function planOver(
  recipe: Recipe,
  options: FilterOptions,
  picture: Pick<PictureShape, 'width' | 'height' | 'depth' | 'full'> & Pick<Planned, 'peak'>,
  tone: Tone,
): RecipePlan {
  const native: SampleType = picture.depth === 8 ? 'u8' : picture.depth === 16 ? 'u16' : 'f32'
  const converted = tone.gray || tone.table !== 0 || tone.alpha === 'premultiply'
  const { peak } = picture
  const weighted = peak && (() => peak() * picture.full)
  const own = tone.alpha === 'premultiply' ? weighted : peak
  const plan = planRecipe(recipe, options, { ...picture, samples: converted ? 'f32' : native, peak: own })
  return tone.alpha === 'own' ? inFloats(plan) : plan
}

const beforeParting = (node: Node): Node =>
  node.work.kind === 'layer' && node.work.name === 'parted' ? node.inputs[0]! : node

/** Returns the plan of the recipe that made a node, or undefined if another step made it. */
export function planOf(made: Node): RecipePlan | undefined {
  const { work } = beforeParting(made)
  return work.kind === 'filter' ? work.filter.plan : undefined
}

/** Returns the filter that made a picture or a map, with its input, or undefined if another step made it. */
export function filterOf({ out, source }: Pick<Pending, 'out' | 'source'>) {
  const made = nodeOf(out)
  const node = beforeParting(made)
  if (node.work.kind !== 'filter') return undefined
  const { filter } = node.work
  if (outChannels(filter, filter.tone) !== made.shape[0]) return undefined
  const [x] = node.inputs
  if (x !== undefined) return { filter, over: { out: x, source } }
  return source && { filter, over: { source } }
}

/**
 * Returns the last filter before the file, with its input: the filter that made the picture, or one that changes
 * nothing.
 */
export function finishOf(data: Pending, task: PictureTask): { readonly filter: Filter; readonly over: Over } {
  const last = filterOf(data)
  if (last !== undefined) return { ...last, filter: { ...last.filter, tone: lastTone(last.filter, task) } }
  const [channels, height, width] = nodeOf(data.out).shape
  const { full, isMoved, out, source } = data
  const { alpha } = task.settings
  // a picture that was only moved keeps its hidden colours, unless an alpha mode is chosen
  const asked = isMoved ? (alpha ?? 'separate') : alpha
  const shape = { width, height, channels: channels as 1 | 2 | 3 | 4, full }
  return { filter: plainFilter(shape, task, asked), over: { out: nodeOf(out), source } }
}

/** Returns the filter that changes nothing except for the tone of the output. */
export function plainFilter(
  { width, height, channels, full }: Omit<PictureShape, 'depth'>,
  task: PictureTask,
  alpha?: Settings['alpha'],
): Filter {
  const plan = planPlain(width, height, 'f32')
  const filter = { plan, channels, full, tone: { ...plainTone, alpha: alphaOf(false, channels, alpha) } }
  return { ...filter, tone: lastTone(filter, task) }
}

/** Returns the tone of the last filter: light is encoded, and range and light apply to the colours only. */
function lastTone({ tone, channels }: Filter, task: PictureTask): Tone {
  const { light, range, settings } = task
  const encode = settings.linear && !holdsFloats(task)
  const isApart =
    tone.alpha === 'plain' && hasAlpha(channels) && (encode || !['clamp', 'raw'].includes(range))
  return {
    ...tone,
    encode,
    ...(settings.linear && light !== undefined && { light }),
    ...(isApart && { alpha: 'separate' }),
  }
}

/** Returns a plan as reports show it. A recipe that runs with other steps shares their strips. */
export const planFacts = (plan: RecipePlan, isAlone: boolean): PlanFacts[] =>
  plan.stencils.map((s) => ({
    algorithm: s.algorithm,
    reason: s.reason,
    kernel: `${s.kW}x${s.kH}`,
    border: plan.border,
    ...(isAlone && { stripRows: plan.stripRows }),
  }))

/** The note that plans avoid an FFT because of the samples. */
export const notesOfPlans = (plans: readonly PlanFacts[]): string[] =>
  plans.some(({ reason }) => reason === confined)
    ? [
        'some samples are not finite or very large, and an FFT would spread them: the slower direct sums were used',
      ]
    : []
