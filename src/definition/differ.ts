/** The differences that `differRow` finds in a row. */
export type RowDifference = {
  /** number of pixels that differ at all */
  readonly count: number
  /** number of pixels that differ by more than the threshold */
  readonly beyond: number
  /** sum of the squared differences of the compared samples; exact */
  readonly squares: number
  /** the largest difference so far */
  readonly most: number
  /** the first pixel with that difference, or -1 if no difference exceeds the given `most` */
  readonly x: number
  /** the first channel of that pixel with that difference */
  readonly channel: number
}

/**
 * Measures the differences between two rows of whole samples: the definition that the WASM loop matches.
 *
 * @param values receives the largest difference of each pixel: 0 if it is equal or ignored
 * @param compared the number of samples at the front of a pixel that are compared
 * @param most the largest difference before this row
 */
export function differRow(
  values: Uint8Array | Uint16Array,
  a: Uint8Array | Uint16Array,
  b: Uint8Array | Uint16Array,
  channels: number,
  compared: number,
  threshold: number,
  most: number,
  ignored?: Uint8Array,
): RowDifference {
  let [count, beyond, squares, x, channel] = [0, 0, 0, -1, 0]
  for (let pixel = 0; pixel < values.length; pixel++) {
    let worst = 0
    let worstChannel = 0
    let sum = 0
    for (let c = 0; c < compared; c++) {
      const d = Math.abs(a[pixel * channels + c]! - b[pixel * channels + c]!)
      sum += d * d
      if (d > worst) {
        worst = d
        worstChannel = c
      }
    }
    if (ignored?.[pixel] === 1) worst = 0
    values[pixel] = worst
    if (worst === 0) continue
    squares += sum
    count++
    if (worst > threshold) beyond++
    if (worst > most) {
      most = worst
      x = pixel
      channel = worstChannel
    }
  }
  return { count, beyond, squares, most, x, channel }
}
