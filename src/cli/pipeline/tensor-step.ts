import type { Engine } from '../../conv/engine.ts'
import { invariant } from '../../error.ts'
import { arithmetics, type Step } from '../../operators/operator.ts'
import type { Session } from '../../run/pool.ts'
import { Tensor } from '../../tensor/tensor.ts'
import type { Task } from './job.ts'
import { type Data, dataOf, isTransparent, pictureOf, type State, shapeOf, tensorOf } from './state.ts'

type TensorStep = Extract<Step, { kind: 'tensor' }>

/**
 * A network operator on a picture, maps or a volume. Transparency: an operator that treats every channel alone takes
 * alpha along, colours weighted by it; one that mixes channels gets the colours alone, and alpha is put back when as
 * large a gray or RGB picture comes out.
 */
export async function tensorStep(
  session: Session,
  engine: Engine,
  state: State,
  step: TensorStep,
  task: Task,
): Promise<State> {
  const { full } = shapeOf(state.data)
  const outFull = step.full ?? full
  const x = await tensorOf(session, state.data)
  const plans = [...state.plans, step.arithmetic ?? arithmetics.bank]
  if (x.shape.length === 4 && step.volume !== 'whole') {
    return {
      ...state,
      plans,
      data: dataOf(await sliceBySlice(x, (slice) => step.apply(slice, engine)), outFull),
    }
  }
  if (!isTransparent(state.data))
    return { ...state, plans, data: dataOf(await step.apply(x, engine), outFull) }

  const mode = task.settings.alpha ?? (step.acts === 'each' ? 'premultiply' : 'copy')
  if (step.acts === 'each' && mode !== 'copy') {
    const isWeighted = mode === 'premultiply'
    const y = await step.apply(isWeighted ? weighted(x) : x, engine)
    const tensor = isWeighted ? straightened(y, outFull) : y
    return { ...state, plans, data: { kind: 'picture', picture: pictureOf(tensor, outFull) } }
  }
  const { colours, alpha } = apart(x)
  const y = await step.apply(colours, engine)
  const data = joined(y, alpha, outFull, full)
  if (data !== undefined) return { ...state, plans, data }
  const note = `transparency was left out: what came out is [${y.shape.join(',')}], and alpha has [${alpha.shape.join(',')}]`
  return { plans, data: dataOf(y, outFull), notes: [...state.notes, note] }
}

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

/** Colours times alpha; alpha, the last channel, as it is. */
function weighted(x: Tensor): Tensor {
  const { data, plane, colours } = planes(x)
  const out = data.slice()
  for (let i = 0; i < colours * plane; i++) out[i] = data[i]! * data[colours * plane + (i % plane)]!
  return new Tensor(x.shape, out)
}

/** Colours divided by alpha again, which is clamped first; 0 where it is 0. */
function straightened(x: Tensor, full: number): Tensor {
  const { data, plane, colours } = planes(x)
  const out = data.slice()
  for (let i = colours * plane; i < out.length; i++) out[i] = Math.min(full, Math.max(0, data[i]!))
  for (let i = 0; i < colours * plane; i++) {
    const alpha = out[colours * plane + (i % plane)]!
    out[i] = alpha > 0 ? data[i]! / alpha : 0
  }
  return new Tensor(x.shape, out)
}

function apart(x: Tensor): { colours: Tensor; alpha: Tensor } {
  const { data, plane, colours } = planes(x)
  const size = x.shape.slice(1)
  return {
    colours: new Tensor([colours, ...size], data.slice(0, colours * plane)),
    alpha: new Tensor([1, ...size], data.slice(colours * plane)),
  }
}

/** A gray or RGB picture with alpha behind it, where the sizes agree. */
function joined(y: Tensor, alpha: Tensor, outFull: 255 | 65535, full: number): Data | undefined {
  const [channels] = y.shape
  const isSame = y.shape.length === 3 && y.shape[1] === alpha.shape[1] && y.shape[2] === alpha.shape[2]
  if (!isSame || (channels !== 1 && channels !== 3)) return undefined
  const data = new Float32Array(y.data.length + alpha.data.length)
  data.set(y.data)
  data.set(outFull === full ? alpha.data : alpha.data.map((a) => (a * outFull) / full), y.data.length)
  const tensor = new Tensor([channels + 1, ...y.shape.slice(1)], data)
  return { kind: 'picture', picture: pictureOf(tensor, outFull) }
}

function planes(x: Tensor): { data: Float32Array; plane: number; colours: number } {
  const colours = x.shape[0]! - 1
  return { data: x.data, plane: x.data.length / x.shape[0]!, colours }
}
