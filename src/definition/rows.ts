import type { Tensor } from '../tensor/tensor.ts'

/** Rows of float32 planes, wherever they lie: all of a tensor, or those of a strip. */
export type Rows = {
  readonly data: Float32Array
  /** Where row `y` of channel `c` begins in `data`. */
  at(c: number, y: number): number
}

/** Rows `first` to `end` − 1. */
export type Span = readonly [first: number, end: number]

/** All rows of [C,H,W]; of a volume [C,D,H,W] those of its slices one after the other. */
export function rowsOf({ shape, data }: Tensor): Rows {
  const width = shape.at(-1)!
  const height = data.length / (shape[0]! * width)
  return { data, at: (c, y) => (c * height + y) * width }
}
