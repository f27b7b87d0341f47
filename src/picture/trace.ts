import { areSmall, type Engine, tiledUpTo, tiledWhere } from '../definition/engine.ts'
import { ConvoError, invariant, nearest } from '../error.ts'
import { nodeOf, planesNode, sourceNode, traced, tracer } from '../graph/node.ts'
import { movedTwice, positionOf, scaled, unmoved } from '../graph/position.ts'
import { listed } from '../graph/schedule.ts'
import { sliceBySlice } from '../graph/slices.ts'
import { pause } from '../host/turns.ts'
import { arithmetics, type Kept, type Step } from '../operators/operator.ts'
import { costApart, costOfSlices } from '../run/cost.ts'
import type { Source } from '../run/picture-job.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { Tensor, unseen } from '../tensor/tensor.ts'
import { type Blending, beginBlending, blendable } from './blend.ts'
import { covered, mayHide } from './hidden.ts'
import type { PictureTask, PlanFacts, StepMaker } from './job.ts'
import { refuseTone } from './load.ts'
import { filterOf, type Ground, planFacts, planOf, recipeOver, tonedSource } from './recipe.ts'
import { graphOf, isTransparent, type Pending, pictureOf, type State, shapeOf, slicesIn } from './state.ts'

// Steps are traced one after another. The trace shows what a run will do, and the run executes it.

/** An input, as far as it is known. */
export type Met = { readonly data: Pending; readonly meta: PictureMeta; readonly notes: readonly string[] }

/**
 * Traces the steps of a job. The trace is the plan of a run, and the source of what `--dry-run` and `explain` report.
 *
 * @throws ConvoError if the steps cannot take the input
 */
export async function traceJob(
  ground: Ground,
  engine: Engine,
  { data, meta, notes }: Met,
  task: PictureTask,
): Promise<{ readonly state: State; readonly blending?: Blending | undefined }> {
  const { source } = data
  if (!data.isPicture) refuseTone(task, source ? 'a volume' : `[${data.out.shape.join(',')}]`)
  // the numbers are not levels of a picture
  const isArray = (source?.picture.depth ?? 32) === 32 && Object.keys(meta).every((key) => key === 'isLinear')
  const start = { data, notes, plans: [], position: unmoved, unit: isArray ? 1 : undefined }
  const begun = await beginBlending(start, task, ground)
  let { state } = begun
  for (const [i, make] of task.steps.entries()) {
    // the first plan of a large kernel takes ten milliseconds, and the work before it may take as long
    await pause()
    // the luma already has the tones that the first step would apply
    state = await takeStep(ground, engine, state, make, task, i === 0 && !begun.blending?.isLuma)
  }
  if (begun.blending !== undefined) blendable(state.data, begun.blending, task)
  return { blending: begun.blending, state: { ...state, plans: alone(state, begun.blending, task) } }
}

/** Returns the plans of a job. A recipe that takes the picture from the decoder to the file has its own strips. */
function alone(
  { data, plans }: State,
  blending: Blending | undefined,
  task: PictureTask,
): readonly PlanFacts[] {
  const isPicture = data.isPicture && blending === undefined
  const only = isPicture && task.settings.channels === undefined ? filterOf(data) : undefined
  if (only === undefined || 'out' in only.over) return plans
  const own = planFacts(only.filter.plan, true)
  return [...own, ...plans.slice(own.length)]
}

/**
 * Traces a step on a picture, maps or a volume.
 *
 * An operator that treats each channel separately takes alpha along, with colours weighted by it. An operator that
 * mixes channels gets only the colours, with hidden ones replaced as in `covered`; alpha is put back if the result is a
 * gray or RGB picture of the same size. Kernels handle alpha themselves.
 */
