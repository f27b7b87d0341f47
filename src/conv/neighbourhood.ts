/** A plane and the K x K neighbourhoods of its places, `stride` from one output place to the next, taps `dilation` apart. */
export type Neighbourhood = {
  readonly height: number
  readonly width: number
  readonly size: number
  readonly stride: number
  readonly dilation: number
}

/** The output columns 0..count-1 whose tap in column v lies inside the plane: [first, end). */
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
 * One output row of one channel, each place with a kernel of its own: tap t of column i is `kernel[from + t·pitch + i]`.
 * Zeros outside. The row must hold zeros; it is summed tap by tap, which for each place is the order of accumulation of
 * a convolution: rows, then columns of the neighbourhood, each product and each sum rounded.
 */
export function correlateRow(
  area: Neighbourhood,
  plane: Float32Array,
  y: number,
  kernel: Float32Array,
  from: number,
  pitch: number,
  row: Float32Array,
): void {
  const { height, width, size, stride, dilation } = area
  const half = (size - 1) / 2
  for (let u = 0; u < size; u++) {
    const iy = y * stride + (u - half) * dilation
    if (iy < 0 || iy >= height) continue
    for (let v = 0; v < size; v++) {
      const [first, end] = insideColumns(area, v, row.length)
      const weights = from + (u * size + v) * pitch
      let place = iy * width + (v - half) * dilation + first * stride
      for (let i = first; i < end; i++, place += stride) {
        row[i] = Math.fround(row[i]! + Math.fround(kernel[weights + i]! * plane[place]!))
      }
    }
  }
}
