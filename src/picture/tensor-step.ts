import type { Engine } from '../definition/engine.ts'
import { ConvoError, invariant, nearest } from '../error.ts'
import { nodeOf, outChannels, planesNode, sourceNode, traced, tracer } from '../graph/node.ts'
import { srgb } from '../image/light.ts'
import { arithmetics, type Kept, type Step } from '../operators/operator.ts'
import { runToTensor } from '../run/graph.ts'
import type { Source } from '../run/graph-run.ts'
import type { Session } from '../run/pool.ts'
import { Tensor } from '../tensor/tensor.ts'
import type { PictureTask } from './job.ts'
import { identity, toneOf } from './recipe-step.ts'
import { type Data, dataOf, isTransparent, type State, shapeOf, tensorOf } from './state.ts'

/** The error for a name under which no step kept anything. */
export const unnamed = (name: string, names: readonly string[]): ConvoError => {
  const guess = nearest(name, names)
  return new ConvoError('E_NAME', `no step before kept anything as "${name}"`, {
    why: names.length === 0 ? 'keep --as <name> keeps what there is' : `kept: ${names.join(', ')}`,
    ...(guess === undefined ? {} : { instead: [name, guess] as const }),
  })
}

type TensorStep = Extract<Step, { kind: 'tensor' }>

/**
 * A network operator on a picture, maps or a volume. On a picture or maps it is written down and runs with the steps
 * around it when its result is asked for. Transparency: an operator that treats every channel alone takes alpha along,
 * colours weighted by it; one that mixes channels gets the colours alone, hidden ones as `coverHidden` says, and alpha is
 * put back when as large a gray or RGB picture comes out.
 */
export async function tensorStep(
  session: Session,
  engine: Engine,
  state: State,
  step: TensorStep,
  task: PictureTask,
  isFirst: boolean,
): Promise<State> {
  const { full } = shapeOf(state.data)
  const outFull = step.full ?? full
  const plans = [...state.plans, step.arithmetic ?? arithmetics.bank]
  const named = new Map(state.kept)
  const nameSource = new Set<Source>()
  const find = (name: string): Tensor => {
    const found = named.get(name)
    if (found === undefined) throw unnamed(name, [...named.keys()])
    if (found.source !== undefined) nameSource.add(found.source)
    return found.tensor
  }
  const more = new Map<string, Tensor>()
  const kept: Kept = Object.assign(find, {
    keep: (name: string, tensor: Tensor) => void more.set(name, tensor),
  })
  const unit = step.unit ?? state.unit
  if (state.data.kind === 'tensor' && state.data.tensor.shape.length === 4) {
    const { tensor: x } = state.data
    const apply = async (slice: Tensor) => settled(await step.apply(slice, engine, kept), step)
    const y = step.volume === 'whole' ? await apply(x) : await sliceBySlice(x, apply)
    return { ...state, plans, unit, data: dataOf(y, outFull) }
  }
  const usual = step.moves ? 'separate' : step.acts === 'each' ? 'premultiply' : 'copy'
  const mode = task.settings.alpha ?? usual
  const isTogether = step.acts === 'each' && mode !== 'copy'
  const isAlpha = isTransparent(state.data)
  const { source, x } = await traceable(session, state.data, task, isFirst, isAlpha && !isTogether)
  const apply = async (input: Tensor): Promise<Tensor> => {
    const whole = async (out: Tensor) => runToTensor(session, { out: nodeOf(out), source })
    if (step.seesAll)
      return traced(planesNode(settled(await step.apply(await whole(input), engine, kept), step)))
    const out = await step.apply(input, tracer, kept)
    return step.settle === undefined ? out : traced(planesNode(step.settle(await whole(out))))
  }
  const isOne = (out: Tensor) => (out.shape[0] === 1 || out.shape[0] === 3) && step.givesPicture?.() !== false
  const pending = (out: Tensor, isPicture = isOne(out), isMoved = false): State => {
    // what was kept may be computed from the picture though nothing else is any more
    const from = source ?? [...nameSource][0]
    if (step.keeps !== undefined) more.set(step.keeps, out)
    for (const [name, tensor] of more) named.set(name, { tensor, source: from })
    return {
      ...state,
      plans,
      unit,
      kept: named,
      data: { kind: 'graph', out, source: from, full: outFull, isPicture, isMoved },
    }
  }
  if (!isAlpha) return pending(await apply(x))
  if (isTogether) {
    const isWeighted = mode === 'premultiply'
    const y = await apply(isWeighted ? await tracer.layer('weighted', [x], {}) : x)
    if (isWeighted) return pending(await tracer.layer('straightened', [y], { full: outFull }), true)
    return pending(y, true, step.moves && mode === 'separate')
  }
  const colours = x.shape[0]! - 1
  const y = await apply(await tracer.layer('select', [x], { first: 0, count: colours }))
  const [channels, ...size] = y.shape as [number, number, number]
  const isSame = size.join() === x.shape.slice(1).join()
  if (
    (channels === 1 || channels === 3) &&
    (isSame || step.carries !== undefined) &&
    step.givesPicture?.() !== false
  ) {
    const own = await tracer.layer('select', [x], { first: colours, count: 1 })
    const alpha = isSame ? own : await step.carries!(own, size, tracer)
    return pending(await tracer.layer('join', [y, alpha], { gain: [outFull, full] }), true)
  }
  const note = `alpha was dropped: the result is [${y.shape.join(',')}], and alpha is [1,${x.shape.slice(1).join(',')}]`
  return { ...pending(y), notes: [...state.notes, note] }
}