async function takeStep(
  ground: Ground,
  engine: Engine,
  state: State,
  make: StepMaker,
  task: PictureTask,
  isFirst: boolean,
): Promise<State> {
  const kept = keptOf(state)
  const { isSmall, seen } = smallness(ground, state.data)
  const step = await make({ ...shapeOf(state.data), unit: state.unit })
  const tracing = tiledWhere(tracer, isSmall)
  const settled = async (out: Tensor) => step.settle?.(out) ?? out
  const eagerly = async (x: Tensor) => settled(await step.apply(x, engine, kept))
  const taking = { ground, tracing, eagerly, step, task, isFirst, kept }
  const { data, note }: Made =
    slicesIn(state.data) === undefined
      ? await overPlanes(taking, state.data)
      : { data: await overVolume(taking, state.data) }
  // a kept result may need the picture even if nothing else does any more
  const source = data.source ?? [...kept.sources][0]
  if (step.keeps !== undefined) kept.keep(step.keeps, data.out)
  const named = new Map(state.kept)
  for (const [name, tensor] of kept.more) named.set(name, { tensor, source })
  const scale = step.scale?.()
  const position = scale ? scaled(scale) : positionOf(nodeOf(data.out), nodeOf(state.data.out))
  return {
    data: { ...data, source },
    plans: [...state.plans, ...factsOf(step, data)],
    notes: [
      ...new Set([...state.notes, ...(note === undefined ? [] : [note]), ...(step.notes ?? []), ...seen()]),
    ],
    unit: step.unit ?? state.unit,
    kept: named,
    position: position && state.position && movedTwice(state.position, position),
  }
}

/** Checks on demand whether the input of steps is finite, and provides the note for the user. */
function smallness({ compute, peak }: Ground, { source, out }: Pending) {
  let isSmall: boolean | undefined
  const look = (): boolean => {
    if (source?.picture.depth === 32 && !(peak(source.picture) < tiledUpTo)) return false
    return listed(nodeOf(out)).every(({ work }) => work.kind !== 'planes' || areSmall(work.data))
  }
  return {
    isSmall(): boolean {
      isSmall ??= compute === undefined || look()
      return isSmall
    },
    seen: () => (isSmall === false ? [directNote] : []),
  }
}

const directNote =
  "some samples are not finite or very large, and Winograd's algorithm would spread them: the slower direct sums were used"

const factsOf = (step: Step, made: Pick<Pending, 'out' | 'source'>): PlanFacts[] =>
  step.kernels === undefined
    ? [step.arithmetic ?? arithmetics.bank]
    : planFacts(planOf(nodeOf(made.out))!, false)

/** Returns the results that earlier steps kept by name, the pictures that they need, and those that are kept next. */
function keptOf({ kept }: State) {
  const sources = new Set<Source>()
  const more = new Map<string, Tensor>()
  const find = (name: string): Tensor => {
    const found = kept?.get(name)
    if (found === undefined) throw unnamed(name, [...(kept?.keys() ?? [])])
    if (found.source !== undefined) sources.add(found.source)
    return found.tensor
  }
  const keep = (name: string, tensor: Tensor) => void more.set(name, tensor)
  return Object.assign(find, { keep, sources, more }) satisfies Kept
}

const unnamed = (name: string, names: readonly string[]): ConvoError =>
  new ConvoError('E_NAME', `no earlier step saved a result as "${name}"`, {
    why: names.length === 0 ? 'no step saved a result' : `saved: ${names.join(', ')}`,
    ...(names.length === 0 && { fix: `keep --as ${name} after the step whose result it is` }),
    instead: [name, nearest(name, names)],
  })

/** How many times the work may be repeated for a step that processes each channel separately. */
const mostApart = 1.5

type Made = { readonly data: Pending; readonly note?: string }

/** A step that is being taken. */
type Taking = {
  readonly ground: Ground
  readonly tracing: Engine
  /** Runs the step on numbers. */
  eagerly(x: Tensor): Promise<Tensor>
  readonly step: Step
  readonly task: PictureTask
  readonly isFirst: boolean
  readonly kept: Kept
}

