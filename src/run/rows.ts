import type { Shape } from '../definition/layer.ts'
import { invariant } from '../error.ts'
import { type Address, nowhere, plus, shift } from '../graph/address.ts'
import type { Span } from '../graph/spans.ts'
import { type WasmExports, writeFinishParams } from './engine.ts'
import { finishBytes } from './finish-params.ts'
import { prepareFloats } from './gather.ts'
import type { GraphJob, PlacedPicture } from './graph-job.ts'
import { type Compute, type PlacedRows, rowAt } from './placed-rows.ts'

/** The rows of the picture that a graph runs over. */
export type PictureRows = {
  /** Switches to a part, whose staged rows are `staged`. */
  begin(part: number, staged: readonly Span[]): void
  address(row: number): Address
  all(): PlacedRows
}

/** The place of the first staged row in a slot, that of its row in a picture; see `shift`. */
export const shiftOf = (staged: readonly Span[], rowBytes: number): number =>
  shift((staged[0]?.[0] ?? 0) * rowBytes)

/** Locates the rows of a picture: in the picture itself, or one after the other in the slot of the part. */
export function pictureRows(picture: PlacedPicture | undefined): PictureRows {
  const pitch = picture === undefined ? 0 : picture.width * picture.channels * (picture.depth / 8)
  const address = picture?.address ?? nowhere
  const staged = picture?.staged
  let all: PlacedRows = { rows: [[0, Number.POSITIVE_INFINITY]], address, plane: 0, pitch }
  return {
    begin(part, rows) {
      if (staged !== undefined)
        all = {
          ...all,
          rows,
          address: plus(address, (part % staged.slots) * staged.slotBytes + shiftOf(rows, pitch)),
        }
    },
    address: (row) => rowAt(all, 0, row),
    all: () => all,
  }
}

/** The bytes of a row of a source as floats, with the room after it that loops need. */
export const floatRowBytes = ({ width, channels }: Pick<PlacedPicture, 'width' | 'channels'>): number =>
  Math.ceil((width * channels * 4 + 64) / 64) * 64

/** Returns a function that converts a row of the picture to floats, in the first of three rows of scratch memory. */
export function floatsOf({ source, layout }: GraphJob, wasm: WasmExports, start: Address, rows: PictureRows) {
  invariant(source !== undefined, 'a graph over a picture has one')
  const { picture, tone } = source
  const floatRow = floatRowBytes(picture)
  const floats = plus(start, layout.floats)
  const job = {
    source: picture,
    tone,
    layout: { grayRow: floatRow, lightRow: 2 * floatRow },
    plan: { width: picture.width },
  }
  const toFloats = prepareFloats(job, wasm, floats)
  return (y: number): Address => {
    toFloats(floats, rows.address(y))
    return floats
  }
}

/** Prepares to convert rows of the picture from interleaved samples to planes. */
export const prepareSource =
  ([channels, , width]: Shape, wasm: WasmExports, floats: ReturnType<typeof floatsOf>): Compute =>
  (to, _, [first, end]) => {
    for (let y = first; y < end; y++) wasm.splitPlanes(rowAt(to, 0, y), to.plane, floats(y), width, channels)
  }

/** Prepares to convert rows of the picture to whole samples, rounded as for a file. */
export function prepareRounded(
  [, , n]: Shape,
  bytes: 1 | 2,
  wasm: WasmExports,
  scratch: Address,
  floats: ReturnType<typeof floatsOf>,
): Compute {
  const quantise = bytes === 1 ? wasm.quantiseF32U8 : wasm.quantiseF32U16
  return (to, _, [first, end]) => {
    writeFinishParams(wasm.memory, scratch, { scale: 1, offset: 0 })
    for (let y = first; y < end; y++)
      quantise(rowAt(to, 0, y), floats(y), n, scratch, plus(scratch, finishBytes))
  }
}
