/**
 * The largest number of pixels for which `holds` is true in any window of `window` x `window`, computed with a
 * summed-area table. If the picture is smaller than the window, the window is the side of the picture.
 *
 * @param holds takes the index of a pixel in [y][x]
 */
export function densest(
  width: number,
  height: number,
  window: number,
  holds: (at: number) => boolean,
): number {
  const [w, h] = [Math.min(window, width), Math.min(window, height)]
  const stride = width + 1
  // [y][x]: the count above and to the left
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
