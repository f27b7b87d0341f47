import { confined } from '../conv/plan.ts'
import { invariant } from '../error.ts'
import { linearGamma } from '../image/light.ts'
import { lightOf } from '../image/profile.ts'
import { peakOf } from '../image/samples.ts'
import { isWorthWorkers } from '../run/graph-run.ts'
import type { Pool, Session } from '../run/pool.ts'
import { poolOf } from '../run/shared.ts'
import { poolEngine } from '../run/tensors.ts'
import { beginBlending, blended } from './blend.ts'
import { expectedSamples, type Loaded, openInput } from './input.ts'
import { factsOf, type PictureJob, type PictureTask, type Report, type SettledStep, taskOf } from './job.ts'
import {
  checkApplies,
  isSliceList,
  type LoadedData,
  leftOutOf,
  loadData,
  loadGiven,
  loadVolume,
  notFiniteLevels,
  slicePages,
  slicePaths,
  treatmentOf,
} from './load.ts'
import { holdsFloats } from './output.ts'
import { openPaged, type PagedInput, runPaged } from './paged.ts'
import { recipeStep, refuseTone, toneStep } from './recipe-step.ts'
import { type Data, isPicture, type Pending, pendingOf, type State, shapeOf } from './state.ts'
import { tensorStep } from './tensor-step.ts'
import { openStream, runStream, type VolumeStream } from './volume-stream.ts'
import { noSheet, refuseMapRange, writeMaps } from './write-maps.ts'
import { graphRendering, recipeRendering, type Written, writeRendering } from './write-recipe.ts'
import { writeVolume } from './write-volume.ts'

export { type DryRun, dryRun } from './dry-run.ts'
export type { PictureFacts, PictureJob, PlanFacts, Report, StepMaker } from './job.ts'

/**
 * Runs a job, on the pool of this process unless one is given. Workers start while the picture is decoded; strips of a
 * PNG are written as they are done.
 *
 * @throws ConvoError for anything that keeps it from being done; the output is then as it was before
 */
export async function processPicture(job: PictureJob, given?: Pool): Promise<Report> {
  const began = performance.now()
  const task = taskOf(job)
  const pool = given ?? poolOf(job.settings.threads)
  const leave = await enter()
  try {
    const { load, isSmall } = await begin(task, pool)
    // a small picture is decoded while the one before it is computed
    const early = isSmall ? load() : undefined
    early?.catch(() => undefined)
    return await run(task, pool, began, () => early ?? load())
  } finally {
    leave()
  }
}

/** Jobs that are begun and not done, at most: the others wait with nothing read. */
const mostBegun = 3
let begun = 0
const waiting: (() => void)[] = []

/** Waits until a job may begin; gives what is to be called when it is done. */
async function enter(): Promise<() => void> {
  if (begun === mostBegun) await new Promise<void>((done) => waiting.push(done))
  else begun++
  return () => {
    const next = waiting.shift()
    if (next === undefined) begun--
    else next()
  }
}

type Load = () => Promise<LoadedData | VolumeStream | PagedInput>

function run(task: PictureTask, pool: Pool, began: number, load: Load): Promise<Report> {
  return pool.exclusive(async (session) => {
    const loaded = await load()
    const report =
      'slabs' in loaded
        ? await runStream(session, poolEngine(pool, session), loaded, task)
        : 'pages' in loaded
          ? await runPaged(loaded, task, (page, own) => runPage(session, pool, page, own))
          : await runJob(session, pool, loaded, task)
    const notes = [...report.notes, ...(task.isVolume ? leftOutOf(task.input) : [])]
    return { ...report, notes, milliseconds: Math.round((performance.now() - began) * 10) / 10 }
  }, task)
}

/** Looks at the input, and starts workers for a large one, before it is decoded. */
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
  const stream = await openStream(task, opened)
  if (stream !== undefined) return whole(async () => stream)
  if (opened === undefined) {
    return whole(async () =>
      loadVolume(slicePages(await slicePaths(input), settings), input, treatmentOf(task)),
    )
  }
  checkApplies(opened, settings)
  const isSmall = !isWorthWorkers(expectedSamples(opened))
  if (!isSmall) pool.warm()
  const load = async () => (await openPaged(opened, task)) ?? loadData(opened, task, pool.threads > 1)
  return { load, isSmall: isSmall && task.isVolume !== true }
}

/** The job on one page of several, which leaves no memory behind. */
async function runPage(session: Session, pool: Pool, { picture, meta, notes }: Loaded, own: PictureTask) {
  const mark = session.arena.mark()
  try {
    return await runJob(session, pool, { data: { kind: 'picture', picture }, meta, notes }, own)
  } finally {
    session.arena.release(mark)
  }
}

