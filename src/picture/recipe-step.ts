import { inFloats } from '../conv/in-floats.ts'
import {
  confined,
  filterDefaults,
  type Planned,
  planRecipe,
  type RecipePlan,
  type SampleType,
} from '../conv/plan.ts'
import { flattens, type Recipe, single } from '../conv/recipe.ts'
import { ConvoError } from '../error.ts'
import { boundOf } from '../graph/bound.ts'
import {
  type Filter,
  filterNode,
  interleaved,
  nodeOf,
  outChannels,
  parted,
  planesNode,
  traced,
} from '../graph/node.ts'
import { plainTone, type Tone } from '../graph/tone.ts'
import { linearTables, srgb } from '../image/light.ts'
import { peakOf } from '../image/samples.ts'
import { kernel } from '../kernel/kernel.ts'
import { put } from '../run/bank.ts'
import { runToTensor } from '../run/graph.ts'
import type { Over } from '../run/graph-run.ts'
import type { PictureShape } from '../run/picture-job.ts'
import type { Session } from '../run/pool.ts'
import { hasAlpha } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import type { PictureTask, PlanFacts, RecipeStep } from './job.ts'
import type { Known } from './known.ts'
import { holdsFloats } from './output.ts'
import type { Settings } from './settings.ts'
import {
  floatsOf,
  graphOf,
  isPicture,
  isTransparent,
  type Pending,
  type PictureData,
  pendingOf,
  type State,
  tensorOf,
} from './state.ts'

/** Where a recipe is among the steps: tones apply on the way in, light is encoded on the way out. */
export type Position = { readonly isFirst: boolean; readonly isLast: boolean }

/** The step that changes nothing: by it samples take on a tone, and what a network operator made goes to the file. */
export const identity: RecipeStep = {
  kind: 'recipe',
  recipe: single(kernel([1, 1], [1])),
  options: filterDefaults,
}

/** Gray and linear light of a picture with alpha, where they are asked for, before a step that takes it as a tensor. */
export async function toneStep(session: Session, state: State, task: PictureTask): Promise<State> {
  const { gray, linear } = task.settings
  if (state.data.kind !== 'picture' || !isTransparent(state.data) || !(gray || linear)) return state
  return { ...(await recipeStep(session, state, identity, task, true)), plans: state.plans }
}

/** @throws ConvoError E_OPTION for tones that volumes and maps are not given */
export function refuseTone({ settings: { gray, linear } }: PictureTask, what: string): void {
  if (!gray && !linear) return
  throw new ConvoError(
    'E_OPTION',
    `--${gray ? 'gray' : 'linear'} works on pictures, and the input is ${what}`,
    {
      fix: 'convert the pictures first, with convo batch',
    },
  )
}

/**
 * A recipe between two steps, which is written down and runs with the steps around it: floats go in and out. Maps and
 * slices are filtered one by one.
 */
export async function recipeStep(
  session: Session,
  state: State,
  step: RecipeStep,
  task: PictureTask,
  isFirst: boolean,
): Promise<State> {
  const { data } = state
  if (isPicture(data)) {
    const { filter, over } = await prepareRecipe(session, step, task, data, { isFirst, isLast: false })
    const made = filterNode(filter, over.out && interleaved(over.out))
    const out = traced(parted(made, outChannels(filter, filter.tone)))
    const { source } = over
    const next = { kind: 'graph', out, source, full: filter.full, isPicture: true } as const
    return { ...state, data: next, plans: [...state.plans, ...planFacts(filter.plan, false)] }
  }
  const { full } = data
  const flat = data.kind === 'tensor' ? pendingOf({ ...data, tensor: slicesOf(data.tensor) }) : data
  const { out: x } = graphOf(flat)
  const [, height, width] = x.shape
  const { plan, over } = await planned(session, { out: x, source: flat.source }, (peak) =>
    planRecipe(step.recipe, step.options, { width, height, samples: 'f32', peak }),
  )
  const made = filterNode({ plan, tone: plainTone, channels: 1, full }, over.out)
  const plans = [...state.plans, ...planFacts(plan, false)]
  const next: Pending = { ...flat, out: traced(made), source: over.source }
  if (data.kind !== 'tensor' || data.tensor.shape.length === 3) return { ...state, plans, data: next }
  const { data: samples } = await tensorOf(session, next)
  const tensor = new Tensor([...data.tensor.shape.slice(0, -2), plan.outHeight, plan.outWidth], samples)
  return { ...state, plans, data: { ...data, tensor } }
}

/** The slices of a volume, or maps, as planes. */
const slicesOf = ({ shape, data }: Tensor): Tensor => {
  const [height = 1, width = 1] = shape.slice(-2)
  return new Tensor([data.length / (height * width), height, width], data)
}

/**
 * Plans a recipe over samples that may have any size. Where an FFT may run it has to be known how large they are: a bound
 * is enough, but where there is none or it is too large, what the recipe meets is computed before.
 */
