import { inFloats } from '../conv/in-floats.ts'
import { filterDefaults, type Planned, planRecipe, type RecipePlan, type SampleType } from '../conv/plan.ts'
import { flattens, type Recipe, single } from '../conv/recipe.ts'
import { ConvoError } from '../error.ts'
import { linearTables, srgb } from '../image/light.ts'
import { peakOf } from '../image/samples.ts'
import { kernel } from '../kernel/kernel.ts'
import { put } from '../run/bank.ts'
import type { Tone } from '../run/picture-job.ts'
import { runRecipe, type SourcePicture } from '../run/pictures.ts'
import type { Session } from '../run/pool.ts'
import { hasAlpha } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import type { PlanFacts, RecipeStep, Task } from './job.ts'
import type { Known } from './known.ts'
import { outputKind } from './output.ts'
import type { Settings } from './settings.ts'
import { type Data, floatsOf, isTransparent, type State, settled } from './state.ts'

/** Where a recipe stands among the steps: tones apply on the way in, light is encoded on the way out. */
export type Position = { readonly isFirst: boolean; readonly isLast: boolean }

/** The step that changes nothing: by it samples take on a tone, and what a network operator made goes to the file. */
export const identity: RecipeStep = {
  kind: 'recipe',
  recipe: single(kernel([1, 1], [1])),
  options: filterDefaults,
}

/** Gray and linear light of a picture with alpha, where they are asked for, before a step that takes it as a tensor. */
export async function toneStep(session: Session, state: State, task: Task): Promise<State> {
  const { gray, linear } = task.settings
  if (state.data.kind !== 'picture' || !isTransparent(state.data) || !(gray || linear)) return state
  const { picture } = await filterPicture(session, state.data.picture, identity, task, true)
  return { ...state, data: { kind: 'picture', picture } }
}

/** @throws ConvoError E_OPTION for tones that volumes and maps are not given */
export function refuseTone({ settings: { gray, linear } }: Task, what: string): void {
  if (!gray && !linear) return
  throw new ConvoError(
    'E_OPTION',
    `--${gray ? 'gray' : 'linear'} is for pictures, and the input is ${what}`,
    {
      fix: 'pictures turned so before, one by one: convo batch',
    },
  )
}

/** A recipe between two steps: its float result is the next step's input. Maps are filtered one by one. */
export async function recipeStep(
  session: Session,
  state: State,
  step: RecipeStep,
  task: Task,
  isFirst: boolean,
): Promise<State> {
  const data = await settled(session, state.data)
  if (data.kind === 'picture') {
    const { picture, plans } = await filterPicture(session, data.picture, step, task, isFirst)
    return { ...state, data: { kind: 'picture', picture }, plans: [...state.plans, ...plans] }
  }
  return filterMaps(session, state, data, step)
}

async function filterPicture(
  session: Session,
  picture: SourcePicture,
  step: RecipeStep,
  task: Task,
  isFirst: boolean,
) {
  const { tone, plan, channels } = prepareRecipe(session, step, task, picture, { isFirst, isLast: false })
  const target = session.arena.alloc(plan.outWidth * plan.outHeight * channels * 4)
  await runRecipe(session, plan, picture, tone, 'raw', { kind: 'float', target })
  const next: SourcePicture = {
    address: target,
    width: plan.outWidth,
    height: plan.outHeight,
    channels,
    depth: 32,
    full: picture.full,
  }
  return { picture: next, plans: planFacts(plan) }
}

