/** RGB samples of 8 bits, [y][x][channel]. */
export type Pixels = { readonly width: number; readonly height: number; readonly data: Uint8Array }

// The palette is the same for every picture. Green has the most steps, because the eye is most sensitive to it.
const steps = [6, 7, 6] as const
const [reds, greens, blues] = steps

/** Encodes a picture as sixels: bands of six rows, in 252 colours, with error diffusion. */
export function sixelText(picture: Pixels): string {
  const { width, height } = picture
  const indices = dithered(picture)
  const used = [...new Set(indices)].sort((a, b) => a - b)
  const percent = (step: number, of: number) => Math.round((step * 100) / (of - 1))
  const palette = used.map((index) => {
    const [r, g, b] = stepsOf(index)
    return `#${index};2;${percent(r, reds)};${percent(g, greens)};${percent(b, blues)}`
  })
  const bands: string[] = []
  for (let top = 0; top < height; top += 6) {
    const rows = Math.min(6, height - top)
    bands.push(bandText(indices.subarray(top * width, (top + rows) * width), width))
  }
  return `\x1bP0;1;0q"1;1;${width};${height}${palette.join('')}${bands.join('-')}\x1b\\`
}

const stepsOf = (index: number): [number, number, number] => [
  Math.floor(index / (greens * blues)),
  Math.floor(index / blues) % greens,
  index % blues,
]

/** The colour of each pixel, after Floyd and Steinberg's error diffusion. */
function dithered({ width, height, data }: Pixels): Uint8Array {
  const indices = new Uint8Array(width * height)
  // errors of this row and the next, with one pixel of padding on each side
  let now = new Float32Array((width + 2) * 3)
  let next = new Float32Array((width + 2) * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let index = 0
      for (let c = 0; c < 3; c++) {
        const most = steps[c]! - 1
        const at = (x + 1) * 3 + c
        const value = data[(y * width + x) * 3 + c]! + now[at]!
        const step = Math.max(0, Math.min(most, Math.round((value * most) / 255)))
        index = index * steps[c]! + step
        const error = (value - (step * 255) / most) / 16
        now[at + 3]! += 7 * error
        next[at - 3]! += 3 * error
        next[at]! += 5 * error
        next[at + 3]! += error
      }
      indices[y * width + x] = index
    }
    ;[now, next] = [next, now.fill(0)]
  }
  return indices
}

/** Encodes up to six rows. For each colour it writes a character per column, and `$` returns to the left. */
function bandText(indices: Uint8Array, width: number): string {
  const columns = new Map<number, Uint8Array>()
  indices.forEach((index, i) => {
    const bits = columns.get(index) ?? new Uint8Array(width)
    bits[i % width]! |= 1 << Math.floor(i / width)
    columns.set(index, bits)
  })
  return [...columns].map(([index, bits]) => `#${index}${runLengths(bits)}`).join('$')
}

function runLengths(bits: Uint8Array): string {
  let text = ''
  for (let x = 0; x < bits.length; ) {
    let end = x + 1
    while (end < bits.length && bits[end] === bits[x]) end++
    const sign = String.fromCharCode(63 + bits[x]!)
    text += end - x > 3 ? `!${end - x}${sign}` : sign.repeat(end - x)
    x = end
  }
  // empty columns up to the end can be omitted
  return text.replace(/(!\d+)?\?+$/, '')
}