async function overPlanes(taking: Taking, given: Pending): Promise<Made> {
  const { ground, tracing, eagerly, step, task, isFirst, kept } = taking
  const before = step.acts === 'pixels' ? given : toned(given, task, isFirst)
  const { full } = before
  const recipe: Engine['recipe'] = async (x, one, options) =>
    traced(await recipeOver(ground, { ...before, out: x }, one, options, task, isFirst))
  const engine = step.acts === 'pixels' ? { ...tracing, recipe } : tracing
  const made = (out: Tensor, isPicture: boolean, isMoved = false): Made => ({
    data: { out, source: before.source, full: step.full ?? full, isPicture, isMoved },
  })
  const apply = async (x: Tensor): Promise<Tensor> => {
    const whole = async (out: Tensor) => ground.compute?.(graphOf({ ...before, out }))
    const all = async (part: Tensor): Promise<Tensor> => {
      const seen = await whole(part)
      return traced(planesNode(seen === undefined ? unseen(part) : await eagerly(seen)))
    }
    if (step.seesAll === 'alone') {
      const seen = costApart(nodeOf(x)) > mostApart ? await whole(x) : undefined
      const below = seen === undefined ? x : traced(planesNode(seen))
      let planes: Tensor | undefined
      for (let c = 0; c < x.shape[0]!; c++) {
        const one = await all(await tracer.layer('select', [below], { first: c, count: 1 }))
        planes = planes === undefined ? one : await tracer.layer('join', [planes, one], { gain: [1, 1] })
      }
      return planes!
    }
    if (step.seesAll) return all(x)
    const out = await step.apply(x, engine, kept)
    if (step.settle === undefined) return out
    const seen = await whole(out)
    return traced(planesNode(seen === undefined ? unseen(out) : await step.settle(seen)))
  }
  const isOne = ({ shape: [count] }: Tensor) =>
    (count === 1 || count === 3) && step.givesPicture?.() !== false
  const x = before.out
  if (step.acts === 'pixels') return made(await apply(x), before.isPicture)
  if (!isTransparent(before)) {
    const out = await apply(x)
    return made(out, isOne(out))
  }
  const usual = step.moves ? 'separate' : step.acts === 'each' ? 'premultiply' : 'copy'
  const mode = task.settings.alpha ?? usual
  const colours = x.shape[0]! - 1
  if (step.moves && step.carries !== undefined) {
    const y = await apply(await tracer.layer('select', [x], { first: 0, count: colours }))
    const own = await tracer.layer('select', [x], { first: colours, count: 1 })
    const alpha = await step.carries(own, [y.shape[1]!, y.shape[2]!], tracer)
    return made(await tracer.layer('join', [y, alpha], { gain: [1, 1] }), true, true)
  }
  if (step.acts === 'each' && mode === 'premultiply') {
    const y = await apply(await tracer.layer('weighted', [x], {}))
    return made(await tracer.layer('straightened', [y], { full: step.full ?? full }), true)
  }
  if (mode === 'separate' && (step.acts === 'each' || step.isChannelwise))
    return made(await apply(x), true, step.moves)
  const { out: seen, source } = await coveredOf(ground, before)
  const y = await apply(await tracer.layer('select', [seen], { first: 0, count: colours }))
  const [, ...size] = y.shape as [number, number, number]
  const isSame = size.join() === x.shape.slice(1).join()
  // alpha of another size is processed in the same way if channels are separate
  const carries = step.carries ?? (step.acts === 'each' ? apply : undefined)
  if (isOne(y) && (isSame || carries !== undefined)) {
    const own = await tracer.layer('select', [seen], { first: colours, count: 1 })
    const alpha = isSame ? own : await carries!(own, size, tracer)
    const { data } = made(await tracer.layer('join', [y, alpha], { gain: [step.full ?? full, full] }), true)
    const whole = { data: { ...data, source } }
    const note = `--alpha ${mode} has no effect on an operation that mixes channels or ranks samples: alpha is kept unchanged`
    return mode === 'copy' ? whole : { ...whole, note }
  }
  const note = `alpha was dropped: the result is [${y.shape.join(',')}], and alpha is [1,${x.shape.slice(1).join(',')}]`
  return { ...made(y, isOne(y)), note }
}

/** Returns the data with the tones for the first step of a job. */
function toned(data: Pending, task: PictureTask, isFirst: boolean): Pending {
  const picture = isFirst ? pictureOf(data) : undefined
  if (picture === undefined) return data
  const { source, channels } = tonedSource(task, picture)
  return { ...data, out: traced(sourceNode([channels, picture.height, picture.width])), source }
}

