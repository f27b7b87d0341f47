import { countMagnitudes, type Levels, levelOf, magnitudeBins } from '../../src/definition/levels.ts'
import { drawLabel, labelOf, legibleLevels, sheetLayout, stretched } from '../../src/image/sheet.ts'
import { seenIn } from '../../src/tensor/picture.ts'
import { Tensor } from '../../src/tensor/tensor.ts'

// Sheets and levels of whole maps, which the strips of a run must match.

/** How a sheet is laid out. */
export type SheetOptions = {
  /** Channels of a map: 1, or 3 for colour maps one after the other. */
  readonly depth?: 1 | 3
  /** Whether to draw the number of each map in its upper left corner. */
  readonly labels?: boolean
  /** The values that become black and white, for the gaps between the maps and for the numbers. */
  readonly black: number
  readonly white: number
}

/** Arranges maps [N·depth,H,W] on a sheet [depth,H',W'], row by row. The gaps are black. */
export function sheet(maps: Tensor, { depth = 1, labels = false, black, white }: SheetOptions): Tensor {
  const [channels = 1, height = 1, width = 1] = maps.shape
  const count = channels / depth
  const { columns, step, ...size } = sheetLayout(count, height, width)
  const out = new Float32Array(depth * size.height * size.width).fill(black)
  for (let n = 0; n < count; n++) {
    const top = Math.floor(n / columns) * step[0]
    const left = (n % columns) * step[1]
    const label = labels ? labelOf(n, height, width, black, white) : undefined
    for (let c = 0; c < depth; c++) {
      const plane = (n * depth + c) * height * width
      for (let y = 0; y < height; y++) {
        const row = maps.data.subarray(plane + y * width, plane + (y + 1) * width)
        const at = (c * size.height + top + y) * size.width + left
        out.set(row, at)
        if (label !== undefined) drawLabel(label, y, out, at)
      }
    }
  }
  return new Tensor([depth, size.height, size.width], out)
}

/** Stretches smallest to largest over 0..full, over all maps together or for each separately. A flat map becomes 0. */
export const stretch = (maps: Tensor, full: number, each: boolean): Tensor =>
  leveled(maps, each, (map) => stretched(seenIn(map), full))

/** Converts every map to levels with its own settings, or all with the same. */
function leveled(maps: Tensor, each: boolean, levelsOf: (map: Float32Array) => Levels): Tensor {
  const plane = each ? maps.data.length / maps.shape[0]! : maps.data.length
  const data = new Float32Array(maps.data.length)
  for (let at = 0; at < data.length; at += plane) {
    const map = maps.data.subarray(at, at + plane)
    data.set(map.map(levelOf(levelsOf(map))), at)
  }
  return new Tensor(maps.shape, data)
}

/** Converts maps to visible levels, all with the same settings or each with its own. */
export function legible(maps: Tensor, full: number, each: boolean): Tensor {
  // for all maps together, so that 0 looks the same in each
  const isSigned = maps.data.some((v) => v < 0)
  return leveled(maps, each, (map) => {
    const { min, max } = seenIn(map)
    const largest = Math.max(0, -min, max)
    const bins = new Uint32Array(magnitudeBins)
    countMagnitudes(bins, map, 0, map.length, largest)
    return legibleLevels(bins, largest, isSigned, full)
  })
}

/** Picks some of the channels, in the given order. */
export function pick({ shape: [count = 1, ...size], data }: Tensor, channels: readonly number[]): Tensor {
  const plane = data.length / count
  const planes = channels.flatMap((c) => [...data.subarray(c * plane, (c + 1) * plane)])
  return new Tensor([channels.length, ...size], Float32Array.from(planes))
}
