import {
  type AlgorithmChoice,
  type FilterOptions,
  planRecipe,
  type RecipePlan,
  type SampleType,
} from '../conv/plan.ts'
import { type Recipe, single, sumsToZero } from '../conv/recipe.ts'
import { ConvoError, invariant } from '../error.ts'
import { readHeader } from '../image/codec.ts'
import { linearTable } from '../image/light.ts'
import { isSameFile } from '../image/output.ts'
import { compressionSettings } from '../image/png.ts'
import type { Range } from '../image/quantise.ts'
import { viewSamples } from '../image/samples.ts'
import { kernel } from '../kernel/kernel.ts'
import type { Step } from '../operators/operator.ts'
import { put } from '../run/bank.ts'
import type { Sink, Tone } from '../run/picture-job.ts'
import { isWorthWorkers, type Outcome, runRecipe, type SourcePicture } from '../run/pictures.ts'
import { createPool, defaultThreads, type Pool, type Session } from '../run/pool.ts'
import { poolEngine } from '../run/tensors.ts'
import { hasAlpha, type PictureMeta } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import { expectedSamples, loadPicture, loadTensor, type Opened, openInput } from './input.ts'
import { openPng, outputKind, writePicture, writeTensor } from './output.ts'
import { filterOptions, type Settings } from './settings.ts'

/** A step, made when the picture that it meets is known. */
export type StepMaker = (picture: { readonly channels: number; readonly full: 255 | 65535 }) => Step

/** One run: an input through steps, floats between them, into an output. */
export type PictureJob = {
  readonly input: string
  readonly output: string
  /** The name of the operation, for reports. */
  readonly operation: string
  readonly steps: readonly StepMaker[]
  readonly settings: Settings
  /** The border that the kernel's file asks for. */
  readonly kernelBorder?: string | undefined
}

/** The job with its settings in the form in which plans take them. */
type Task = PictureJob & { readonly filter: FilterOptions; readonly range: Range }

/** A picture as reports describe it. */
export type PictureFacts = {
  readonly path: string
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly depth: number
}

/** What a run did. */
export type Report = {
  readonly operation: string
  readonly input: PictureFacts
  readonly output: PictureFacts & { readonly bytes: number }
  readonly plan: readonly PlanFacts[]
  readonly clipped: Outcome
  readonly notes: readonly string[]
  readonly milliseconds: number
}

/** Which arithmetic a step runs, and why. */
export type PlanFacts = {
  readonly algorithm: string
  readonly reason: string
  readonly kernel?: string
  readonly border?: string
  readonly stripRows?: number
}

let shared: Pool | undefined

/** The pool of this process. The first call decides the number of threads. */
function poolFor(threads: number | undefined): Pool {
  shared ??= createPool(threads ?? defaultThreads())
  return shared
}

/** Ends the worker threads, if there are any. */
export async function closePool(): Promise<void> {
  await shared?.close()
  shared = undefined
}

/**
 * Runs a job. Workers start while the picture is decoded; strips of a PNG are written as they are done.
 *
 * @throws ConvoError for anything that keeps it from being done; the output is then as it was before
 */
export async function processPicture(
  job: PictureJob,
  pool: Pool = poolFor(job.settings.threads),
): Promise<Report> {
  const began = performance.now()
  const task = taskOf(job)
  const opened = await openInput(job.input)
  if (isWorthWorkers(expectedSamples(opened))) pool.warm()
  return pool.exclusive(async (session) => {
    const report = await runJob(session, pool, opened, task)
    return { ...report, milliseconds: Math.round((performance.now() - began) * 10) / 10 }
  })
}

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
}

/**
 * Plans a job without decoding, computing or writing: which arithmetic would run, and why.
 *
 * @throws ConvoError as `processPicture` does for options, kernels and unreadable inputs
 */
