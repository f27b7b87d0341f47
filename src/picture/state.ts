import { nodeOf, planesNode, sourceNode, traced } from '../graph/node.ts'
import type { FullScale } from '../operators/operator.ts'
import type { Graph, Source, SourcePicture } from '../run/picture-job.ts'
import { hasAlpha, type Position } from '../tensor/picture.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { PlanFacts } from './job.ts'

/**
 * The data between steps: steps that have not run yet. The output is traced. It is a picture of 1 to 4 channels, with
 * alpha as the second or fourth; maps [C,H,W]; or a volume [C,D,H,W].
 */
export type Pending = {
  readonly out: Tensor
  readonly source?: Source | undefined
  readonly full: FullScale
  readonly isPicture: boolean
  /** Whether samples were only moved, so that hidden colours are written as they are. */
  readonly isMoved?: boolean
}

/** The data, with notes and plans so far. */
export type State = {
  readonly data: Pending
  readonly notes: readonly string[]
  readonly plans: readonly PlanFacts[]
  /** Where the pixels are on the input, if that is known. */
  readonly position: Position | undefined
  /** The number that represents 1, if it is not white. */
  readonly unit?: FullScale | undefined
  /** Results that steps kept by name, and the picture that each is computed from. */
  readonly kept?: ReadonlyMap<string, { readonly tensor: Tensor; readonly source: Source | undefined }>
}

/** Returns the channels and full scale of the data for a step. */
export const shapeOf = ({ out, full }: Pending): { channels: number; full: FullScale } => ({
  channels: out.shape[0]!,
  full,
})

/** Returns the number of slices of a volume, or undefined for a picture or maps. */
export const slicesIn = ({ out: { shape } }: Pick<Pending, 'out'>): number | undefined =>
  shape.length === 4 ? shape[1] : undefined

/** Returns the data for a picture before the first step. Its samples may not have arrived yet. */
export const picturePending = (picture: SourcePicture): Pending => ({
  ...volumePending(picture, undefined),
  isPicture: true,
})

/** Returns the data for a volume before the first step: a picture with its slices stacked vertically. */
export function volumePending(picture: SourcePicture, slices: number | undefined): Pending {
  const { channels, height, width, full } = picture
  const shape = slices === undefined ? undefined : [channels, slices, height / slices, width]
  const out = traced(sourceNode([channels, height, width]), shape)
  return { out, source: { picture, gray: false }, full, isPicture: false }
}

/** Returns the data for an array before the first step: maps, or a volume. */
export const arrayPending = (tensor: Tensor, full: FullScale): Pending => ({
  out: traced(planesNode(tensor), tensor.shape),
  full,
  isPicture: false,
})

/** Returns the picture if no step has changed it yet, else undefined. */
export function pictureOf({ out, source, isPicture }: Pending): SourcePicture | undefined {
  const isUntouched =
    isPicture && nodeOf(out).work.kind === 'source' && !source?.gray && source?.light === undefined
  return isUntouched ? source?.picture : undefined
}

/** Returns the graph of steps that have not run yet. */
export const graphOf = ({ out, source }: Pending): Graph => ({ out: nodeOf(out), source })

/** Whether data is a picture whose last channel is alpha. */
export const isTransparent = ({ isPicture, out }: Pending): boolean => isPicture && hasAlpha(out.shape[0]!)