/** Returns the data with colours for hidden pixels. */
async function coveredOf(ground: Ground, data: Pending): Promise<Pending> {
  if (ground.compute === undefined) return data
  if (!(await mayHide(data))) return { ...data, source: { ...data.source!, isSeen: true } }
  return { ...data, out: traced(planesNode(await covered(await ground.compute(graphOf(data))))) }
}

/** How many times the work of steps over a volume may be repeated to process slices one by one. */
const mostRepeated = 1.7

/**
 * Traces a step on a volume, either as a whole or slice by slice. If a step reaches over many slices, its input is
 * computed first when slices would otherwise be computed repeatedly.
 */
async function overVolume(taking: Taking, given: Pending): Promise<Pending> {
  const { ground, tracing, eagerly, step, task, kept } = taking
  const { out: x, source } = given
  const made = (out: Tensor): Pending => {
    const isPicture = out.shape.length === 3 && (out.shape[0] === 1 || out.shape[0] === 3)
    return { out, source, full: step.full ?? given.full, isPicture }
  }
  const whole = async () => {
    const seen = await ground.compute?.(graphOf(given))
    return seen && new Tensor(x.shape, seen.data)
  }
  const { kernels } = step
  if (kernels !== undefined) {
    const out = await recipeOver(ground, given, kernels.recipe, kernels.options, task, false)
    const [channels, height, width] = out.shape
    const slices = slicesIn(given)!
    return made(traced(out, [channels, slices, height / slices, width]))
  }
  const isLazy = !step.seesAll && step.settle === undefined
  if (step.volume === 'whole' && isLazy) {
    const out = await step.apply(x, tracing, kept)
    const slices = slicesIn({ out })
    const isOften = slices !== undefined && costOfSlices(nodeOf(out), slices) > mostRepeated
    const isMade = nodeOf(x).inputs.length > 0
    if (!isOften || !isMade) return made(out)
    // a plan has no numbers, only a place for them
    const below = (await whole()) ?? unseen(x)
    return made(await step.apply(traced(planesNode(below), x.shape), tracing, kept))
  }
  const [channels = 1, slices = 1, height = 1, width = 1] = x.shape
  const shape = [channels, height, width] as const
  if (step.volume !== 'whole' && isLazy) {
    const slice = sourceNode(shape)
    const one = await step.apply(traced(slice), tracing, kept)
    const out = sliceBySlice(nodeOf(one), slice, nodeOf(x), slices)
    const [filters, ...size] = one.shape
    const all = [filters!, slices, ...size]
    if (out !== undefined) return made(traced(out, all))
    if (ground.compute === undefined) return made(traced(planesNode(unseen({ shape: all })), all))
  }
  const seen = await whole()
  const run = step.volume === 'whole' ? eagerly : (volume: Tensor) => throughSlices(volume, eagerly)
  const y = seen === undefined ? unseen(x) : await run(seen)
  return made(traced(planesNode(y), y.shape))
}

/** Runs an operator on pictures over the slices of a volume [C,D,H,W], one by one: [C',D,H',W']. */
async function throughSlices(
  { shape, data }: Tensor,
  apply: (slice: Tensor) => Promise<Tensor>,
): Promise<Tensor> {
  const [channels, depth, height, width] = shape as [number, number, number, number]
  const plane = height * width
  let out: Tensor | undefined
  for (let z = 0; z < depth; z++) {
    const slice = Tensor.zeros([channels, height, width])
    for (let c = 0; c < channels; c++) {
      const from = (c * depth + z) * plane
      slice.data.set(data.subarray(from, from + plane), c * plane)
    }
    const made = await apply(slice)
    const [filters, ...size] = made.shape as [number, number, number]
    out ??= Tensor.zeros([filters, depth, ...size])
    const area = size[0]! * size[1]!
    for (let f = 0; f < filters; f++) {
      out.data.set(made.data.subarray(f * area, (f + 1) * area), (f * depth + z) * area)
    }
  }
  invariant(out !== undefined, 'a volume has at least one slice')
  return out
}
