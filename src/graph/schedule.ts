import type { Shape } from '../definition/layer.ts'
import type { LayerWork } from '../definition/layers.ts'
import { type Node, needsOf, stepsOf, type Work, type WorkOf, type WorkToPlan, wholeRows } from './node.ts'
import { rowCount, type Span, united } from './spans.ts'

/** A step in a list where its inputs come before it. */
export type Listed<W = Work> = {
  readonly shape: Shape
  readonly inputs: readonly number[]
  readonly work: W
  readonly slices?: number | undefined
  /** Layers of single samples that follow in the same rows. */
  readonly behind?: readonly LayerWork[]
}

/** Steps in a list, as far as they determine which rows they need. */
export type Steps = readonly Listed<WorkToPlan>[]

/** Returns the steps that `out` depends on, each once, in an order in which they can be computed. `out` is the last. */
export function listed(out: Node): Listed[] {
  const places = new Map<Node, number>()
  const list: Listed[] = []
  for (const node of stepsOf([out])) {
    const inputs = node.inputs.map((input) => places.get(input)!)
    const { shape, work, slices } = node
    places.set(node, list.push({ shape, inputs, work, ...(slices !== undefined && { slices }) }) - 1)
  }
  return list
}

/** Where the rows of one step are in the scratch memory while a strip is computed. */
export type Buffer = {
  /** The available rows, in order. */
  readonly rows: readonly Span[]
  readonly address: number
  /** The bytes from channel to channel, and from row to row. */
  readonly plane: number
  readonly pitch: number
}

/** The bytes after every row that loops may read and write. */
const slack = 64
/** Rounds up to an odd multiple of 64, because rows at multiples of 4096 share a set of the cache. */
export const pitchOf = (samples: number): number => Math.ceil((samples * 4 + slack) / 128) * 128 + 64

/** The pitch of rows of a step, whose samples may have fewer bytes. */
export const pitchOfStep = ({
  shape: [, , width],
  work,
}: Listed<WorkOf<unknown, unknown, unknown>>): number =>
  pitchOf((width * ('bytes' in work ? work.bytes : 4)) / 4)

/** What one strip takes: the rows of every step, and where they are. */
export type Strip = {
  readonly buffers: readonly Buffer[]
  readonly bytes: number
  /** What each pass does to every step, if the strip is computed a few rows at a time. */
  readonly passes?: readonly (readonly Turn[])[]
}

/** The rows of a step that are available in a pass, and the new ones among them. */
export type Turn = { readonly there: Span; readonly fresh: Span }

/**
 * Whether the rows of a step need no room here: planes and samples are read where they are, and finished rows go to the
 * sink.
 */
export const liesElsewhere = ({ work: { kind } }: Listed<{ readonly kind: string }>): boolean =>
  kind === 'planes' || kind === 'samples' || kind === 'finish'

/**
 * Plans a strip: which rows of each step the rows `out` of the last one need, and memory for them. Memory that is no
 * longer needed is given to other steps.
 */
export function planStrip(list: Steps, out: Span): Strip {
  const wanted: Span[][] = list.map((_, i) => (i === list.length - 1 ? [out] : []))
  const lastUse: number[] = []
  for (let i = list.length - 1; i >= 0; i--) {
    const { inputs } = list[i]!
    wanted[i] = united(united(wanted[i]!).map((span) => wholeRows(list[i]!, span)))
    const shapes = inputs.map((input) => list[input]!.shape)
    for (const span of wanted[i]!) {
      for (const [k, rows] of needsOf(list[i]!, shapes, span).entries()) wanted[inputs[k]!]!.push(...rows)
    }
    for (const input of inputs) lastUse[input] ??= i
  }
  const free: { address: number; bytes: number }[] = []
  const addresses: number[] = []
  let top = 0
  const take = (bytes: number): number => {
    const room = free.find((one) => one.bytes >= bytes)
    if (room === undefined) {
      top += bytes
      return top - bytes
    }
    room.address += bytes
    room.bytes -= bytes
    return room.address - bytes
  }
  const bytesOf = (i: number): number =>
    liesElsewhere(list[i]!) ? 0 : list[i]!.shape[0] * rowCount(wanted[i]!) * pitchOfStep(list[i]!)
  const buffers = list.map((step, i): Buffer => {
    const pitch = pitchOfStep(step)
    const plane = rowCount(wanted[i]!) * pitch
    addresses[i] = take(bytesOf(i))
    for (const input of new Set(step.inputs)) {
      if (lastUse[input] === i) free.push({ address: addresses[input]!, bytes: bytesOf(input) })
    }
    return { rows: wanted[i]!, address: addresses[i]!, plane, pitch }
  })
  return { buffers, bytes: top }
}
