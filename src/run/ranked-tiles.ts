import { type Element, isFull, rankWay, sizeOfElement } from '../definition/windows.ts'
import { pitchOf } from '../graph/schedule.ts'

/** The bytes of a sample in the loops: 1 or 2 for whole samples, 4 for keys that sort like the samples. */
export type SampleBytes = 1 | 2 | 4

/**
 * The bytes of the histograms of a tile, which fit in a second-level cache, and the fewest samples of a row that
 * justify the extra ones at their sides.
 */
const [histogramBytes, fewestSamples] = [2 ** 18, 384]
/** The samples of a row that are searched bit by bit. */
const bitsSamples = 2048
/**
 * The bytes of a row that are compared: those of a rectangle and its rows fit in the second-level cache. Other elements
 * take a call for each row and run, and long rows need fewer.
 */
const [rectangleBytes, runBytes] = [4096, 16_384]
/** The number of samples that are sorted at once, unless windows are wider. */
const sortedSamples = 2 ** 18
/** The number of rows of a sorted tile, in addition to twice those of a window. */
const sortedRows = 64
/** The number of samples that enter and leave the histograms of a tile, for histograms along rows. */
const countedSamples = 2 ** 21

/** Rows of windows: each gives `n` samples, with `step` interleaved samples in a pixel. */
export type Lines = {
  readonly element: Element
  readonly index: number
  readonly n: number
  readonly step: number
}

/** The samples that are computed at once: whole pixels of a row, and a number of rows. */
type Tile = { readonly columns: number; readonly rows: number }

/** The bytes of the histogram of a column, whose counts have 8 or 16 bits. */
export const columnBytesOf = ({ height }: Element): number => (height < 256 ? 272 : 544)

/**
 * Returns the largest tile of at most `rows` rows whose samples are used again while in the cache, and which takes few
 * milliseconds.
 */
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
      return across((isFull(element) ? rectangleBytes : runBytes) / bytes)
  }
}

/** Lays out the scratch memory for tiles of samples of the given bytes. */
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
    table: room(Math.max(sizeOfElement(element) * 4, element.runs.length * 12, 256)),
    sides: room((wide / step) * 4),
    pixel: room(step * bytes),
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

/** The bytes of scratch memory for samples of the given bytes, for any strip of `rows` rows. */
export const bytesOf = (lines: Lines, rows: number, bytes: SampleBytes): number =>
  layOut(lines, tileOf(lines, rows, bytes), bytes).bytes
