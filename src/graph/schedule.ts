import type { Stencil } from '../conv/stencil.ts'
import { mostStrips } from '../conv/strips.ts'
import type { Shape } from '../definition/layers.ts'
import { type BankNeeds, type FilterNeeds, type Node, needs, type Work, type WorkOf } from './node.ts'
import { rowCount, type Span, slotOf, united } from './spans.ts'

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

/** The address of a row of a step. */
export const rowAt = ({ rows, address, plane, pitch }: Buffer, c: number, y: number): number =>
  address + c * plane + slotOf(rows, y) * pitch

/** Room behind every row that loops may read and write. */
const slack = 64
/** An odd multiple of 64: rows at multiples of 4096 share a set of the cache. */
export const pitchOf = (samples: number): number => Math.ceil((samples * 4 + slack) / 128) * 128 + 64

/** What one strip takes: the rows of every step, and where they lie. */
export type Strip = { readonly buffers: readonly Buffer[]; readonly bytes: number }

/** Planes that are there are read where they lie, and what is finished goes to the sink. */
export const liesElsewhere = ({ work: { kind } }: Listed<{ readonly kind: string }>): boolean =>
  kind === 'planes' || kind === 'finish'

/**
 * Plans a strip: which rows of each step the rows `out` of the last one need, and room for them, which is given to other
 * steps when nobody needs them any more.
 */
export function planStrip<B extends BankNeeds, F extends FilterNeeds>(
  list: readonly Listed<WorkOf<B, unknown, F>>[],
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

const isFft = ({ algorithm }: Stencil): boolean => algorithm === 'fft' || algorithm === 'fft-separable'

/** The most scratch memory of a strip, so that what it works on stays near. */
const stripBytes = 12 * 2 ** 20

/** The rows of a strip where they are not given: a function of the shapes alone. FFTs compute whole blocks of rows. */
export function chooseStripRows<B extends BankNeeds, F extends FilterNeeds>(
  list: readonly Listed<WorkOf<B, unknown, F>>[],
  given?: number,
): number {
  const [, height] = list.at(-1)!.shape
  if (given !== undefined) return Math.min(given, height)
  const [only] = list
  if (list.length === 1 && only?.work.kind === 'finish') return only.work.filter.plan.stripRows
  // in the middle, where most strips are
  const bytesOf = (rows: number) => {
    const first = Math.floor((height - rows) / 2)
    return planStrip(list, [first, first + rows]).bytes
  }
  const blocks = list.map(({ work }) =>
    (work.kind === 'filter' || work.kind === 'finish') && work.filter.plan.stencils.some(isFft)
      ? work.filter.plan.stripRows
      : 1,
  )
  const least = Math.min(Math.max(...blocks), height)
  let rows = Math.min(Math.max(least > 1 ? least : 64, Math.ceil(height / mostStrips)), height)
  while (rows > least && bytesOf(rows) > stripBytes) rows = Math.max(least, Math.ceil(rows / 2))
  return rows
}
