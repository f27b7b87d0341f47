import { ConvoError, invariant } from '../error.ts'
import { type Extremes, extremes } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'

// Feature maps as pictures: many maps on one sheet, levels stretched so that signed maps can be seen.

/** Pixels between two maps of a sheet. */
const gap = 2

/**
 * The columns of a sheet: as few places stay empty as can be while it is about half as wide again as it is high. An
 * empty place cannot be told from a map that is all black, so that any costs more than a form that is not the best.
 */
export function sheetColumns(count: number, height: number, width: number): number {
  const cost = (columns: number) => {
    const rows = Math.ceil(count / columns)
    const empty = rows * columns - count
    const form = Math.abs(Math.log((columns * width) / (rows * height * 1.5)))
    return (empty === 0 ? 0 : 0.15 + empty / count) + 0.4 * form
  }
  let best = 1
  for (let columns = 2; columns <= count; columns++) if (cost(columns) < cost(best)) best = columns
  return best
}

/** How a sheet is laid out. */
export type SheetOptions = {
  /** Channels of a map: 1, or 3 for maps in colour that lie one after the other. */
  readonly depth?: 1 | 3
  /** The number of each map in its upper left corner. */
  readonly labels?: boolean
  /** The values that will be black and white, for what is between the maps and for the numbers. */
  readonly black: number
  readonly white: number
}

/**
 * Maps [N·depth,H,W] side by side on a sheet [depth,H',W'], row by row. What is between them is black.
 *
 * @throws ConvoError E_SHAPE when the maps do not divide into `depth` channels each
 */
export function sheet(maps: Tensor, { depth = 1, labels = false, black, white }: SheetOptions): Tensor {
  const [channels = 1, height = 1, width = 1] = maps.shape
  invariant(maps.shape.length === 3 && channels % depth === 0, 'maps of a sheet are [N·depth,H,W]')
  const count = channels / depth
  const columns = sheetColumns(count, height, width)
  const rows = Math.ceil(count / columns)
  const sheetHeight = rows * (height + gap) - gap
  const sheetWidth = columns * (width + gap) - gap
  const out = new Float32Array(depth * sheetHeight * sheetWidth).fill(black)
  for (let n = 0; n < count; n++) {
    const top = Math.floor(n / columns) * (height + gap)
    const left = (n % columns) * (width + gap)
    for (let c = 0; c < depth; c++) {
      const plane = (n * depth + c) * height * width
      for (let y = 0; y < height; y++) {
        const row = maps.data.subarray(plane + y * width, plane + (y + 1) * width)
        out.set(row, (c * sheetHeight + top + y) * sheetWidth + left)
      }
      if (labels) {
        const at = { left, top, right: left + width, bottom: top + height }
        const target = out.subarray(c * sheetHeight * sheetWidth, (c + 1) * sheetHeight * sheetWidth)
        drawNumber(n, at, target, sheetWidth, black, white)
      }
    }
  }
  return new Tensor([depth, sheetHeight, sheetWidth], out)
}

/** Stretches smallest to largest over 0..full, over all maps alike or for each on its own; a flat map becomes 0. */
export function stretch(maps: Tensor, full: number, each: boolean): Tensor {
  const plane = each ? maps.data.length / maps.shape[0]! : maps.data.length
  const data = new Float32Array(maps.data.length)
  for (let at = 0; at < data.length; at += plane) {
    const map = maps.data.subarray(at, at + plane)
    stretchInto(data.subarray(at, at + plane), map, full, extremes(map))
  }
  return new Tensor(maps.shape, data)
}

/** Stretches the given levels over 0..full; all becomes 0 where they are equal. */
export function stretchBetween(maps: Tensor, full: number, levels: Extremes): Tensor {
  const data = new Float32Array(maps.data.length)
  stretchInto(data, maps.data, full, levels)
  return new Tensor(maps.shape, data)
}

