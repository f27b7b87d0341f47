import { nodeOf, planesNode, sourceNode, traced } from '../graph/node.ts'
import type { FullScale } from '../operators/operator.ts'
import type { Graph, Source, SourcePicture } from '../run/picture-job.ts'
import { hasAlpha } from '../tensor/picture.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { ArrayData } from './array.ts'
import type { PlanFacts } from './job.ts'

/** What goes from step to step: steps that are written down, or a volume. */
export type Data = Pending | Volume

/** Steps that have not run yet. What comes out is traced; a picture of 1 to 4 channels, the second or fourth alpha, or maps. */
export type Pending = {
  readonly kind: 'graph'
  readonly out: Tensor
  readonly source?: Source | undefined
  readonly full: FullScale
  readonly isPicture: boolean
  /** Its samples were only moved: hidden colours are to be written as they are. */
  readonly isMoved?: boolean
}

/** A volume [C,D,H,W]. */
export type Volume = {
  readonly kind: 'volume'
  readonly tensor: Tensor
  readonly full: FullScale
  /** Of what is not supported: its height and width are not known. */
  readonly isUnsized?: boolean | undefined
}

/** An input as it was read: a picture whose samples may still be on their way, or maps or a volume. */
export type Read =
  | { readonly kind: 'picture'; readonly picture: SourcePicture }
  | Extract<ArrayData, { kind: 'tensor' }>

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
export const shapeOf = (data: Data): { channels: number; full: FullScale } => ({
  channels: tensorIn(data).shape[0]!,
  full: data.full,
})

/** The data as a tensor, which of a volume alone has numbers. */
export const tensorIn = (data: Data): Tensor => (data.kind === 'graph' ? data.out : data.tensor)

/** What goes into the first step. */
export function dataOf(read: Read): Data {
  if (read.kind === 'tensor') {
    const { tensor, full } = read
    return tensor.shape.length === 4
      ? { kind: 'volume', tensor, full }
      : { kind: 'graph', out: traced(planesNode(tensor)), full, isPicture: false }
  }
  const { picture } = read
  return {
    kind: 'graph',
    out: traced(sourceNode([picture.channels, picture.height, picture.width])),
    source: { picture, gray: false },
    full: picture.full,
    isPicture: true,
  }
}

/** The picture that no step has met yet; nothing where it is not so. */
export function pictureOf({ out, source }: Pending): SourcePicture | undefined {
  const isUntouched = nodeOf(out).work.kind === 'source' && !source?.gray && source?.light === undefined
  return isUntouched ? source?.picture : undefined
}

/** The graph of steps that have not run yet. */
export const graphOf = ({ out, source }: Pending): Graph => ({ out: nodeOf(out), source })

/** True for a picture whose last channel is alpha. */
export const isTransparent = (data: Data): boolean =>
  data.kind === 'graph' && data.isPicture && hasAlpha(data.out.shape[0]!)