export async function dryRun(job: PictureJob): Promise<DryRun> {
  const task = taskOf(job)
  const { settings } = job
  const opened = await openInput(job.input)
  const header = await headerOf(opened, settings)
  let picture: SourcePicture = { ...header, address: 0, full: header.depth === 16 ? 65535 : 255 }
  const plans: PlanFacts[] = []
  let isKnown = true
  for (const [i, make] of job.steps.entries()) {
    const step = make(picture)
    if (step.kind === 'tensor') {
      plans.push({ algorithm: 'tensor', reason: 'a network operator on float32 planes' })
      isKnown = false
      continue
    }
    const tone = toneOf(step.recipe, task, picture, i === 0, i === job.steps.length - 1, 1)
    const plan = planFor(step.recipe, { ...task.filter, ...step.options }, picture, tone)
    plans.push(...planFacts(plan))
    picture = {
      ...picture,
      width: plan.outWidth,
      height: plan.outHeight,
      channels: outChannels(picture, tone),
      depth: 32,
    }
  }
  const isFloat = outputKind(job.output) === 'npy'
  return {
    operation: job.operation,
    input: facts(job.input, header),
    output: {
      path: job.output,
      ...(isKnown ? { width: picture.width, height: picture.height } : {}),
      depth: isFloat ? 32 : (settings.depth ?? (header.depth === 16 ? 16 : 8)),
    },
    plan: plans,
    threads: settings.threads ?? defaultThreads(),
  }
}

async function headerOf(opened: Opened, settings: Settings) {
  if (opened.probe.kind !== 'npy') {
    const header = await readHeader(opened.source, {
      maxPixels: settings['max-pixels'],
      orient: !settings['no-orient'],
      name: opened.path,
    })
    const { width, height, depth } = header
    const channels =
      settings.alpha === 'drop' && hasAlpha(header.channels)
        ? ((header.channels - 1) as 1 | 3)
        : header.channels
    return { width, height, channels, depth }
  }
  const [channels = 1, height = 1, width = 1] = (await loadTensor(opened)).shape
  return { width, height, channels: channels as 1 | 2 | 3 | 4, depth: 32 as const }
}

/** @throws ConvoError for options that contradict each other or the output */
function taskOf(job: PictureJob): Task {
  const { input, output, settings } = job
  if (!settings['in-place'] && isSameFile(input, output)) {
    throw new ConvoError('E_IN_PLACE', `${output} is the input itself`, {
      fix: '--in-place, or another output',
    })
  }
  const isFloat = outputKind(output) === 'npy'
  const range = settings.range ?? (isFloat ? 'raw' : 'clamp')
  if (range === 'raw' && !isFloat) {
    throw new ConvoError('E_OPTION', `--range raw keeps floating point, and ${output} holds whole samples`, {
      fix: 'an output path ending in .npy, or another --range',
    })
  }
  return { ...job, range, filter: filterOptions(settings, job.kernelBorder) }
}

/** The picture between two steps. */
type State = {
  readonly picture: SourcePicture
  readonly notes: readonly string[]
  readonly plans: readonly PlanFacts[]
}

async function runJob(
  session: Session,
  pool: Pool,
  opened: Opened,
  job: Task,
): Promise<Omit<Report, 'milliseconds'>> {
  const loaded = await load(opened, job)
  const { meta } = loaded
  let state: State = { picture: loaded.picture, notes: loaded.notes, plans: [] }
  const input = facts(job.input, loaded.picture)
  let last: Step | undefined
  for (const [i, make] of job.steps.entries()) {
    const step = make(state.picture)
    if (step.kind === 'tensor') state = await tensorStep(pool, session, state, step)
    else if (i < job.steps.length - 1) {
      state = await recipeStep(session, state, step.recipe, withOptions(job, step), i === 0)
    }
    state = { ...state, notes: [...state.notes, ...(step.notes ?? [])] }
    last = step
  }
  invariant(last !== undefined, 'a job has at least one step')
  // What a tensor operator made goes to the file through the recipe that changes nothing.
  const isRecipe = last.kind === 'recipe'
  const recipe = last.kind === 'recipe' ? last.recipe : identity
  const filter = last.kind === 'recipe' ? withOptions(job, last).filter : { ...job.filter, ...neutral }
  const written = await writeLast(
    session,
    state,
    recipe,
    { ...job, filter },
    meta,
    isRecipe && job.steps.length === 1,
  )
  return {
    operation: job.operation,
    input,
    output: written.facts,
    plan: [...state.plans, ...(isRecipe ? written.plans : [])],
    clipped: written.outcome,
    notes: [...state.notes, ...written.notes],
  }
}