async function planned(
  session: Session,
  over: Over,
  plan: (peak: (() => number) | undefined) => RecipePlan,
): Promise<{ readonly plan: RecipePlan; readonly over: Over }> {
  const ofSource = () => {
    const picture = over.source?.picture
    return picture?.depth === 32 ? peakOf(floatsOf(picture)) : (picture?.full ?? Number.POSITIVE_INFINITY)
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
  const whole = await runToTensor(session, { out, source })
  return { plan: plan(() => peakOf(whole.data)), over: { out: planesNode(whole) } }
}

/** A recipe over a picture, planned. */
export async function prepareRecipe(
  session: Session,
  step: RecipeStep,
  task: PictureTask,
  data: PictureData,
  position: Position,
): Promise<{ readonly filter: Filter; readonly over: Over }> {
  const shape = pictureShape(data)
  const { channels, full } = shape
  const asked = toneOf(step.recipe, task, shape, position)
  const tone =
    asked.table === 0
      ? asked
      : { ...asked, table: put(session.arena, linearTables(asked.light ?? srgb, full)) }
  const given: Over =
    data.kind === 'picture' ? { source: { picture: data.picture, gray: false } } : graphOf(data)
  const { plan, over } = await planned(session, given, (peak) => planOver(step, { ...shape, peak }, tone))
  return { filter: { plan, tone, channels, full }, over }
}

/** What the samples of a picture are. */
function pictureShape(data: PictureData): PictureShape {
  if (data.kind === 'picture') return data.picture
  const [channels, height, width] = nodeOf(data.out).shape
  return { width, height, channels: channels as 1 | 2 | 3 | 4, depth: 32, full: data.full }
}

/** What a recipe would do to data of which only the shape is known, as the run decides it. */
export function planKnown(
  step: RecipeStep,
  task: Pick<PictureTask, 'settings' | 'range' | 'output'>,
  known: Omit<Known, 'notes' | 'ofPages'>,
  position: Position,
): { readonly plan: RecipePlan; readonly channels: number } {
  const { channels } = known
  if (known.isMaps || !isFew(channels))
    return { plan: planOver(step, { ...known, depth: 32 }, plainTone), channels }
  const tone = toneOf(step.recipe, task, { ...known, channels }, position)
  return { plan: planOver(step, known, tone), channels: outChannels({ channels }, tone) }
}

const isFew = (channels: number): channels is 1 | 2 | 3 | 4 => channels <= 4

/**
 * How alpha meets a recipe. Where the kernels are a mean, alpha is filtered with the colours and divides them. Where they
 * take flat areas to zero there is nothing to divide by: alpha stays, and a pixel sees its own colour where others are
 * transparent, so that it has no edge to nothing. `copy` asks for this of means too. In both, hidden colours count for
 * nothing; `separate` takes alpha for a channel, and they count.
 */
function alphaOf(recipe: Recipe, asked: Settings['alpha']): Tone['alpha'] {
  if (asked === 'separate') return 'separate'
  return asked === 'copy' || flattens(recipe) ? 'own' : 'premultiply'
}

/** What happens to samples and alpha; `table` is 1 where linear light is asked for, and its address is not known yet. */
export function toneOf(
  recipe: Recipe,
  task: Pick<PictureTask, 'settings' | 'range' | 'output'> & Partial<Pick<PictureTask, 'light'>>,
  picture: Pick<PictureShape, 'channels' | 'depth'>,
  { isFirst, isLast }: Position,
): Tone {
  const { linear, gray, alpha } = task.settings
  if (linear && picture.depth === 32 && isFirst) {
    throw new ConvoError('E_OPTION', '--linear needs 8-bit or 16-bit samples, and this input has floats')
  }
  const encode = linear && isLast && !holdsFloats(task)
  // as a channel like the others alpha takes the faster ways
  const isLikeColours = alpha === 'separate' && !encode && (!isLast || ['clamp', 'raw'].includes(task.range))
  return {
    gray: gray && isFirst && picture.channels >= 3,
    table: linear && isFirst ? 1 : 0,
    encode,
    ...(linear && task.light !== undefined && { light: task.light }),
    alpha: !hasAlpha(picture.channels) || isLikeColours ? 'plain' : alphaOf(recipe, alpha),
  }
}

/** The plan of a recipe over a picture: native samples where the tone leaves them as they are. */
function planOver(
  { recipe, options }: RecipeStep,
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

/** A plan as reports show it; what runs with other steps around it goes in their strips. */
export function planFacts(plan: RecipePlan, isAlone: boolean): PlanFacts[] {
  return plan.stencils.map((s) => ({
    algorithm: s.algorithm,
    reason: s.reason,
    kernel: `${s.kW}x${s.kH}`,
    border: plan.border,
    ...(isAlone && { stripRows: plan.stripRows }),
  }))
}
