import { inFloats } from '../conv/in-floats.ts'
import {
  confined,
  type FilterOptions,
  filterDefaults,
  type Planned,
  planRecipe,
  type RecipePlan,
  type SampleType,
} from '../conv/plan.ts'
import { flattens, type Recipe, single } from '../conv/recipe.ts'
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
import { kernel } from '../kernel/kernel.ts'
import type { Graph, Over, PictureShape, Source, SourcePicture } from '../run/picture-job.ts'
import { extremes, hasAlpha, seenIn } from '../tensor/picture.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { PictureTask, PlanFacts } from './job.ts'
import { holdsFloats } from './output.ts'
import type { Settings } from './settings.ts'
import { type Pending, pictureOf, slicesIn } from './state.ts'

// Recipes on a picture: the tones on its way in and out, how alpha meets the kernels, and which arithmetic runs.

/** What may be looked at while steps are written down. */
export type Ground = {
  /** Computes what is written down; without it nothing is, and samples that nobody has seen are taken for levels. */
  readonly compute?: (graph: Graph) => Promise<Tensor>
  /** The largest magnitude in a picture of floats. */
  peak(picture: SourcePicture): number
}

/** What a run may look at: everything. */
export const groundOf = (compute: NonNullable<Ground['compute']>): Ground => ({
  compute,
  peak(picture) {
    if (picture.largest !== undefined) return picture.largest
    invariant('data' in picture, 'float samples are there at once')
    return seenIn(picture.data).peak
  },
})

/** The recipe that changes nothing: by it samples take on a tone, and what other steps made goes to the file. */
const identity = single(kernel([1, 1], [1]))

type Tones = Pick<PictureTask, 'settings'> & Partial<Pick<PictureTask, 'light'>>

/** Gray and linear light of a picture on its way in; `table` is 1 where its address is not known yet. @throws ConvoError E_OPTION */
function tonesOf(
  { settings: { gray, linear }, light }: Tones,
  { channels, depth }: Pick<PictureShape, 'channels' | 'depth'>,
  isFirst = true,
): Pick<Tone, 'gray' | 'table' | 'light'> {
  if (linear && depth === 32 && isFirst) {
    throw new ConvoError('E_OPTION', '--linear needs 8-bit or 16-bit samples, and this input has floats')
  }
  return {
    gray: gray && isFirst && channels >= 3,
    table: linear && isFirst ? 1 : 0,
    ...(linear && light !== undefined && { light }),
  }
}

/** The picture as steps on planes meet it first, in gray or linear light where that is asked for. */
export function tonedSource(
  task: PictureTask,
  picture: SourcePicture,
): { source: Source; channels: 1 | 2 | 3 | 4 } {
  const { gray, table, light = srgb } = tonesOf(task, picture)
  const source = { picture, gray, light: table === 0 ? undefined : light }
  return { source, channels: outChannels(picture, { gray }) }
}

/**
 * How alpha meets a recipe. Where the kernels are a mean, alpha is filtered with the colours and divides them. Where they
 * take flat areas to zero there is nothing to divide by: alpha stays, and a pixel sees its own colour where others are
 * transparent, so that it has no edge to nothing. `copy` asks for this of means too. In both, hidden colours count for
 * nothing; `separate` takes alpha for a channel, and they count.
 */
function alphaOf(recipe: Recipe, channels: number, asked: Settings['alpha']): Tone['alpha'] {
  // as a channel like the others alpha takes the faster ways
  if (asked === 'separate' || !hasAlpha(channels)) return 'plain'
  return asked === 'copy' || flattens(recipe) ? 'own' : 'premultiply'
}

/** A recipe over a picture or maps that are written down, which is written down behind them. */
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
    alpha: alphaOf(recipe, channels, task.settings.alpha),
  }
  const given: Over = picture === undefined ? { out: x, source } : { source: { picture, gray: false } }
  const { plan, over } = await planned(ground, given, (peak) =>
    planOver(recipe, options, { ...shape, peak }, tone),
  )
  const made = filterNode({ plan, tone, channels, full }, over.out && interleaved(over.out))
  return parted(made, outChannels({ channels }, tone))
}

/**
 * Plans a recipe over samples that may have any size. Where an FFT may run it has to be known how large they are: a bound
 * is enough, but where there is none or it is too large, what the recipe meets is computed before.
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

/** The plan of a recipe over a picture: native samples where the tone leaves them as they are. */
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

/** The plan of the recipe that made something; nothing where another step made it. */
export function planOf(made: Node): RecipePlan | undefined {
  const { work } = beforeParting(made)
  return work.kind === 'filter' ? work.filter.plan : undefined
}

/** The filter that made a picture or a map, and what it runs over; nothing where another step made it. */
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

/** What a picture goes through on its way into the file, and over what: the filter that made it, or one that changes nothing. */
export function finishOf(data: Pending, task: PictureTask): { readonly filter: Filter; readonly over: Over } {
  const last = filterOf(data)
  if (last !== undefined) return { ...last, filter: { ...last.filter, tone: lastTone(last.filter, task) } }
  const [channels, height, width] = nodeOf(data.out).shape
  const { full, isMoved, out, source } = data
  const { alpha } = task.settings
  // what was only moved is written with its hidden colours, unless alpha is asked for
  const asked = isMoved ? (alpha ?? 'separate') : alpha
  const shape = { width, height, channels: channels as 1 | 2 | 3 | 4, full }
  return { filter: plainFilter(shape, task, asked), over: { out: nodeOf(out), source } }
}

/** The filter that changes nothing, on its way into the file. */
export function plainFilter(
  { width, height, channels, full }: Omit<PictureShape, 'depth'>,
  task: PictureTask,
  alpha?: Settings['alpha'],
): Filter {
  const plan = planRecipe(identity, filterDefaults, { width, height, samples: 'f32' })
  const filter = { plan, channels, full, tone: { ...plainTone, alpha: alphaOf(identity, channels, alpha) } }
  return { ...filter, tone: lastTone(filter, task) }
}

/** The tone of a filter that goes into the file: light is encoded, and range and light are those of the colours alone. */
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

/** A plan as reports show it; what runs with other steps around it goes in their strips. */
export const planFacts = (plan: RecipePlan, isAlone: boolean): PlanFacts[] =>
  plan.stencils.map((s) => ({
    algorithm: s.algorithm,
    reason: s.reason,
    kernel: `${s.kW}x${s.kH}`,
    border: plan.border,
    ...(isAlone && { stripRows: plan.stripRows }),
  }))
