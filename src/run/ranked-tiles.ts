import { type Element, rankWay, sizeOfElement } from '../definition/windows.ts'
import { pitchOf } from '../graph/schedule.ts'

/** Bytes of samples as the loops take them: whole ones of 1 or 2, or keys of 4 that order as they do. */
export type SampleBytes = 1 | 2 | 4

/** Bytes of histograms of a tile, which stay in a second-level cache, and samples of a row that are worth those at their sides. */
const [histogramBytes, fewestSamples] = [2 ** 18, 384]
/** Samples of a row that are searched bit by bit, and bytes of one that are compared, which takes a hundredth of the time. */
const [bitsSamples, rowBytes] = [2048, 16_384]
/** Samples that are sorted at once, as far as windows are not wider. */
const sortedSamples = 2 ** 18
/** Rows that come out of them, beside twice those of a window. */
const sortedRows = 64
/** Samples that come and go in a tile of histograms along rows. */
const countedSamples = 2 ** 21

/** Rows of windows: `n` samples come out of each, `step` are side by side in a pixel. */
export type Lines = {
  readonly element: Element
  readonly index: number
  readonly n: number
  readonly step: number
}

/** Samples that are computed at once: whole pixels of a row, and how many rows. */
type Tile = { readonly columns: number; readonly rows: number }

/** Bytes of the histogram of a column: its counts are of 8 or 16 bits. */
export const columnBytesOf = ({ height }: Element): number => (height < 256 ? 272 : 544)

/** The largest tile of `rows` rows of samples: as many of them as are used again while they are near, and few milliseconds. */
export function tileOf({ element, index, n, step }: Lines, rows: number, bytes: SampleBytes): Tile {
  const { height, width, runs } = element
  const side = (width - 1) * step
  const across = (samples: number) => ({ columns: Math.min(n, Math.ceil(samples / step) * step), rows })
  switch (rankWay({ element, index }, bytes)) {
    case 'columns':
      return across(Math.max(fewestSamples, Math.floor(histogramBytes / columnBytesOf(element)) - side))
    case 'rows':
      return {
        columns: n,
        rows: Math.min(rows, Math.max(1, Math.floor(countedSamples / (2 * runs.length * n)))),
      }
    case 'sorted': {
      const many = Math.min(rows, sortedRows + 2 * height)
      const wide = Math.floor(sortedSamples / (sortedRows + 3 * height))
      return { ...across(Math.max(width, wide - side)), rows: many }
    }
    case 'bits':
      return across(bitsSamples)
    default:
      return across(rowBytes / bytes)
  }
}

/** Where everything is in the scratch memory, for tiles of samples of some bytes. */
export function layOut({ element, step }: Lines, { columns, rows }: Tile, bytes: SampleBytes) {
  let top = 0
  const room = (bytes: number): number => {
    top += Math.ceil(bytes / 64) * 64 + 64
    return top - Math.ceil(bytes / 64) * 64 - 64
  }
  const wide = columns + (element.width - 1) * step
  const all = rows + element.height - 1
  const pitch = pitchOf((wide * bytes) / 4)
  const sorted = bytes < 4 ? 0 : all * wide
  return {
    pitch,
    input: room(all * pitch),
    output: room(rows * pitch),
    row: room(pitch),
    table: room(Math.max(sizeOfElement(element) * 4, element.runs.length * 12)),
    columns: room(Math.max(12 * 1024, bytes === 1 ? wide * columnBytesOf(element) : 0)),
    work: room(1024),
    pairs: room(sorted * 8),
    other: room(sorted * 8),
    ranks: room(sorted * 4),
    sorted: room(sorted * 4),
    bits: room(sorted / 8 + 64),
    blocks: room(sorted / 128 + 64),
    bytes: top,
  }
}

/** Scratch memory for samples of some bytes, for any strip of `rows` rows. */
export const bytesOf = (lines: Lines, rows: number, bytes: SampleBytes): number =>
  layOut(lines, tileOf(lines, rows, bytes), bytes).bytes
