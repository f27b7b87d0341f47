import { nodeOf, planesNode, sourceNode, traced } from '../graph/node.ts'
import type { FullScale } from '../operators/operator.ts'
import type { Graph, Source, SourcePicture } from '../run/picture-job.ts'
import { hasAlpha } from '../tensor/picture.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { PlanFacts } from './job.ts'

/**
 * What goes from step to step: steps that have not run yet. What comes out is traced; a picture of 1 to 4 channels, the second
 * or fourth alpha, maps [C,H,W], or a volume [C,D,H,W].
 */
export type Pending = {
  readonly out: Tensor
  readonly source?: Source | undefined
  readonly full: FullScale
  readonly isPicture: boolean
  /** Its samples were only moved: hidden colours are to be written as they are. */
  readonly isMoved?: boolean
}

/** The data with what was found on the way. */
export type State = {
  readonly data: Pending
  readonly notes: readonly string[]
  readonly plans: readonly PlanFacts[]
  /** Whether a step gave another size than it was given. */
  readonly isResized?: boolean
  /** The number that represents 1, where it is not white. */
  readonly unit?: FullScale | undefined
  /** What steps kept by name, and the picture that it is computed from. */
  readonly kept?: ReadonlyMap<string, { readonly tensor: Tensor; readonly source: Source | undefined }>
}

/** Channels and full scale of the data, as steps get them. */
export const shapeOf = ({ out, full }: Pending): { channels: number; full: FullScale } => ({
  channels: out.shape[0]!,
  full,
})

/** The slices of a volume; nothing of a picture or maps. */
export const slicesIn = ({ out: { shape } }: Pick<Pending, 'out'>): number | undefined =>
  shape.length === 4 ? shape[1] : undefined

/** A picture before the first step; its samples may still be on their way. */
export const picturePending = (picture: SourcePicture): Pending => ({
  ...volumePending(picture, undefined),
  isPicture: true,
})

/** A volume before the first step: a picture of slices one below the other. */
export function volumePending(picture: SourcePicture, slices: number | undefined): Pending {
  const { channels, height, width, full } = picture
  const shape = slices === undefined ? undefined : [channels, slices, height / slices, width]
  const out = traced(sourceNode([channels, height, width]), shape)
  return { out, source: { picture, gray: false }, full, isPicture: false }
}

/** An array before the first step: maps, or a volume. */
export const arrayPending = (tensor: Tensor, full: FullScale): Pending => ({
  out: traced(planesNode(tensor), tensor.shape),
  full,
  isPicture: false,
})

/** The picture that no step has met yet; nothing where it is not so. */
export function pictureOf({ out, source, isPicture }: Pending): SourcePicture | undefined {
  const isUntouched =
    isPicture && nodeOf(out).work.kind === 'source' && !source?.gray && source?.light === undefined
  return isUntouched ? source?.picture : undefined
}

/** The graph of steps that have not run yet. */
export const graphOf = ({ out, source }: Pending): Graph => ({ out: nodeOf(out), source })

/** True for a picture whose last channel is alpha. */
export const isTransparent = ({ isPicture, out }: Pending): boolean => isPicture && hasAlpha(out.shape[0]!)
