import { invariant } from '../error.ts'
import { nodeOf, planesNode, sourceNode, traced } from '../graph/node.ts'
import type { FullScale } from '../operators/operator.ts'
import { type Graph, runToTensor, type Source } from '../run/graph.ts'
import type { SourcePicture } from '../run/pictures.ts'
import type { Session } from '../run/pool.ts'
import { hasAlpha } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import type { PlanFacts } from './job.ts'

/** What goes from step to step: a picture of 1 to 4 interleaved channels, or maps [C,H,W], or a volume [C,D,H,W]. */
export type Data =
  | { readonly kind: 'picture'; readonly picture: SourcePicture }
  | { readonly kind: 'tensor'; readonly tensor: Tensor; readonly full: FullScale }
  | Pending

/** Steps that have not run yet. What comes out is traced; a picture of 1 to 4 channels, the second or fourth alpha, or maps. */
export type Pending = {
  readonly kind: 'graph'
  readonly out: Tensor
  readonly source: Source | undefined
  readonly full: FullScale
  readonly isPicture: boolean
}

/** The data with what was found on the way. */
export type State = {
  readonly data: Data
  readonly notes: readonly string[]
  readonly plans: readonly PlanFacts[]
}

/** Channels and full scale of the data, as steps are told. */
export function shapeOf(data: Data): { channels: number; full: FullScale } {
  if (data.kind === 'picture') return { channels: data.picture.channels, full: data.picture.full }
  const { shape } = data.kind === 'graph' ? data.out : data.tensor
  return { channels: shape[0]!, full: data.full }
}

/** Gray and colour become pictures; anything else stays a tensor. */
export function dataOf(tensor: Tensor, full: FullScale): Data {
  const channels = tensor.shape[0]!
  const isPicture = tensor.shape.length === 3 && (channels === 1 || channels === 3)
  return isPicture ? { kind: 'picture', picture: pictureOf(tensor, full) } : { kind: 'tensor', tensor, full }
}

/** [C,H,W] from an interleaved picture; a tensor is itself. */
export async function tensorOf(session: Session, data: Data): Promise<Tensor> {
  if (data.kind === 'tensor') return data.tensor
  if (data.kind === 'graph') return runToTensor(session, graphOf(data))
  const { picture } = data
  const { width, height, channels } = picture
  const samples =
    'address' in picture
      ? floatsAt(session, picture.address, width * height * channels)
      : 'data' in picture
        ? picture.data
        : await picture.arriving.whole
  const planar = new Float32Array(width * height * channels)
  const plane = width * height
  for (let c = 0; c < channels; c++) {
    for (let i = 0, from = c; i < plane; i++, from += channels) planar[c * plane + i] = samples[from]!
  }
  return new Tensor([channels, height, width], planar)
}

/** The data as steps that have not run yet. A volume is none. */
export function pendingOf(data: Data): Pending {
  if (data.kind === 'graph') return data
  const { full } = shapeOf(data)
  if (data.kind === 'tensor') {
    const out = traced(planesNode(data.tensor))
    return { kind: 'graph', out, source: undefined, full, isPicture: false }
  }
  const { picture } = data
  const out = traced(sourceNode([picture.channels, picture.height, picture.width]))
  return { kind: 'graph', out, source: { picture, gray: false }, full, isPicture: true }
}

/** The graph of steps that have not run yet. */
export const graphOf = ({ out, source }: Pending): Graph => ({ out: nodeOf(out), source })

/** The data with all of its steps run. */
export async function settled(session: Session, data: Data): Promise<Exclude<Data, Pending>> {
  if (data.kind !== 'graph') return data
  const { full, isPicture } = data
  const tensor = await tensorOf(session, data)
  return isPicture ? { kind: 'picture', picture: pictureOf(tensor, full) } : { kind: 'tensor', tensor, full }
}

/** The samples of a float picture, which is there as a whole. */
export function floatsOf(session: Session, picture: SourcePicture): Float32Array {
  const { width, height, channels } = picture
  if ('address' in picture) return floatsAt(session, picture.address, width * height * channels)
  invariant('data' in picture && picture.data instanceof Float32Array, 'float samples are there at once')
  return picture.data
}

/** What a step left in the session's memory. */
const floatsAt = (session: Session, address: number, count: number): Float32Array =>
  new Float32Array(session.arena.memory.buffer, address, count)

/** An interleaved float picture from [C,H,W] with 1 to 4 channels. */
export function pictureOf(tensor: Tensor, full: FullScale): SourcePicture {
  const [channels = 1, height = 1, width = 1] = tensor.shape
  invariant(tensor.shape.length === 3 && channels <= 4, 'a picture has 1 to 4 channels')
  const data = new Float32Array(tensor.data.length)
  const plane = width * height
  for (let c = 0; c < channels; c++) {
    for (let i = 0, to = c; i < plane; i++, to += channels) data[to] = tensor.data[c * plane + i]!
  }
  return { data, width, height, channels: channels as 1 | 2 | 3 | 4, depth: 32, full }
}

/** True for a picture whose last channel is alpha. */
export const isTransparent = (data: Data): boolean =>
  (data.kind === 'picture' || (data.kind === 'graph' && data.isPicture)) && hasAlpha(shapeOf(data).channels)
