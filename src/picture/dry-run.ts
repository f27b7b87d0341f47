import { referenceEngine } from '../definition/engine.ts'
import { nowhere } from '../graph/address.ts'
import { nodeOf } from '../graph/node.ts'
import type { Step } from '../operators/operator.ts'
import { defaultThreads } from '../run/pool.ts'
import { depthOfFull } from '../tensor/picture.ts'
import { unseen } from '../tensor/tensor.ts'
import { metaOfLevels, metaOfOutput } from './beside.ts'
import { type Opened, openInput } from './input.ts'
import {
  type DryRun,
  factsOf,
  type Memory,
  type PictureJob,
  type PictureTask,
  roundedNotes,
  settledOver,
  taskOf,
} from './job.ts'
import { type Known, type KnownShape, knownOf, knownVolume } from './known.ts'
import { notFiniteLevels } from './load.ts'
import { notesOfSlices } from './load-volume.ts'
import { memoryOf } from './memory.ts'
import { holdsFloats } from './output.ts'
import { keepsPages, notesOfPages } from './paged.ts'
import { notesOfPlans, planOf } from './recipe.ts'
import type { Settings } from './settings.ts'
import { isSliceList, leftOutOf } from './slice-list.ts'
import { arrayPending, type Pending, picturePending, volumePending } from './state.ts'
import { traceJob } from './trace.ts'
import { coloursOf } from './volume-form.ts'

/**
 * Plans a job without decoding, computing or writing: which arithmetic would run, and why.
 *
 * @throws ConvoError as `processPicture` does for options, kernels and unreadable inputs
 */
export async function dryRun(job: PictureJob): Promise<DryRun> {
  const asked = taskOf(job)
  const { input, settings } = job
  const isList = job.isVolume === true && (await isSliceList(input))
  const opened = isList ? undefined : (job.given ?? (await openInput(input)))
  const given = { ...asked, given: opened }
  const known = await (job.isVolume ? knownVolume : knownOf)(input, settings, given)
  const isFloat = isFloatIn(known)
  const task = settledOver(given, isFloat)
  const traced = await traceKnown(known, task)
  const { plans, notes } = traced.state
  const beside = metaOfOutput(traced.state, metaOfLevels(known.meta, task))
  const { memory, written } = await memoryOf(traced, known, task, beside.meta)
  const ofSlices = job.isVolume && isFiles(opened) ? await notesOfSlices(task, opened) : []
  const isPaged = !job.isVolume && keepsPages(task)
  const depth = holdsFloats(task) ? 32 : (settings.depth ?? depthOfFull(known.full))
  return {
    operation: job.operation,
    input: factsOf(job.input, known),
    output: {
      path: job.output,
      ...(written !== undefined && { width: written.facts.width, height: written.facts.height }),
      depth: written?.facts.depth ?? depth,
    },
    plan: plans,
    memory,
    threads: settings.threads ?? defaultThreads(),
    notes: [
      ...new Set([...known.notes, ...ofSlices]),
      ...(isFloat && !known.isMaps ? roundedNotes(task, known.full) : []),
      ...(holdsFloats(task) || Number.isFinite(known.peak?.() ?? 0) ? [] : [notFiniteLevels(input)]),
      ...notes,
      ...(written?.notes ?? []),
      ...beside.notes,
      ...notesOfPlans(plans),
      ...(isPaged ? notesOfPages(task, known) : job.isVolume ? leftOutOf(job.input) : known.ofPages),
    ],
  }
}

/** Estimates the memory that a job takes for an input of this shape. @throws ConvoError as the run does */
export async function estimate(job: PictureJob, known: KnownShape): Promise<Memory> {
  const task = settledOver(job, isFloatIn(known))
  return (await memoryOf(await traceKnown(known, task), known, task)).memory
}

/** Whether an input is one or several picture files, and not an array. */
const isFiles = (opened: PictureJob['given']): opened is Opened | undefined =>
  opened === undefined || ('probe' in opened && !opened.probe.isArray)

const isFloatIn = ({ depth, isWhole }: Pick<Known, 'depth' | 'isWhole'>): boolean => depth === 32 && !isWhole

/** Traces the steps of a job over an input of which only the shape is known. */
async function traceKnown(known: KnownShape, task: PictureTask) {
  const { peak, full } = known
  const ground = { peak: () => peak?.() ?? full }
  const met = { data: readOf(known, task.isVolume === true), meta: {}, notes: [] }
  return traceJob(ground, referenceEngine, met, task)
}

/** Returns what one step would do to an input of which only the shape is known. @throws ConvoError as the run does */
export async function planStep(step: Step, known: KnownShape, settings: Settings) {
  const names = { input: 'the input', output: 'out.png', operation: 'the step' }
  const task = { ...names, steps: [() => step], settings, range: 'clamp', isRangeGiven: false } as const
  const { data, plans } = (await traceKnown(known, task)).state
  const recipe = planOf(nodeOf(data.out))
  return { output: data.out.shape, arithmetic: plans[0]!, recipe }
}

/** Returns an input without its samples. */
function readOf(known: KnownShape, isVolume: boolean): Pending {
  const { width, height, channels, depth, full, pages, hasSlices, isMaps } = known
  if (!isVolume && !isMaps) {
    const picture = { width, height, channels: channels as 1 | 2 | 3 | 4, depth, full, address: nowhere }
    return picturePending(picture)
  }
  if (!isMaps) {
    const colours = coloursOf(channels as 1, undefined)
    const picture = { width, height: height * pages, channels: colours, depth, full, address: nowhere }
    return volumePending(picture, pages)
  }
  const shape = hasSlices ? [channels, pages, height, width] : [channels, height, width]
  return arrayPending(unseen({ shape }), full)
}
