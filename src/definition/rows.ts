import { type BorderName, borders } from '../tensor/border.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** Rows of float32 planes, wherever they are stored: a whole tensor or a strip. */
export type Rows = {
  readonly data: Float32Array
  /** Returns the index in `data` where row `y` of channel `c` begins. */
  at(c: number, y: number): number
}

/** Rows `first` to `end` − 1. */
export type Span = readonly [first: number, end: number]

/** Returns all rows of [C,H,W], or of a volume [C,D,H,W], with its slices one after the other. */
export function rowsOf({ shape, data }: Tensor): Rows {
  const width = shape.at(-1)!
  const height = data.length / (shape[0]! * width)
  return { data, at: (c, y) => (c * height + y) * width }
}

/** Returns the rows of an input of `height` rows for the positions `first` to `end` − 1, which may be outside. */
export function bordered([first, end]: Span, height: number, border: BorderName): Span[] {
  const spans: Span[] = [[Math.max(0, first), Math.min(height, end)]]
  const { source } = borders[border]
  const add = (place: number) => {
    const row = source(place, height)
    if (row >= 0) spans.push([row, row + 1])
  }
  for (let place = first; place < Math.min(0, end); place++) add(place)
  for (let place = Math.max(height, first); place < end; place++) add(place)
  return spans
}
