/**
 * The most pixels that hold, in any window of `window` x `window` (or of the whole side, where the picture is smaller),
 * by a summed-area table.
 *
 * @param holds of the place in [y][x]
 */
export function densest(
  width: number,
  height: number,
  window: number,
  holds: (at: number) => boolean,
): number {
  const [w, h] = [Math.min(window, width), Math.min(window, height)]
  const stride = width + 1
  // [y][x]: the number above and to the left
  const table = new Uint32Array(stride * (height + 1))
  let most = 0
  for (let y = 0; y < height; y++) {
    let inRow = 0
    const below = (y + 1) * stride + 1
    for (let x = 0; x < width; x++) {
      if (holds(y * width + x)) inRow++
      table[below + x] = table[below + x - stride]! + inRow
    }
    if (y + 1 < h) continue
    const [top, bottom] = [(y + 1 - h) * stride, (y + 1) * stride]
    for (let x = w; x <= width; x++) {
      const inside = table[bottom + x]! - table[bottom + x - w]! - table[top + x]! + table[top + x - w]!
      if (inside > most) most = inside
    }
  }
  return most
}
