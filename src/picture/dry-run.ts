import { arithmetics } from '../operators/operator.ts'
import { defaultThreads } from '../run/pool.ts'
import { depthOfFull } from '../tensor/picture.ts'
import { factsOf, type PictureFacts, type PictureJob, type PlanFacts, taskOf } from './job.ts'
import { type Known, knownOf } from './known.ts'
import { isSliceList, leftOutOf, slicePaths } from './load.ts'
import { holdsFloats } from './output.ts'
import { keepsPages } from './paged.ts'
import { planFacts, planKnown } from './recipe-step.ts'

/** What a job would do, as far as it is known before the picture is decoded. */
export type DryRun = {
  readonly operation: string
  readonly input: PictureFacts
  readonly output: {
    readonly path: string
    readonly width?: number
    readonly height?: number
    readonly depth: number
  }
  readonly plan: readonly PlanFacts[]
  readonly threads: number
  readonly notes: readonly string[]
}

const unknownSize = { width: 16384, height: 16384 } as const

/**
 * Plans a job without decoding, computing or writing: which arithmetic would run, and why.
 *
 * @throws ConvoError as `processPicture` does for options, kernels and unreadable inputs
 */
export async function dryRun(job: PictureJob): Promise<DryRun> {
  const task = taskOf(job)
  const { settings } = job
  const isList = job.given === undefined && job.isVolume && (await isSliceList(job.input))
  const path = isList ? (await slicePaths(job.input))[0]! : job.input
  const input = await knownOf(path, settings, job.given)
  let known: Known = { ...input, isMaps: input.isMaps || job.isVolume === true }
  const plans: PlanFacts[] = []
  let isSized = true
  for (const [i, make] of job.steps.entries()) {
    const step = make(known)
    if (step.kind === 'tensor') {
      plans.push(step.arithmetic ?? arithmetics.bank)
      // What comes out is known when it is there: floats, of a size for which no step is too large.
      const { peak: _, ...rest } = known
      known = {
        ...rest,
        full: step.full ?? known.full,
        depth: 32,
        isMaps: true,
        ...unknownSize,
      }
      isSized = false
      continue
    }
    const position = { isFirst: i === 0, isLast: i === job.steps.length - 1 }
    const { plan, channels } = planKnown(step, task, known, position)
    const isAlone = job.steps.length === 1 && settings.channels === undefined && !known.isMaps
    plans.push(...planFacts(plan, isAlone))
    known = { ...known, width: plan.outWidth, height: plan.outHeight, channels, depth: 32 }
  }
  const isFloat = holdsFloats(job)
  return {
    operation: job.operation,
    input: factsOf(job.input, input),
    output: {
      path: job.output,
      ...(isSized ? { width: known.width, height: known.height } : {}),
      depth: isFloat ? 32 : (settings.depth ?? depthOfFull(input.full)),
    },
    plan: plans,
    threads: settings.threads ?? defaultThreads(),
    notes: [...input.notes, ...(job.isVolume ? leftOutOf(job.input) : keepsPages(task) ? [] : input.ofPages)],
  }
}
