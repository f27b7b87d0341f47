import { nodeOf } from '../graph/node.ts'
import { plainOf } from '../image/decode.ts'
import { lightOf } from '../image/profile.ts'
import { isWorthWarming } from '../run/cost.ts'
import { runToTensor } from '../run/graph.ts'
import type { Pool, Session } from '../run/pool.ts'
import { poolOf } from '../run/shared.ts'
import { poolEngine } from '../run/tensors.ts'
import { extremes } from '../tensor/picture.ts'
import { metaOfLevels, metaOfOutput } from './beside.ts'
import { expectedSamples, type Loaded, looksAtAlpha, openInput } from './input.ts'
import {
  factsOf,
  type PictureJob,
  type PictureTask,
  type Report,
  roundedNotes,
  settledOver,
  taskOf,
} from './job.ts'
import { checkApplies, type LoadedData, loadData, loadGiven, notFiniteLevels } from './load.ts'
import { loadVolume } from './load-volume.ts'
import { holdsFloats } from './output.ts'
import { openPaged, type PagedInput, runPaged } from './paged.ts'
import { groundOf, notesOfPlans } from './recipe.ts'
import { isSliceList, leftOutOf } from './slice-list.ts'
import { type Pending, picturePending } from './state.ts'
import { traceJob } from './trace.ts'
import { write } from './write.ts'

export { dryRun } from './dry-run.ts'
export type { DryRun, PictureFacts, PictureJob, PlanFacts, Report, StepMaker } from './job.ts'

/**
 * Runs a job, by default on the pool of this process. Workers start while the picture is decoded, and strips of a PNG
 * are written as they finish.
 *
 * @throws ConvoError if anything fails; the output is then as it was before
 */
export async function processPicture(job: PictureJob, given?: Pool): Promise<Report> {
  const began = performance.now()
  const pool = given ?? poolOf(job.settings.threads)
  const task = taskOf(job)
  const { load, isSmall } = await begin(task, pool)
  // a small picture is decoded while the one before it is computed
  const early = isSmall ? load() : undefined
  early?.catch(() => undefined)
  return run(task, pool, began, () => early ?? load())
}

type Load = () => Promise<LoadedData | PagedInput>

const run = (task: PictureTask, pool: Pool, began: number, load: Load): Promise<Report> =>
  pool.exclusive(async (session, leave) => {
    const loaded = await load()
    const report =
      'pages' in loaded
        ? await runPaged(loaded, task, (page, own) => runPage(session, pool, page, own))
        : await runJob(session, pool, loaded, { ...task, leave })
    const notes = [...report.notes, ...(task.isVolume ? leftOutOf(task.input) : [])]
    return { ...report, notes, milliseconds: Math.round((performance.now() - began) * 10) / 10 }
  }, task)

/** Inspects the input, and starts workers for a large one before it is decoded, unless its rows arrive at once. */
async function begin(
  task: PictureTask,
  pool: Pool,
): Promise<{ readonly load: Load; readonly isSmall: boolean }> {
  const { input, settings } = task
  const { given } = task
  const whole = (load: Load) => ({ load, isSmall: false })
  if (given !== undefined && !('probe' in given)) return whole(async () => loadGiven(given, task))
  const isList = given === undefined && task.isVolume === true && (await isSliceList(input))
  const opened = isList ? undefined : (given ?? (await openInput(input)))
  if (opened !== undefined) checkApplies(opened, settings)
  if (opened === undefined || (task.isVolume && !opened.probe.isArray)) {
    return whole(() => loadVolume(task, opened))
  }
  const isSmall = !isWorthWarming(expectedSamples(opened))
  const { probe, source } = opened
  const isAtOnce = plainOf(probe, source) && !probe.png?.exif && settings.page === undefined
  if (!isSmall && (!isAtOnce || looksAtAlpha(settings))) pool.warm()
  const load = async () => (await openPaged(opened, task)) ?? loadData(opened, task)
  return { load, isSmall }
}

/** Runs the job on one page of several, and releases its memory. */
async function runPage(session: Session, pool: Pool, { picture, meta, notes }: Loaded, own: PictureTask) {
  const mark = session.arena.mark()
  try {
    return await runJob(session, pool, { data: picturePending(picture), meta, notes }, own)
  } finally {
    session.arena.release(mark)
  }
}

const isFloatIn = ({ data, isWhole }: LoadedData): boolean =>
  !isWhole && (data.source === undefined || data.source.picture.depth === 32)

/** Returns notes on floats, and on those that are not finite, if the output holds levels. */
async function notLevels(loaded: LoadedData, task: PictureTask): Promise<string[]> {
  if (holdsFloats(task)) return []
  const { data } = loaded
  const { work } = nodeOf(data.out)
  const largest = work.kind === 'planes' ? (await extremes(work.data)).peak : data.source?.picture.largest
  return [
    ...(data.source !== undefined && isFloatIn(loaded) ? roundedNotes(task, data.full) : []),
    ...(Number.isFinite(largest ?? 0) ? [] : [notFiniteLevels(task.input)]),
  ]
}

/**
 * Runs a decoded input through the steps into the output. The steps are traced as one graph, which is computed strip by
 * strip while the file is written.
 */
async function runJob(
  session: Session,
  pool: Pool,
  read: LoadedData,
  asked: PictureTask,
): Promise<Omit<Report, 'milliseconds'>> {
  const given = settledOver(asked, isFloatIn(read))
  const loaded = { ...read, meta: metaOfLevels(read.meta, given) }
  const light = given.settings.linear ? lightOf(loaded.meta, given.input) : undefined
  const task: PictureTask = { ...given, light }
  const notes = [...loaded.notes, ...(light?.notes ?? []), ...(await notLevels(loaded, task))]
  const met = { ...read, notes }
  const ground = groundOf((graph) => runToTensor(session, graph))
  const { state, blending } = await traceJob(ground, poolEngine(pool, session), met, task)
  const { plans } = state
  const input = inputFacts(task.input, loaded.data)
  const beside = metaOfOutput(state, loaded.meta)
  const written = await write(session, state, blending, task, beside.meta)
  return {
    operation: task.operation,
    input,
    output: written.facts,
    plan: plans,
    ...(light !== undefined && { light: light.name }),
    clipped: written.outcome,
    notes: [...state.notes, ...written.notes, ...beside.notes, ...notesOfPlans(plans)],
  }
}

function inputFacts(path: string, { out: { shape }, source }: Pending) {
  const depth = source?.picture.depth ?? 32
  return factsOf(path, { width: shape.at(-1)!, height: shape.at(-2)!, channels: shape[0]!, depth })
}