function stretchInto(out: Float32Array, map: Float32Array, full: number, { min, max }: Extremes): void {
  const gain = max > min ? Math.fround(full / Math.fround(max - min)) : 0
  for (let i = 0; i < map.length; i++) out[i] = Math.fround(map[i]! - min) * gain
}

/** The share of the samples that a legible map shows without cutting off. */
const shown = 0.995

/**
 * Maps with levels that can be seen, over all maps alike or for each on its own. Where there are negative samples, 0 is
 * middle gray, and white and black lie where 99.5 % of the samples do not reach: a few large responses, as at borders of
 * zeros, do not make all else gray. Without negative ones 0 is black.
 */
export function legible(maps: Tensor, full: number, each: boolean): Tensor {
  const plane = each ? maps.data.length / maps.shape[0]! : maps.data.length
  const data = new Float32Array(maps.data.length)
  // of all maps alike, so that 0 looks the same on each
  const isSigned = maps.data.some((v) => v < 0)
  for (let at = 0; at < data.length; at += plane) {
    const map = maps.data.subarray(at, at + plane)
    const gain = (isSigned ? full / 2 : full) / (reach(map) || 1)
    for (let i = 0; i < plane; i++) {
      data[at + i] = Math.min(full, Math.max(0, (isSigned ? full / 2 : 0) + map[i]! * gain))
    }
  }
  return new Tensor(maps.shape, data)
}

/** The magnitude that all but a few of the finite samples stay below, to one part in 4096 of the largest. */
function reach(map: Float32Array): number {
  let [largest, count] = [0, 0]
  for (const v of map) {
    if (!Number.isFinite(v)) continue
    largest = Math.max(largest, Math.abs(v))
    count++
  }
  if (largest === 0) return 0
  const bins = new Uint32Array(4097)
  for (const v of map) if (Number.isFinite(v)) bins[Math.floor((Math.abs(v) / largest) * 4096)]!++
  let [bin, seen] = [0, bins[0]!]
  while (seen < shown * count) seen += bins[++bin]!
  return (largest * (bin + 1)) / 4096
}

/** Some of the channels, in the order asked for. @throws ConvoError E_OPTION for one that is not there */
export function pick(maps: Tensor, channels: readonly number[]): Tensor {
  const count = maps.shape[0]!
  const plane = maps.data.length / count
  const data = new Float32Array(channels.length * plane)
  channels.forEach((c, i) => {
    if (c >= count) {
      throw new ConvoError('E_OPTION', `there is no channel ${c}: the result has ${count}, counted from 0`, {
        fix: `--channels ${Math.min(c, count - 1)}`,
      })
    }
    data.set(maps.data.subarray(c * plane, (c + 1) * plane), i * plane)
  })
  return new Tensor([channels.length, ...maps.shape.slice(1)], data)
}

/** Digits of 3 x 5 pixels, a row in three bits. */
const digits = ['75557', '26227', '71747', '71717', '55711', '74717', '74757', '71111', '75757', '75717']

type Box = { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number }

/** Writes a number in white on black into the corner of a map, larger on larger maps, as far as it has room. */
function drawNumber(
  n: number,
  box: Box,
  out: Float32Array,
  width: number,
  black: number,
  white: number,
): void {
  const text = String(n)
  const zoom = Math.max(1, Math.floor(Math.min(box.bottom - box.top, box.right - box.left) / 64))
  const set = (y: number, x: number, v: number) => {
    for (let row = box.top + y * zoom; row < Math.min(box.top + (y + 1) * zoom, box.bottom); row++) {
      const from = row * width + box.left + x * zoom
      out.fill(v, from, Math.min(from + zoom, row * width + box.right))
    }
  }
  for (let y = 0; y < 7; y++) for (let x = 0; x < text.length * 4 + 1; x++) set(y, x, black)
  ;[...text].forEach((digit, i) => {
    ;[...digits[Number(digit)]!].forEach((bits, y) => {
      for (let x = 0; x < 3; x++) if ((Number(bits) >> (2 - x)) & 1) set(y + 1, i * 4 + x + 1, white)
    })
  })
}