async function filterMaps(
  session: Session,
  state: State,
  data: Extract<Data, { kind: 'tensor' }>,
  { recipe, options }: RecipeStep,
) {
  const { shape, data: values } = data.tensor
  const [height, width] = [shape.at(-2)!, shape.at(-1)!]
  const plane = width * height
  const count = values.length / plane
  const tone = plain
  const peak = () => peakOf(values)
  const plan = planRecipe(recipe, options, { width, height, samples: 'f32', peak })
  const size = plan.outWidth * plan.outHeight
  const out = new Float32Array(count * size)
  for (let i = 0; i < count; i++) {
    const mark = session.arena.mark()
    const target = session.arena.alloc(size * 4)
    const map = values.subarray(i * plane, (i + 1) * plane)
    const source: SourcePicture = { data: map, width, height, channels: 1, depth: 32, full: data.full }
    await runRecipe(session, plan, source, tone, 'raw', { kind: 'float', target })
    out.set(new Float32Array(session.arena.memory.buffer, target, size), i * size)
    session.arena.release(mark)
  }
  const tensor = new Tensor([...shape.slice(0, -2), plan.outHeight, plan.outWidth], out)
  return { ...state, data: { ...data, tensor }, plans: [...state.plans, ...planFacts(plan)] }
}

/** Tone and plan of a recipe over a picture, and the channels that come out. */
export function prepareRecipe(
  session: Session,
  step: RecipeStep,
  task: Task,
  picture: Omit<SourcePicture, 'data'>,
  position: Position,
): { tone: Tone; plan: RecipePlan; channels: 1 | 2 | 3 | 4 } {
  const tone = toneOf(step.recipe, task, picture, position)
  const placed =
    tone.table === 0
      ? tone
      : { ...tone, table: put(session.arena, linearTables(tone.light ?? srgb, picture.full)) }
  const peak = isThere(picture) && picture.depth === 32 ? () => peakOf(floatsOf(session, picture)) : undefined
  return {
    tone: placed,
    plan: planOver(step, { ...picture, peak }, tone),
    channels: outChannels(picture, tone),
  }
}

/** False for a picture of which only the shape is known. */
const isThere = (picture: Omit<SourcePicture, 'data'>): picture is SourcePicture =>
  'data' in picture || 'address' in picture

/** The tone of maps and slices, which are filtered as they are. */
const plain: Tone = { gray: false, table: 0, encode: false, alpha: 'plain' }

/** What a recipe would do to data of which only the shape is known, as the run decides it. */
export function planKnown(
  step: RecipeStep,
  task: Pick<Task, 'settings' | 'range' | 'output'>,
  known: Omit<Known, 'notes' | 'ofPages'>,
  position: Position,
): { readonly plan: RecipePlan; readonly channels: number } {
  const { channels } = known
  if (known.isMaps || !isPicture(channels))
    return { plan: planOver(step, { ...known, depth: 32 }, plain), channels }
  const tone = toneOf(step.recipe, task, { ...known, channels }, position)
  return { plan: planOver(step, known, tone), channels: outChannels({ channels }, tone) }
}

const isPicture = (channels: number): channels is 1 | 2 | 3 | 4 => channels <= 4

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
  task: Pick<Task, 'settings' | 'range' | 'output'> & Partial<Pick<Task, 'light'>>,
  picture: Pick<SourcePicture, 'channels' | 'depth'>,
  { isFirst, isLast }: Position,
): Tone {
  const { linear, gray, alpha } = task.settings
  if (linear && picture.depth === 32 && isFirst) {
    throw new ConvoError('E_OPTION', '--linear needs samples of 8 or 16 bits, and this input has floats')
  }
  const encode = linear && isLast && outputKind(task.output) !== 'npy'
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
  picture: Pick<SourcePicture, 'width' | 'height' | 'depth' | 'full'> & Pick<Planned, 'peak'>,
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

/** The channels of what comes out. */
export const outChannels = (
  picture: Pick<SourcePicture, 'channels'>,
  tone: Pick<Tone, 'gray'>,
): 1 | 2 | 3 | 4 => (tone.gray ? (hasAlpha(picture.channels) ? 2 : 1) : picture.channels)

/** A plan as reports tell it. */
export function planFacts(plan: RecipePlan): PlanFacts[] {
  return plan.stencils.map((s) => ({
    algorithm: s.algorithm,
    reason: s.reason,
    kernel: `${s.kW}x${s.kH}`,
    border: plan.border,
    stripRows: plan.stripRows,
  }))
}
