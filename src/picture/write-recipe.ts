import { nodeOf } from '../graph/node.ts'
import { lostBeside } from '../image/fit.ts'
import { compressionSettings } from '../image/png.ts'
import { viewSamples } from '../image/samples.ts'
import { sheetLayout } from '../image/sheet.ts'
import { runToPicture, runToSheet, type SheetWishes } from '../run/graph.ts'
import type { Sink } from '../run/picture-job.ts'
import { type Outcome, runRecipe, type SourcePicture } from '../run/pictures.ts'
import type { Session } from '../run/pool.ts'
import { depthOfFull, type Picture, type PictureMeta } from '../tensor/picture.ts'
import { factsOf, type PictureFacts, type PlanFacts, type RecipeStep, type Task } from './job.ts'
import { alone } from './numbered.ts'
import { openPng, outputKind, type PngStream, writePicture, writeTensor } from './output.ts'
import { identity, type Position, planFacts, prepareRecipe } from './recipe-step.ts'
import { graphOf, type Pending, tensorOf } from './state.ts'

/** What was written. */
export type Written = {
  readonly facts: PictureFacts & { readonly bytes: number }
  readonly outcome: Outcome
  readonly plans: readonly PlanFacts[]
  readonly notes: readonly string[]
}

/** A picture that is computed on its way into a file: its shape, and what runs it into a sink. */
export type Rendering = {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 2 | 3 | 4
  readonly full: number
  readonly plans: readonly PlanFacts[]
  run(sink: Sink, onStrip?: PngStream['strip'], drain?: PngStream['drain']): Promise<Outcome>
}

/** The last recipe, over a picture. */
export function recipeRendering(
  session: Session,
  picture: SourcePicture,
  step: RecipeStep,
  task: Task,
  position: Position,
): Rendering {
  const { tone, plan, channels } = prepareRecipe(session, step, task, picture, position)
  return {
    width: plan.outWidth,
    height: plan.outHeight,
    channels,
    full: picture.full,
    plans: planFacts(plan),
    run: (sink, ...hooks) => runRecipe(session, plan, picture, tone, task.range, sink, ...hooks),
  }
}

const asItIs = { isFirst: false, isLast: true } as const

/** Steps that have not run yet, whose result is a picture. */
export function graphRendering(session: Session, pending: Pending, task: Task): Rendering {
  const [channels, height, width] = nodeOf(pending.out).shape
  const { full } = pending
  const picture = { width, height, channels: channels as 1 | 2 | 3 | 4, depth: 32, full } as const
  const { tone, plan } = prepareRecipe(session, identity, task, picture, asItIs)
  return {
    ...picture,
    plans: [],
    run: (sink, ...hooks) =>
      runToPicture(session, graphOf(pending), { plan, tone, range: task.range, sink, full }, ...hooks),
  }
}

/** Steps that have not run yet, whose maps go on a sheet. */
export function sheetRendering(
  session: Session,
  pending: Pending,
  wishes: SheetWishes,
  task: Task,
): Rendering {
  const { shape } = nodeOf(pending.out)
  const { width, height } = sheetLayout(...shape)
  const { full } = pending
  const picture = { width, height, channels: 1, depth: 32, full } as const
  const { tone, plan } = prepareRecipe(session, identity, task, picture, asItIs)
  return {
    ...picture,
    plans: [],
    run: (sink, ...hooks) =>
      runToSheet(session, graphOf(pending), wishes, { plan, tone, range: task.range, sink, full }, ...hooks),
  }
}

/** Runs the last recipe from the picture to the file. */
export async function writeRecipe(
  session: Session,
  picture: SourcePicture,
  step: RecipeStep,
  task: Task,
  meta: PictureMeta,
  position: Position,
): Promise<Written> {
  return writeRendering(session, recipeRendering(session, picture, step, task, position), task, meta)
}

/** Runs a picture into its file. */
export async function writeRendering(
  session: Session,
  rendering: Rendering,
  given: Task,
  meta: PictureMeta,
): Promise<Written> {
  const task = await alone(given)
  const { output, settings } = task
  const { width, height, channels, full, plans } = rendering
  const kind = outputKind(output)
  if (kind === 'picture') {
    const made = await toSamples(session, rendering, task, meta)
    const store = task.store ?? ((path: string, one: Picture) => writePicture(path, one, task.quality))
    const { bytes, notes } = await store(output, made.picture)
    return { facts: { ...factsOf(output, made.picture), bytes }, outcome: made.outcome, plans, notes }
  }
  const depth = settings.depth ?? depthOfFull(full)
  const shape = { width, height, channels, depth }
  const notes = lostBeside(meta, channels, kind)
  if (kind === 'npy') {
    const target = session.arena.alloc(width * height * channels * 4)
    const outcome = await rendering.run({ kind: 'float', target })
    const made: SourcePicture = { ...shape, address: target, depth: 32, full }
    const bytes = await writeTensor(output, await tensorOf(session, { kind: 'picture', picture: made }))
    return { facts: { ...factsOf(output, { ...shape, depth: 32 }), bytes }, outcome, plans, notes }
  }
  const compression = compressionSettings(settings.compression)
  const png = await openPng(output, { ...shape, meta }, compression)
  try {
    const outcome = await rendering.run({ kind: 'png', depth, compression }, png.strip, png.drain)
    return { facts: { ...factsOf(output, shape), bytes: await png.finish() }, outcome, plans, notes }
  } catch (error) {
    await png.abort()
    throw error
  }
}

/** Runs a picture to samples in memory, for a format that is encoded whole. */
export async function toSamples(
  session: Session,
  { width, height, channels, full, run }: Rendering,
  task: Task,
  meta: PictureMeta,
): Promise<{ picture: Picture; outcome: Outcome }> {
  const depth = task.settings.depth ?? depthOfFull(full)
  const size = (width * height * channels * depth) / 8
  const target = session.arena.alloc(size)
  const outcome = await run({ kind: 'samples', depth, target })
  const bytes = new Uint8Array(session.arena.memory.buffer, target, size).slice()
  return { picture: { width, height, channels, depth, data: viewSamples(bytes, depth), meta }, outcome }
}