const settled = (out: Tensor, { settle }: TensorStep): Tensor => settle?.(out) ?? out

/** An operator on pictures over the slices of a volume [C,D,H,W], one by one: [C',D,H',W']. */
async function sliceBySlice(volume: Tensor, apply: (slice: Tensor) => Promise<Tensor>): Promise<Tensor> {
  const [channels, depth, height, width] = volume.shape as [number, number, number, number]
  const plane = height * width
  let out: Tensor | undefined
  for (let z = 0; z < depth; z++) {
    const slice = Tensor.zeros([channels, height, width])
    for (let c = 0; c < channels; c++) {
      const from = (c * depth + z) * plane
      slice.data.set(volume.data.subarray(from, from + plane), c * plane)
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

/** The data as a traced tensor, and the picture that it is made from; where it is to be, with colours for hidden pixels. */
async function traceable(
  session: Session,
  data: Data,
  task: PictureTask,
  isFirst: boolean,
  coversHidden: boolean,
): Promise<{ readonly x: Tensor; readonly source?: Source | undefined }> {
  if (data.kind === 'tensor') return { x: traced(planesNode(data.tensor)) }
  if (coversHidden && (await mayHide(data))) {
    return { x: traced(planesNode(covered(await tensorOf(session, data)))) }
  }
  if (data.kind === 'graph') return { x: data.out, source: data.source }
  const { picture } = data
  const position = { isFirst, isLast: false }
  const { gray, table, light = srgb } = toneOf(identity.recipe, task, picture, position)
  const channels = outChannels(picture, { gray })
  const x = traced(sourceNode([channels, picture.height, picture.width]))
  return { x, source: { picture, gray, light: table === 0 ? undefined : light } }
}

/** False where no pixel is known to be hidden. */
async function mayHide(data: Exclude<Data, { kind: 'tensor' }>): Promise<boolean> {
  if (data.kind === 'graph' || 'address' in data.picture) return true
  const { picture } = data
  const samples = 'data' in picture ? picture.data : await picture.arriving.whole
  for (let i = picture.channels - 1; i < samples.length; i += picture.channels)
    if (samples[i] === 0) return true
  return false
}

/** Colours and alpha; hidden colours are those of a pixel near by that is seen. */
function covered({ shape, data }: Tensor): Tensor {
  const plane = data.length / shape[0]!
  const out = data.slice()
  const alpha = data.length - plane
  coverHidden(out.subarray(0, alpha), data.subarray(alpha), shape[2]!)
  return new Tensor(shape, out)
}

/**
 * Gives every pixel of alpha 0 the colours of the nearest one in its row that is not, of two the left one; a row without any
 * those of the nearest row that has one, of two the upper one; black where there is none at all. In place.
 */
function coverHidden(colours: Float32Array, alpha: Float32Array, width: number): void {
  const [plane, height] = [alpha.length, alpha.length / width]
  const isSeen = (at: number) => alpha[at]! > 0
  if (alpha.every((a) => a > 0)) return
  const from = new Int32Array(plane)
  const rows: number[] = []
  for (let y = 0; y < height; y++) {
    const row = y * width
    let left = -1
    for (let at = row; at < row + width; at++) {
      if (isSeen(at)) left = at
      from[at] = left
    }
    if (left >= 0) rows.push(y)
    let right = -1
    for (let at = row + width - 1; at >= row; at--) {
      if (isSeen(at)) right = at
      const before = from[at]!
      if (right >= 0 && (before < 0 || right - at < at - before)) from[at] = right
    }
  }
  const near = (y: number) =>
    rows.reduce((best, row) => (Math.abs(row - y) < Math.abs(best - y) ? row : best), rows[0] ?? -1)
  for (let y = 0; y < height; y++) {
    const row = from[y * width]! >= 0 ? y : near(y)
    for (let x = 0; x < width; x++) {
      const [at, source] = [y * width + x, row < 0 ? -1 : from[row * width + x]!]
      if (isSeen(at)) continue
      for (let c = 0; c < colours.length; c += plane) colours[c + at] = source < 0 ? 0 : colours[c + source]!
    }
  }
}
