import { invariant } from '../error.ts'
import { nodeOf, planesNode, sourceNode, traced } from '../graph/node.ts'
import type { FullScale } from '../operators/operator.ts'
import { runToTensor } from '../run/graph.ts'
import type { Graph, Source, SourcePicture } from '../run/graph-run.ts'
import type { Session } from '../run/pool.ts'
import { hasAlpha } from '../tensor/picture.ts'
import type { Tensor } from '../tensor/tensor.ts'
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
  /** Its samples were only moved: hidden colours are to be written as they are. */
  readonly isMoved?: boolean
}

/** The data with what was found on the way. */
export type State = {
  readonly data: Data
  readonly notes: readonly string[]
  readonly plans: readonly PlanFacts[]
  /** The number that represents 1, where it is not white. */
  readonly unit?: FullScale | undefined
  /** What steps kept by name, and the picture that it is computed from. */
  readonly kept?: ReadonlyMap<string, { readonly tensor: Tensor; readonly source: Source | undefined }>
}

/** Channels and full scale of the data, as steps get them. */
export function shapeOf(data: Data): { channels: number; full: FullScale } {
  if (data.kind === 'picture') return { channels: data.picture.channels, full: data.picture.full }
  const { shape } = data.kind === 'graph' ? data.out : data.tensor
  return { channels: shape[0]!, full: data.full }
}

/** What a step made, gray and colour as a picture. */
export const dataOf = (tensor: Tensor, full: FullScale): Data =>
  tensor.shape.length === 3
    ? { ...planes(tensor, full), isPicture: tensor.shape[0] === 1 || tensor.shape[0] === 3 }
    : { kind: 'tensor', tensor, full }

const planes = (tensor: Tensor, full: FullScale): Pending => ({
  kind: 'graph',
  out: traced(planesNode(tensor)),
  source: undefined,
  full,
  isPicture: false,
})

/** The data as [C,H,W]; a volume is itself. */
export const tensorOf = async (session: Session, data: Data): Promise<Tensor> =>
  data.kind === 'tensor' ? data.tensor : runToTensor(session, graphOf(pendingOf(data)))

/** The data as steps that have not run yet. A volume is none. */
export function pendingOf(data: Data): Pending {
  if (data.kind === 'graph') return data
  if (data.kind === 'tensor') return planes(data.tensor, data.full)
  const { picture } = data
  const out = traced(sourceNode([picture.channels, picture.height, picture.width]))
  return { kind: 'graph', out, source: { picture, gray: false }, full: picture.full, isPicture: true }
}

/** The graph of steps that have not run yet. */
export const graphOf = ({ out, source }: Pending): Graph => ({ out: nodeOf(out), source })

/** The samples of a float picture, which is there as a whole. */
export function floatsOf(picture: SourcePicture): Float32Array {
  invariant('data' in picture && picture.data instanceof Float32Array, 'float samples are there at once')
  return picture.data
}

/** A picture, computed or to be computed. */
export type PictureData = Exclude<Data, { kind: 'tensor' }>

/** Whether the data is a picture, not maps or a volume. */
export const isPicture = (data: Data): data is PictureData =>
  data.kind === 'picture' || (data.kind === 'graph' && data.isPicture)

/** True for a picture whose last channel is alpha. */
export const isTransparent = (data: Data): boolean => isPicture(data) && hasAlpha(shapeOf(data).channels)