/** The job with what the step decided about its kernels. */
const withOptions = (job: Task, step: Extract<Step, { kind: 'recipe' }>): Task => ({
  ...job,
  filter: { ...job.filter, ...step.options },
})

const identity: Recipe = single(kernel([1, 1], [1]))
const neutral = {
  flip: false,
  normalize: false,
  scale: undefined,
  bias: undefined,
  anchor: undefined,
  padding: undefined,
  stride: [1, 1] as const,
  dilation: [1, 1] as const,
  algorithm: 'auto' as AlgorithmChoice,
}

async function load(opened: Opened, job: Task) {
  if (opened.probe.kind === 'npy') {
    const picture = pictureOf(await loadTensor(opened), 255)
    return { picture, meta: {}, notes: [] }
  }
  const { settings } = job
  const [maxPixels, orient] = [settings['max-pixels'], !settings['no-orient']]
  return loadPicture(opened, { maxPixels, orient, dropAlpha: settings.alpha === 'drop' })
}

/** A recipe between two steps: its float result is the next step's input. */
async function recipeStep(
  session: Session,
  state: State,
  recipe: Recipe,
  job: Task,
  isFirst: boolean,
): Promise<State> {
  const { picture } = state
  const tone = toneOf(recipe, job, picture, isFirst, false, lightTable(session, job, picture, isFirst))
  const plan = planFor(recipe, job.filter, picture, tone)
  const channels = outChannels(picture, tone)
  const target = session.arena.alloc(plan.outWidth * plan.outHeight * channels * 4)
  await runRecipe(session, plan, picture, tone, 'raw', { kind: 'float', target })
  const next: SourcePicture = {
    address: target,
    width: plan.outWidth,
    height: plan.outHeight,
    channels,
    depth: 32,
    full: picture.full,
  }
  return { ...state, picture: next, plans: [...state.plans, ...planFacts(plan)] }
}

async function tensorStep(
  pool: Pool,
  session: Session,
  state: State,
  step: Extract<Step, { kind: 'tensor' }>,
): Promise<State> {
  const { picture } = state
  const x = tensorOf(session, picture)
  const y = await step.apply(x, poolEngine(pool, session))
  return { ...state, picture: pictureOf(y, step.full ?? picture.full) }
}

async function writeLast(
  session: Session,
  state: State,
  recipe: Recipe,
  job: Task,
  meta: PictureMeta,
  isFirst: boolean,
) {
  const { picture } = state
  const { output, settings, range } = job
  const tone = toneOf(recipe, job, picture, isFirst, true, lightTable(session, job, picture, isFirst))
  const plan = planFor(recipe, job.filter, picture, tone)
  const channels = outChannels(picture, tone)
  const depth = settings.depth ?? (picture.full === 65535 ? 16 : 8)
  const size = plan.outWidth * plan.outHeight * channels
  const shape = { width: plan.outWidth, height: plan.outHeight, channels, depth }
  const plans = planFacts(plan)
  const kind = outputKind(output)
  const done = (outcome: Outcome, bytes: number, notes: readonly string[] = []) => ({
    outcome,
    plans,
    notes,
    facts: { ...facts(output, { ...shape, depth: kind === 'npy' ? 32 : depth }), bytes },
  })

  if (kind === 'png') {
    const compression = compressionSettings(settings.compression)
    const png = await openPng(output, { ...shape, meta }, compression)
    try {
      const sink: Sink = { kind: 'png', depth, compression }
      const outcome = await runRecipe(session, plan, picture, tone, range, sink, png.strip, png.drain)
      return done(outcome, await png.finish())
    } catch (error) {
      await png.abort()
      throw error
    }
  }
  if (kind === 'npy') {
    const target = session.arena.alloc(size * 4)
    const outcome = await runRecipe(session, plan, picture, tone, range, { kind: 'float', target })
    const tensor = tensorOf(session, { ...shape, address: target, depth: 32, full: picture.full })
    return done(outcome, await writeTensor(output, tensor))
  }
  const target = session.arena.alloc((size * depth) / 8)
  const outcome = await runRecipe(session, plan, picture, tone, range, { kind: 'samples', depth, target })
  const bytes = new Uint8Array(session.arena.memory.buffer, target, (size * depth) / 8).slice()
  const written = await writePicture(output, { ...shape, data: viewSamples(bytes, depth), meta })
  return done(outcome, written.bytes, written.notes)
}

