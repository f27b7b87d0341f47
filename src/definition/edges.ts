import { inTurns, isDue, pause, pieceOf, turn } from '../host/turns.ts'
import { clipped, eachRow, type Layer, sameShape } from './layer.ts'

const { fround: f32, abs, sqrt, sign } = Math

/**
 * What a thinned edge can be: none, a weak one that counts only if it is connected to a strong one, or a strong one.
 */
export const marks = { none: 0, weak: 1, strong: 2 } as const

/**
 * Marks the ridges of a gradient (x, y), given as two inputs, channel by channel. A pixel gets a mark if its magnitude is
 * at least `low` and neither of the magnitudes one step along the gradient is larger. A step goes one pixel along the
 * larger component, and the magnitude there is interpolated between two neighbours: c1 + (c2 − c1) · smaller / larger.
 * Pixels at the edge of the picture get no mark. As in scikit-image, but in float32.
 */
export const thinned: Layer<{ readonly low: number; readonly high: number }> = eachRow(
  sameShape,
  ({ low, high }, out, { c, y, to, width }, [gx, gy], [shape]) => {
    const [, height] = shape!
    out.fill(marks.none, to, to + width)
    if (y === 0 || y === height - 1) return
    const at = (row: number, x: number) =>
      [gx!.data[gx!.at(c, row) + x]!, gy!.data[gy!.at(c, row) + x]!] as const
    const strength = (row: number, x: number): number => {
      const [dx, dy] = at(row, x)
      return f32(sqrt(f32(f32(dx * dx) + f32(dy * dy))))
    }
    for (let x = 1; x < width - 1; x++) {
      const [dx, dy] = at(y, x)
      const m = strength(y, x)
      if (!(m >= low) || m === 0) continue
      const isSteep = abs(dy) >= abs(dx)
      const w = f32(isSteep ? abs(dx) / abs(dy) : abs(dy) / abs(dx))
      const along = (side: number): number => {
        // the sign of 0 does not matter: its weight is 0
        const [sy, sx] = [side * (sign(dy) || 1), side * (sign(dx) || 1)]
        const c1 = isSteep ? strength(y + sy, x) : strength(y, x + sx)
        const c2 = strength(y + sy, x + sx)
        return f32(c1 + f32(f32(c2 - c1) * w))
      }
      if (along(1) <= m && along(-1) <= m) out[to + x] = m >= high ? marks.strong : marks.weak
    }
  },
  (_, [first, end], [x]) => {
    const rows = clipped(first - 1, end + 1, x![1])
    return [rows, rows]
  },
)

/** How many marks are joined, and words of them read, between two turns of the event loop. */
const joinedAtOnce = 2 ** 14

/** Makes an array with a bit for every sample of a plane. */
const bits = (count: number): Uint32Array => new Uint32Array(Math.ceil(count / 32))

/**
 * Sets samples of `out`, which are 0, to `full` where marks are strong, or weak and connected to a strong one through
 * neighbours, also diagonal ones. It needs two bits for every pixel.
 */
export async function link(
  out: Float32Array,
  data: Float32Array,
  [height, width]: readonly [number, number],
  full: number,
): Promise<void> {
  const [marked, strong] = [bits(data.length), bits(data.length)]
  const open: number[] = []
  const take = (at: number): void => {
    marked[at >>> 5]! &= ~(1 << (at & 31))
    out[at] = full
    open.push(at)
  }
  // word by word: linking half a million marks of 12 megapixels takes 63 ms instead of 110
  await inTurns(
    marked.length,
    (from, to) => {
      for (let word = from; word < to; word++) {
        let [all, some] = [0, 0]
        const end = Math.min(data.length, (word + 1) * 32)
        for (let at = word * 32; at < end; at++) {
          const mark = data[at]!
          if (mark === marks.none) continue
          all |= 1 << (at & 31)
          if (mark === marks.strong) some |= 1 << (at & 31)
        }
        marked[word] = all
        strong[word] = some
      }
    },
    pieceOf / 8,
  )
  /** Joins the marks around the open ones, at most `most` open ones at a time. */
  const join = (most: number): void => {
    for (let n = 0; n < most && open.length > 0; n++) {
      const at = open.pop()!
      const [y, x] = [Math.floor(at / width), at % width]
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const next = v * width + u
          if ((marked[next >>> 5]! & (1 << (next & 31))) !== 0) take(next)
        }
      }
    }
  }
  for (let word = 0; word < strong.length; ) {
    const end = Math.min(strong.length, word + joinedAtOnce)
    for (; word < end && open.length === 0; word++) {
      for (let rest = strong[word]! & marked[word]!; rest !== 0; rest &= rest - 1)
        take(word * 32 + 31 - Math.clz32(rest & -rest))
    }
    join(joinedAtOnce)
    if (isDue()) await turn()
  }
  // joins the rest around the last mark
  for (; open.length > 0; await pause()) join(joinedAtOnce)
}
