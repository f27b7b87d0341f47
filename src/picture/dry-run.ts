import { ConvoError } from '../error.ts'
import { sourceNode, traced, tracer } from '../graph/node.ts'
import { arithmetics } from '../operators/operator.ts'
import { defaultThreads } from '../run/pool.ts'
import { depthOfFull } from '../tensor/picture.ts'
import type { Tensor } from '../tensor/tensor.ts'
import {
  factsOf,
  type PictureFacts,
  type PictureJob,
  type PlanFacts,
  type SettledStep,
  taskOf,
} from './job.ts'
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

type Size = Pick<Known, 'width' | 'height' | 'channels'> & { readonly hasAlpha?: boolean }

type TensorStep = Extract<SettledStep, { kind: 'tensor' }>

/**
 * The size that a step makes, which is written down for it as for a run; undefined where only its samples say.
 *
 * @throws ConvoError as the run would
 */
async function sizeBehind(
  step: TensorStep,
  { width, height, channels, hasSlices }: Known,
  hasAlpha: boolean,
  copiesAlpha: boolean,
  kept: Map<string, Tensor>,
): Promise<Size | undefined> {
  if (hasSlices || step.seesAll || step.settle !== undefined) return undefined
  const isAlone = hasAlpha && (step.acts !== 'each' || copiesAlpha)
  const find = (name: string): Tensor => {
    const found = kept.get(name)
    if (found !== undefined) return found
    throw new ConvoError('E_NAME', `no step before kept anything as "${name}"`)
  }
  const keep = (name: string, tensor: Tensor) => void kept.set(name, tensor)
  const x = traced(sourceNode([channels - (isAlone ? 1 : 0), height, width]))
  const out = await step.apply(x, tracer, Object.assign(find, { keep }))
  if (step.keeps !== undefined) kept.set(step.keeps, out)
  const [made, high, wide] = out.shape as [number, number, number]
  const isSame = high === height && wide === width
  const isJoined =
    isAlone &&
    (made === 1 || made === 3) &&
    (isSame || step.carries !== undefined) &&
    step.givesPicture?.() !== false
  return {
    width: wide,
    height: high,
    channels: made + (isJoined ? 1 : 0),
    hasAlpha: hasAlpha && (isJoined || !isAlone),
  }
}

const unknownSize = { width: 16384, height: 16384, hasAlpha: false } as const

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
  let hasAlpha = !known.isMaps && (known.channels === 2 || known.channels === 4)
  const kept = new Map<string, Tensor>()
  const notes: string[] = []
  for (const [i, make] of job.steps.entries()) {
    const step = make(known)
    if (step.kind === 'tensor') {
      plans.push(step.arithmetic ?? arithmetics.bank)
      // What comes out is known when it is there: floats, of a size for which no step is too large.
      const { peak: _, ...rest } = known
      const made: Size | undefined =
        isSized && job.isVolume !== true
          ? await sizeBehind(step, known, hasAlpha, settings.alpha === 'copy', kept)
          : undefined
      isSized = made !== undefined
      const { hasAlpha: isJoined = false, ...size } = made ?? unknownSize
      hasAlpha = isJoined
      notes.push(...(step.notes ?? []))
      known = {
        ...rest,
        full: step.full ?? known.full,
        depth: 32,
        isMaps: true,
        ...size,
      }
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
    notes: [
      ...input.notes,
      ...notes,
      ...(job.isVolume ? leftOutOf(job.input) : keepsPages(task) ? [] : input.ofPages),
    ],
  }
}
