import type { Recipe } from '../../conv/recipe.ts'
import { compressionSettings } from '../../image/png.ts'
import { viewSamples } from '../../image/samples.ts'
import type { Sink } from '../../run/picture-job.ts'
import { type Outcome, runRecipe, type SourcePicture } from '../../run/pictures.ts'
import type { Session } from '../../run/pool.ts'
import { depthOfFull, type Picture, type PictureMeta } from '../../tensor/picture.ts'
import { openPng, outputKind, writePicture, writeTensor } from '../output.ts'
import { factsOf, type PictureFacts, type PlanFacts, type Task } from './job.ts'
import { alone } from './numbered.ts'
import { type Position, planFacts, prepareRecipe } from './recipe-step.ts'
import { tensorOf } from './state.ts'

/** What was written. */
export type Written = {
  readonly facts: PictureFacts & { readonly bytes: number }
  readonly outcome: Outcome
  readonly plans: readonly PlanFacts[]
  readonly notes: readonly string[]
}

/** Runs the last recipe from the picture to the file. */
export async function writeRecipe(
  session: Session,
  picture: SourcePicture,
  recipe: Recipe,
  given: Task,
  meta: PictureMeta,
  position: Position,
): Promise<Written> {
  const task = await alone(given)
  const { output, settings, range } = task
  const kind = outputKind(output)
  if (kind === 'picture') {
    const made = await toSamples(session, picture, recipe, task, meta, position)
    const store = task.store ?? writePicture
    const { bytes, notes } = await store(output, made.picture)
    return {
      facts: { ...factsOf(output, made.picture), bytes },
      outcome: made.outcome,
      plans: made.plans,
      notes,
    }
  }
  const { tone, plan, channels } = prepareRecipe(session, recipe, task, picture, position)
  const depth = settings.depth ?? depthOfFull(picture.full)
  const shape = { width: plan.outWidth, height: plan.outHeight, channels, depth }
  const plans = planFacts(plan)
  if (kind === 'npy') {
    const target = session.arena.alloc(plan.outWidth * plan.outHeight * channels * 4)
    const outcome = await runRecipe(session, plan, picture, tone, range, { kind: 'float', target })
    const made: SourcePicture = { ...shape, address: target, depth: 32, full: picture.full }
    const bytes = await writeTensor(output, await tensorOf(session, { kind: 'picture', picture: made }))
    return { facts: { ...factsOf(output, { ...shape, depth: 32 }), bytes }, outcome, plans, notes: [] }
  }
  const compression = compressionSettings(settings.compression)
  const png = await openPng(output, { ...shape, meta }, compression)
  try {
    const sink: Sink = { kind: 'png', depth, compression }
    const outcome = await runRecipe(session, plan, picture, tone, range, sink, png.strip, png.drain)
    return { facts: { ...factsOf(output, shape), bytes: await png.finish() }, outcome, plans, notes: [] }
  } catch (error) {
    await png.abort()
    throw error
  }
}

/** Runs the last recipe to samples in memory, for a format that is encoded whole. */
export async function toSamples(
  session: Session,
  picture: SourcePicture,
  recipe: Recipe,
  task: Task,
  meta: PictureMeta,
  position: Position,
): Promise<{ picture: Picture; outcome: Outcome; plans: PlanFacts[] }> {
  const { tone, plan, channels } = prepareRecipe(session, recipe, task, picture, position)
  const depth = task.settings.depth ?? depthOfFull(picture.full)
  const size = (plan.outWidth * plan.outHeight * channels * depth) / 8
  const target = session.arena.alloc(size)
  const outcome = await runRecipe(session, plan, picture, tone, task.range, {
    kind: 'samples',
    depth,
    target,
  })
  const bytes = new Uint8Array(session.arena.memory.buffer, target, size).slice()
  const shape = { width: plan.outWidth, height: plan.outHeight, channels, depth }
  return { picture: { ...shape, data: viewSamples(bytes, depth), meta }, outcome, plans: planFacts(plan) }
}
