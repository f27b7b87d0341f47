import { referenceEngine } from '../definition/engine.ts'
import { nowhere } from '../graph/address.ts'
import { nodeOf } from '../graph/node.ts'
import type { Step } from '../operators/operator.ts'
import { defaultThreads } from '../run/pool.ts'
import { depthOfFull } from '../tensor/picture.ts'
import { unseen } from '../tensor/tensor.ts'
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
import { type Known, knownOf, knownVolume } from './known.ts'
import { memoryOf } from './memory.ts'
import { holdsFloats } from './output.ts'
import { keepsPages } from './paged.ts'
import { planOf } from './recipe.ts'
import type { Settings } from './settings.ts'
import { leftOutOf } from './slice-list.ts'
import { arrayPending, type Pending, picturePending, volumePending } from './state.ts'
import { traceJob } from './trace.ts'
import { coloursOf } from './volume-form.ts'

/**
 * Plans a job without decoding, computing or writing: which arithmetic would run, and why.
 *
 * @throws ConvoError as `processPicture` does for options, kernels and unreadable inputs
 */
export async function dryRun(job: PictureJob): Promise<DryRun> {
  const given = taskOf(job)
  const { settings } = job
  const known = await (job.isVolume ? knownVolume : knownOf)(job.input, settings, job.given)
  const isFloat = isFloatIn(known)
  const task = settledOver(given, isFloat)
  const traced = await traceKnown(known, task)
  const { plans, notes } = traced.state
  const { memory, written } = await memoryOf(traced, known, task)
  const depth = holdsFloats(task) ? 32 : (settings.depth ?? depthOfFull(known.full))
  return {
    operation: job.operation,
    input: factsOf(job.input, known),
    output: {
      path: job.output,
      ...(written !== undefined && { width: written.width, height: written.height }),
      depth: written?.depth ?? depth,
    },
    plan: plans,
    memory,
    threads: settings.threads ?? defaultThreads(),
    notes: [
      ...known.notes,
      ...(isFloat && !known.isMaps ? roundedNotes(task, known.full) : []),
      ...notes,
      ...(job.isVolume ? leftOutOf(job.input) : keepsPages(task) ? [] : known.ofPages),
    ],
  }
}

/** The memory that a job takes on an input of this shape. @throws ConvoError as the run does */
export async function estimate(job: PictureJob, known: Omit<Known, 'notes' | 'ofPages'>): Promise<Memory> {
  const task = settledOver(job, isFloatIn(known))
  return (await memoryOf(await traceKnown(known, task), known, task)).memory
}

const isFloatIn = ({ depth, isWhole }: Pick<Known, 'depth' | 'isWhole'>): boolean => depth === 32 && !isWhole

/** The steps of a job, written down over an input of which only the shape is known. */
async function traceKnown(known: Omit<Known, 'notes' | 'ofPages'>, task: PictureTask) {
  const { peak, full } = known
  const ground = { peak: () => peak?.() ?? full }
  const met = { data: readOf(known, task.isVolume === true), meta: {}, notes: [] }
  return traceJob(ground, referenceEngine, met, task)
}

/** What one step would do to an input of which only the shape is known. @throws ConvoError as the run does */
export async function planStep(step: Step, known: Omit<Known, 'notes' | 'ofPages'>, settings: Settings) {
  const names = { input: 'the input', output: 'out.png', operation: 'the step' }
  const task = { ...names, steps: [() => step], settings, range: 'clamp', isRangeGiven: false } as const
  const { data, plans } = (await traceKnown(known, task)).state
  const recipe = planOf(nodeOf(data.out))
  return { output: data.out.shape, arithmetic: plans[0]!, recipe }
}

/** An input without its samples. */
function readOf(known: Omit<Known, 'notes' | 'ofPages'>, isVolume: boolean): Pending {
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
