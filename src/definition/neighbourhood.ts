import type { Rows } from './rows.ts'

/**
 * A plane and the K x K neighbourhoods of its positions, at a distance of `stride`, with taps at a distance of
 * `dilation`.
 */
export type Neighbourhood = Readonly<Record<'height' | 'width' | 'size' | 'stride' | 'dilation', number>>

/** Returns the output columns of 0..count-1 whose tap in column v is inside the plane: [first, end). */
export function insideColumns(
  area: Neighbourhood,
  v: number,
  count: number,
): readonly [first: number, end: number] {
  const { width, size, stride, dilation } = area
  const shift = (v - (size - 1) / 2) * dilation
  const first = Math.max(0, Math.ceil(-shift / stride))
  const end = Math.min(count, Math.floor((width - 1 - shift) / stride) + 1)
  return [first, Math.max(first, end)]
}

/**
 * Computes row `y` of channel `c`, with a separate kernel for each position: the weight of tap t at column i is column
 * i of channel `tap + t` of `kernel`. Samples outside are zeros. The row must hold zeros at first. It is summed tap by
 * tap, which for each position is the order of a convolution: rows, then columns of the neighbourhood. Each product and
 * each sum is rounded.
 */
export function correlateRow(
  area: Neighbourhood,
  x: Rows,
  c: number,
  y: number,
  kernel: Rows,
  tap: number,
  row: Float32Array,
): void {
  const { height, size, stride, dilation } = area
  const half = (size - 1) / 2
  for (let u = 0; u < size; u++) {
    const iy = y * stride + (u - half) * dilation
    if (iy < 0 || iy >= height) continue
    for (let v = 0; v < size; v++) {
      const [first, end] = insideColumns(area, v, row.length)
      const weights = kernel.at(tap + u * size + v, y)
      let place = x.at(c, iy) + (v - half) * dilation + first * stride
      for (let i = first; i < end; i++, place += stride) {
        row[i] = Math.fround(row[i]! + Math.fround(kernel.data[weights + i]! * x.data[place]!))
      }
    }
  }
}