const notFiniteNote =
  'some samples are not finite or very large, and an FFT would spread them: the slower direct sums were used'

/** What becomes of samples that are not finite, where the output holds levels. */
function notLevels({ data }: LoadedData, task: PictureTask): string[] {
  if (holdsFloats(task)) return []
  const samples =
    data.kind === 'tensor' ? data.tensor.data : 'data' in data.picture ? data.picture.data : undefined
  if (!(samples instanceof Float32Array) || Number.isFinite(peakOf(samples))) return []
  return [notFiniteLevels(task.input)]
}

/** Whether an input holds numbers that are no levels of a picture. */
const isFloatArray = ({ data, meta }: LoadedData): boolean =>
  (data.kind === 'tensor' || data.picture.depth === 32) &&
  Object.keys(meta).every((key) => key === 'isLinear')

/** Levels made of linear light say so in their gamma, where their format holds one. */
const levelsOf = (loaded: LoadedData, task: PictureTask): LoadedData =>
  loaded.meta.isLinear && !holdsFloats(task)
    ? { ...loaded, meta: { ...loaded.meta, gamma: linearGamma } }
    : loaded

async function runJob(
  session: Session,
  pool: Pool,
  read: LoadedData,
  given: PictureTask,
): Promise<Omit<Report, 'milliseconds'>> {
  const loaded = levelsOf(read, given)
  const light = given.settings.linear ? lightOf(loaded.meta, given.input) : undefined
  const task: PictureTask = { ...given, light }
  const engine = poolEngine(pool, session)
  const notes = [...loaded.notes, ...notLevels(loaded, task)]
  const unit = isFloatArray(read) ? 1 : undefined
  const begun = await beginBlending({ data: loaded.data, notes, plans: [], unit }, task)
  const { blending } = begun
  let { state } = begun
  // the luma comes with the tones that the first step would have to see to
  const first = blending?.isLuma ? -1 : 0
  let last: SettledStep | undefined
  if (loaded.data.kind === 'tensor') refuseTone(task, `[${loaded.data.tensor.shape.join(',')}]`)
  const picksChannels = task.settings.channels !== undefined
  for (const [i, make] of task.steps.entries()) {
    const step = make({ ...shapeOf(state.data), unit: state.unit })
    if (step.kind === 'tensor') {
      const toned = i === first ? await toneStep(session, state, task) : state
      state = await tensorStep(session, engine, toned, step, task, i === first && toned === state)
    }
    // The last recipe runs on its way into the file, unless its channels are to be taken apart first.
    else if (i < task.steps.length - 1 || !isPicture(state.data) || picksChannels || blending !== undefined) {
      state = await recipeStep(session, state, step, task, i === first)
    }
    state = { ...state, notes: [...state.notes, ...(step.notes ?? [])] }
    last = step
  }
  invariant(last !== undefined, 'a job has at least one step')
  if (blending !== undefined) state = await blended(session, state, blending, task)
  // what was made has gone through the range
  const own: PictureTask = task.range === 'raw' ? task : { ...task, range: 'clamp' }
  const written =
    blending === undefined
      ? await write(session, state, last, task, loaded)
      : await writeRendering(
          session,
          await graphRendering(session, state.data as Pending, own),
          own,
          loaded.meta,
        )
  const plan = [...state.plans, ...written.plans]
  const isConfined = plan.some(({ reason }) => reason === confined)
  return {
    operation: task.operation,
    input: inputFacts(task.input, loaded.data),
    output: written.facts,
    plan,
    ...(light !== undefined && { light: light.name }),
    clipped: written.outcome,
    notes: [...state.notes, ...written.notes, ...(isConfined ? [notFiniteNote] : [])],
  }
}

async function write(
  session: Session,
  state: State,
  last: SettledStep,
  task: PictureTask,
  loaded: LoadedData,
): Promise<Written> {
  const { channels, labels } = task.settings
  const { data } = state
  if (data.kind === 'tensor' && data.tensor.shape.length === 4) {
    return writeVolume(session, data.tensor, data.full, task, loaded.meta)
  }
  if (last.kind === 'tensor' || !isPicture(data) || channels !== undefined) {
    return writeMaps(session, pendingOf(data), task, loaded.meta)
  }
  if (labels) throw noSheet('labels', shapeOf(data).channels)
  refuseMapRange(task)
  const position = { isFirst: task.steps.length === 1, isLast: true }
  const rendering = await recipeRendering(session, data, last, task, position)
  return writeRendering(session, rendering, task, loaded.meta)
}

function inputFacts(path: string, data: Exclude<Data, Pending>) {
  if (data.kind === 'picture') return factsOf(path, data.picture)
  const { shape } = data.tensor
  return factsOf(path, { width: shape.at(-1)!, height: shape.at(-2)!, channels: shape[0]!, depth: 32 })
}