function toneOf(
  recipe: Recipe,
  job: Task,
  picture: SourcePicture,
  isFirst: boolean,
  isLast: boolean,
  table: number,
): Tone {
  const { linear, gray, alpha } = job.settings
  if (linear && picture.depth === 32 && isFirst) {
    throw new ConvoError('E_OPTION', '--linear needs samples of 8 or 16 bits, and this input has floats')
  }
  const mode = alpha ?? (recipe.kernels.every(sumsToZero) ? 'copy' : 'premultiply')
  return {
    gray: gray && isFirst && picture.channels >= 3,
    table: linear && isFirst ? table : 0,
    encode: linear && isLast && outputKind(job.output) !== 'npy',
    alpha: !hasAlpha(picture.channels) || mode === 'separate' || mode === 'drop' ? 'plain' : mode,
  }
}

/** The address of the table of linear light, where the job wants one. */
const lightTable = (session: Session, job: Task, picture: SourcePicture, isFirst: boolean): number =>
  job.settings.linear && isFirst ? put(session.arena, linearTable(picture.full)) : 0

function planFor(recipe: Recipe, options: FilterOptions, picture: SourcePicture, tone: Tone): RecipePlan {
  const native: SampleType = picture.depth === 8 ? 'u8' : picture.depth === 16 ? 'u16' : 'f32'
  const converted = tone.gray || tone.table !== 0 || tone.alpha === 'premultiply'
  return planRecipe(recipe, options, { ...picture, samples: converted ? 'f32' : native })
}

const outChannels = (picture: SourcePicture, tone: Tone): 1 | 2 | 3 | 4 =>
  tone.gray ? (hasAlpha(picture.channels) ? 2 : 1) : picture.channels

function planFacts(plan: RecipePlan): PlanFacts[] {
  return plan.stencils.map((s) => ({
    algorithm: s.algorithm,
    reason: s.reason,
    kernel: `${s.kW}x${s.kH}`,
    border: plan.border,
    stripRows: plan.stripRows,
  }))
}

const facts = (
  path: string,
  p: { width: number; height: number; channels: number; depth: number },
): PictureFacts => ({
  path,
  width: p.width,
  height: p.height,
  channels: p.channels,
  depth: p.depth,
})

/** [C,H,W] from an interleaved picture. */
function tensorOf(session: Session, picture: SourcePicture): Tensor {
  const { width, height, channels } = picture
  const data =
    'data' in picture ? picture.data : floatsAt(session, picture.address, width * height * channels)
  const planar = new Float32Array(width * height * channels)
  const plane = width * height
  for (let c = 0; c < channels; c++) {
    for (let i = 0, from = c; i < plane; i++, from += channels) planar[c * plane + i] = data[from]!
  }
  return new Tensor([channels, height, width], planar)
}

/** What a step left in the session's memory. */
const floatsAt = (session: Session, address: number, count: number): Float32Array =>
  new Float32Array(session.arena.memory.buffer, address, count)

/** An interleaved float picture from [C,H,W] with 1 to 4 channels. */
function pictureOf(tensor: Tensor, full: 255 | 65535): SourcePicture {
  const [channels = 1, height = 1, width = 1] = tensor.shape
  invariant(tensor.shape.length === 3 && channels <= 4, 'a picture has 1 to 4 channels')
  const data = new Float32Array(tensor.data.length)
  const plane = width * height
  for (let c = 0; c < channels; c++) {
    for (let i = 0, to = c; i < plane; i++, to += channels) data[to] = tensor.data[c * plane + i]!
  }
  return { data, width, height, channels: channels as 1 | 2 | 3 | 4, depth: 32, full }
}
