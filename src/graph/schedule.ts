import { mostStrips } from '../conv/strips.ts'
import type { Shape } from '../definition/layers.ts'
import { type BankNeeds, type Node, needs, type Work, type WorkOf } from './node.ts'
import { rowCount, type Span, united } from './spans.ts'

/** A step in a list in which its inputs come before it. */
export type Listed<W = Work> = { readonly shape: Shape; readonly inputs: readonly number[]; readonly work: W }

/** The steps that `out` depends on, each once, in an order in which they can be computed; `out` is the last. */
export function listed(out: Node): Listed[] {
  const places = new Map<Node, number>()
  const list: Listed[] = []
  const visit = (node: Node): number => {
    const known = places.get(node)
    if (known !== undefined) return known
    const inputs = node.inputs.map(visit)
    const place = list.push({ shape: node.shape, inputs, work: node.work }) - 1
    places.set(node, place)
    return place
  }
  visit(out)
  return list
}

/** How the rows of one step lie in the scratch memory while a strip is computed. */
export type Buffer = {
  /** The rows that are there, in order. */
  readonly rows: readonly Span[]
  readonly address: number
  /** Bytes from channel to channel, and from row to row. */
  readonly plane: number
  readonly pitch: number
}

/** Room behind every row that loops may read and write. */
const slack = 64
/** An odd multiple of 64: rows at multiples of 4096 share a set of the cache. */
export const pitchOf = (samples: number): number => Math.ceil((samples * 4 + slack) / 128) * 128 + 64

/** What one strip takes: the rows of every step, and where they lie. */
export type Strip = { readonly buffers: readonly Buffer[]; readonly bytes: number }

/** Planes that are there are read where they lie. */
export const liesElsewhere = ({ work }: Listed<{ readonly kind: string }>): boolean => work.kind === 'planes'

/**
 * Plans a strip: which rows of each step the rows `out` of the last one need, and room for them, which is given to other
 * steps when nobody needs them any more.
 */
export function planStrip<B extends BankNeeds>(
  list: readonly Listed<WorkOf<B, unknown>>[],
  out: Span,
): Strip {
  const wanted: Span[][] = list.map((_, i) => (i === list.length - 1 ? [out] : []))
  const lastUse: number[] = []
  for (let i = list.length - 1; i >= 0; i--) {
    const { inputs, work } = list[i]!
    wanted[i] = united(wanted[i]!)
    const shapes = inputs.map((input) => list[input]!.shape)
    for (const span of wanted[i]!) {
      for (const [k, rows] of needs(shapes, work, span).entries()) wanted[inputs[k]!]!.push(...rows)
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
  const buffers = list.map(({ shape: [channels, , width], inputs }, i): Buffer => {
    const pitch = pitchOf(width)
    const plane = rowCount(wanted[i]!) * pitch
    addresses[i] = liesElsewhere(list[i]!) ? 0 : take(channels * plane)
    for (const input of new Set(inputs)) {
      if (lastUse[input] !== i || liesElsewhere(list[input]!)) continue
      const [inputChannels, , inputWidth] = list[input]!.shape
      const bytes = inputChannels * rowCount(wanted[input]!) * pitchOf(inputWidth)
      free.push({ address: addresses[input]!, bytes })
    }
    return { rows: wanted[i]!, address: addresses[i]!, plane, pitch }
  })
  return { buffers, bytes: top }
}

/** The most scratch memory of a strip, so that what it works on stays near. */
const stripBytes = 12 * 2 ** 20

/** The rows of a strip where they are not given: a function of the shapes alone. */
export function chooseStripRows<B extends BankNeeds>(
  list: readonly Listed<WorkOf<B, unknown>>[],
  given?: number,
): number {
  const [, height] = list.at(-1)!.shape
  if (given !== undefined) return Math.min(given, height)
  // in the middle, where most strips are
  const bytesOf = (rows: number) => {
    const first = Math.floor((height - rows) / 2)
    return planStrip(list, [first, first + rows]).bytes
  }
  let rows = Math.min(Math.max(64, Math.ceil(height / mostStrips)), height)
  while (rows > 1 && bytesOf(rows) > stripBytes) rows = Math.ceil(rows / 2)
  return rows
}
