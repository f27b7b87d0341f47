/** What `differRow` finds in a row. */
export type RowDifference = {
  /** pixels that differ at all */
  readonly count: number
  /** pixels that differ by more than the threshold */
  readonly beyond: number
  /** over the compared samples; exact */
  readonly squares: number
  /** the largest difference; `most` where none is more */
  readonly most: number
  /** the first pixel of that difference, -1 where none is more than `most` */
  readonly x: number
  /** its first channel of that difference */
  readonly channel: number
}

/**
 * How far two rows of whole samples are apart: the definition that the WASM loop equals.
 *
 * @param values gets the largest difference of each pixel: 0 where it is equal or ignored
 * @param compared the samples at the front of a pixel that count
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
    let [worst, worstChannel, sum] = [0, 0, 0]
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
