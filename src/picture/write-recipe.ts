import { nodeOf, outChannels } from '../graph/node.ts'
import { lostBeside } from '../image/fit.ts'
import { compressionSettings } from '../image/png.ts'
import { viewSamples } from '../image/samples.ts'
import { sheetLayout } from '../image/sheet.ts'
import { runToArray, runToPicture, runToSheet, type SheetWishes } from '../run/graph.ts'
import type { Outcome } from '../run/graph-run.ts'
import type { Sink } from '../run/picture-job.ts'
import type { Session } from '../run/pool.ts'
import { depthOfFull, type Picture, type PictureMeta } from '../tensor/picture.ts'
import { factsOf, type PictureFacts, type PlanFacts, type RecipeStep, type Task } from './job.ts'
import { alone } from './numbered.ts'
import { openArray, openPng, outputKind, type Stream, writePicture } from './output.ts'
import { identity, type Position, planFacts, prepareRecipe } from './recipe-step.ts'
import { graphOf, type Pending, type PictureData } from './state.ts'

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
  readonly channels: number
  readonly full: number
  readonly plans: readonly PlanFacts[]
  run(sink: Sink, onStrip?: Stream['strip'], drain?: Stream['drain']): Promise<Outcome>
}

/** A picture on its way through a last recipe. */
export async function recipeRendering(
  session: Session,
  data: PictureData,
  step: RecipeStep,
  task: Task,
  position: Position,
): Promise<Rendering> {
  const { filter, over } = await prepareRecipe(session, step, task, data, position)
  const { plan, tone, full } = filter
  return {
    width: plan.outWidth,
    height: plan.outHeight,
    channels: outChannels(filter, tone),
    full,
    plans: planFacts(plan, over.out === undefined),
    run: (sink, ...hooks) => runToPicture(session, over, { ...filter, range: task.range, sink }, ...hooks),
  }
}

const asItIs = { isFirst: false, isLast: true } as const

/** What was only moved is written with its hidden colours, unless alpha is asked for. */
const moved = ({ isMoved }: Pending, task: Task): Task =>
  isMoved ? { ...task, settings: { ...task.settings, alpha: task.settings.alpha ?? 'separate' } } : task

/** Steps that have not run yet, whose result is a picture. */
export const graphRendering = async (session: Session, data: Pending, task: Task): Promise<Rendering> => ({
  ...(await recipeRendering(session, { ...data, isPicture: true }, identity, moved(data, task), asItIs)),
  plans: [],
})

/** Steps that have not run yet, whose maps go on a sheet. */
export async function sheetRendering(
  session: Session,
  maps: Pending,
  wishes: SheetWishes,
  task: Task,
): Promise<Rendering> {
  const [channels, ...size] = nodeOf(maps.out).shape
  const { depth = 1 } = wishes
  const { width, height } = sheetLayout(channels / depth, ...size)
  const { full } = maps
  const sheet = {
    kind: 'picture',
    picture: { width, height, channels: depth, depth: 32, full, address: 0 },
  } as const
  const { filter } = await prepareRecipe(session, identity, task, sheet, asItIs)
  return {
    ...sheet.picture,
    plans: [],
    run: (sink, ...hooks) =>
      runToSheet(session, graphOf(maps), wishes, { ...filter, range: task.range, sink }, ...hooks),
  }
}

/** Steps that have not run yet, into an array. */
export function arrayRendering(session: Session, pending: Pending): Rendering {
  const { shape } = nodeOf(pending.out)
  const [channels, height, width] = shape
  return {
    width,
    height,
    channels,
    full: pending.full,
    plans: [],
    async run(_, ...hooks) {
      await runToArray(session, graphOf(pending), ...hooks)
      return { low: 0, high: 0, samples: channels * height * width }
    },
  }
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
  const compression = compressionSettings(settings.compression)
  const depth = settings.depth ?? depthOfFull(full)
  const shape = { width, height, channels, depth: kind === 'npy' ? 32 : depth }
  const [sink, file] =
    kind === 'npy'
      ? ([{ kind: 'array' }, await openArray(output, [channels, height, width])] as const)
      : ([
          { kind: 'png', depth, compression },
          await openPng(
            output,
            { ...shape, channels: channels as Picture['channels'], depth, meta },
            compression,
          ),
        ] as const)
  try {
    const outcome = await rendering.run(sink, file.strip, file.drain)
    const facts = { ...factsOf(output, shape), bytes: await file.finish() }
    return { facts, outcome, plans, notes: lostBeside(meta, channels, kind) }
  } catch (error) {
    await file.abort()
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
  const shape = { width, height, channels: channels as Picture['channels'] }
  const bytes = new Uint8Array(session.arena.memory.buffer, target, size).slice()
  return { picture: { ...shape, depth, data: viewSamples(bytes, depth), meta }, outcome }
}
