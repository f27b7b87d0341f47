import type { Rows, Span } from './rows.ts'

const { fround } = Math

/** How much of a result is visible, and where. */
export type Blend = {
  /** The weight of the result, 0..1. */
  readonly mix: number
  /** The region in which the result is visible. */
  readonly rows: Span
  readonly columns: Span
  /** Whether the result is only the luma. Its change is then added to every colour. */
  readonly isLuma: boolean
}

const [red, green, blue] = [fround(0.2126), fround(0.7152), fround(0.0722)]

/**
 * Returns the luma of a colour with the weights of BT.709, (0.2126 r + 0.7152 g) + 0.0722 b, every step rounded to
 * float32. Gray is computed in the same way.
 */
export const lumaOf = (r: number, g: number, b: number): number =>
  fround(fround(fround(red * r) + fround(green * g)) + fround(blue * b))

/**
 * Blends one row of a result with the picture that it was made from. The weight w is `mix` times the mask inside the
 * region and 0 outside. A sample becomes x + w · (made − x), every step rounded to float32. At w = 0 it is exactly x,
 * at w = 1 exactly the result. With alpha, colours are also weighted by their opacity:
 * ((1 − w) · ax · x + w · am · made) / alpha, where alpha is blended as above. The colour of a fully transparent pixel
 * is that of the picture.
 *
 * @param made the result: as many channels as the picture, or the luma, and alpha if the picture has it
 * @param mask one channel of 0..1
 * @param channels of the result
 */
export function blendRow(
  { mix, rows, columns, isLuma }: Blend,
  out: Rows,
  made: Rows,
  x: Rows,
  mask: Rows | undefined,
  y: number,
  channels: number,
  [count, , width]: readonly [channels: number, height: number, width: number],
): void {
  const isInside = y >= rows[0] && y < rows[1]
  const [first, end] = isInside ? columns : [0, 0]
  for (let c = 0; c < count; c++) {
    const [from, to] = [x.at(c, y), out.at(c, y)]
    out.data.set(x.data.subarray(from, from + width), to)
  }
  if (!isInside) return
  const hasAlpha = count % 2 === 0
  const colours = hasAlpha ? count - 1 : count
  const share = fround(mix)
  const weights = mask?.at(0, y)
  const weight = (i: number) => (weights === undefined ? share : fround(share * mask!.data[weights + i]!))
  const mixed = (w: number, a: number, b: number) => (w === 1 ? b : fround(a + fround(w * fround(b - a))))
  const [xs, outs] = [x, out].map((of) => Array.from({ length: count }, (_, c) => of.at(c, y))) as [
    number[],
    number[],
  ]
  const mades = Array.from({ length: channels }, (_, c) => made.at(c, y))
  for (let i = first; i < end; i++) {
    const w = weight(i)
    if (!(w > 0)) continue
    let [under, over, isWeighted] = [1, 1, false]
    if (hasAlpha) {
      const [am, ax] = [made.data[mades[channels - 1]! + i]!, x.data[xs[colours]! + i]!]
      out.data[outs[colours]! + i] = mixed(w, ax, am)
      under = fround(fround(1 - w) * ax)
      over = fround(w * am)
      isWeighted = w !== 1 && am !== ax
    }
    const sum = fround(under + over)
    const change = isLuma
      ? fround(
          made.data[mades[0]! + i]! - lumaOf(x.data[xs[0]! + i]!, x.data[xs[1]! + i]!, x.data[xs[2]! + i]!),
        )
      : 0
    for (let c = 0; c < colours; c++) {
      const before = x.data[xs[c]! + i]!
      const after = isLuma ? fround(before + change) : made.data[mades[c]! + i]!
      out.data[outs[c]! + i] = !isWeighted
        ? mixed(w, before, after)
        : sum > 0
          ? fround(fround(fround(under * before) + fround(over * after)) / sum)
          : before
    }
  }
}
