import { sourceNode, traced, tracer } from '../graph/node.ts'
import { arithmetics, type Step } from '../operators/operator.ts'
import { defaultThreads } from '../run/pool.ts'
import { depthOfFull, hasAlpha } from '../tensor/picture.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { checkBlending } from './blend.ts'
import { factsOf, type PictureFacts, type PictureJob, type PlanFacts, taskOf } from './job.ts'
import { type Known, knownOf } from './known.ts'
import { isSliceList, leftOutOf, slicePaths } from './load.ts'
import { holdsFloats } from './output.ts'
import { keepsPages } from './paged.ts'
import { planFacts, planKnown } from './recipe-step.ts'
import { unnamed } from './tensor-step.ts'

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

type Size = { readonly width: number; readonly height: number }
type TensorStep = Extract<Step, { kind: 'tensor' }>

/** Finds the sizes that come out of the steps of one job, one after the other, without computing them. */
function sizeTracer(): (step: TensorStep, known: Known) => Promise<Size | undefined> {
  const named = new Map<string, Tensor>()
  const keep = (name: string, tensor: Tensor) => void named.set(name, tensor)
  const find = (name: string): Tensor => {
    const found = named.get(name)
    if (found === undefined) throw unnamed(name, [...named.keys()])
    return found
  }
  let before: readonly number[] | undefined
  return async (step, { width, height, channels, isMaps }) => {
    if (step.seesAll) return step.volume === 'whole' ? undefined : { width, height }
    const isApart = step.acts === 'colour' && hasAlpha(channels) && !isMaps
    const count = before?.[0] ?? (isApart ? channels - 1 : channels)
    const x = traced(sourceNode([count, height, width]))
    const made = await step.apply(x, tracer, Object.assign(find, { keep })).catch((error) => {
      // behind another step alpha may be among the channels or not: a run will see
      if (before === undefined) throw error
    })
    if (made === undefined) return undefined
    if (step.keeps !== undefined) keep(step.keeps, made)
    before = made.shape
    return { width: made.shape.at(-1)!, height: made.shape.at(-2)! }
  }
}

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
  const sizes = sizeTracer()
  for (const [i, make] of job.steps.entries()) {
    const step = make(known)
    if (step.kind === 'tensor') {
      plans.push(step.arithmetic ?? arithmetics.bank)
      const size: Size | undefined =
        isSized && !known.hasSlices && !job.isVolume ? await sizes(step, known) : undefined
      // floats come out; of maps and volumes the size is one for which no step is too large
      const { peak: _, ...rest } = known
      known = {
        ...rest,
        full: step.full ?? known.full,
        depth: 32,
        isMaps: true,
        ...(size ?? unknownSize),
      }
      isSized = size !== undefined
      continue
    }
    const position = { isFirst: i === 0, isLast: i === job.steps.length - 1 }
    const { plan, channels } = planKnown(step, task, known, position)
    const isAlone = job.steps.length === 1 && settings.channels === undefined && !known.isMaps
    plans.push(...planFacts(plan, isAlone))
    known = { ...known, width: plan.outWidth, height: plan.outHeight, channels, depth: 32 }
  }
  checkBlending(task, input, isSized ? known : undefined)
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
