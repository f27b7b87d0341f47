import type { Rows, Span } from './rows.ts'

/** Channels, rows and columns. */
export type Shape = readonly [channels: number, height: number, width: number]

/** How a layer goes from rows to rows. */
export type Layer<S> = {
  shape(settings: S, inputs: readonly Shape[]): Shape
  /** The rows of each input that the rows of the output need: in one piece, or in several. */
  needs(settings: S, rows: Span, inputs: readonly Shape[]): readonly (Span | readonly Span[])[]
  /** Computes rows of the output. */
  run(
    settings: S,
    out: Rows,
    inputs: readonly Rows[],
    rows: Span,
    shapes: readonly Shape[],
    shape: Shape,
  ): void
}

/** A layer that takes samples one by one. */
export function pointwise<S>(prepare: (settings: S) => (v: number, channel: number) => number): Layer<S> {
  return {
    shape: (_, [x]) => x!,
    needs: (_, rows) => [rows],
    run(settings, out, [x], [first, end], _, [channels, , width]) {
      const f = prepare(settings)
      for (let c = 0; c < channels; c++) {
        for (let y = first; y < end; y++) {
          const [from, to] = [x!.at(c, y), out.at(c, y)]
          for (let i = 0; i < width; i++) out.data[to + i] = f(x!.data[from + i]!, c)
        }
      }
    },
  }
}

/** Where an axis of length 1 is repeated. */
export const wider = (a: number, b: number): number => (a === 1 ? b : a)

/** The rows of an input of `height` rows, which is repeated where it has one. */
const rowsOfInput = (rows: Span, height: number): Span => (height === 1 ? [0, 1] : rows)

/**
 * A layer that takes the samples at the same place of up to four inputs; an axis of length 1 is repeated. What it gives is
 * rounded to float32.
 */
export const placewise = <S>(
  prepare: (settings: S) => (a: number, b: number, c: number, d: number) => number,
): Layer<S> => ({
  shape: (_, inputs) =>
    inputs.reduce(([c, h, w], one) => [wider(c, one[0]), wider(h, one[1]), wider(w, one[2])]),
  needs: (_, rows, inputs) => inputs.map(([, height]) => rowsOfInput(rows, height)),
  run(settings, out, inputs, [first, end], shapes, [channels, , width]) {
    const f = prepare(settings)
    const of = (k: number, c: number, y: number) => {
      const [x, shape] = [inputs[k], shapes[k]]
      if (x === undefined || shape === undefined) return undefined
      const from = x.at(shape[0] === 1 ? 0 : c, shape[1] === 1 ? 0 : y)
      const row = x.data.subarray(from, from + shape[2])
      return shape[2] === width ? row : new Float32Array(width).fill(row[0]!)
    }
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) {
        const a = of(0, c, y)!
        const [b = a, p = a, q = a] = [of(1, c, y), of(2, c, y), of(3, c, y)]
        const to = out.at(c, y)
        for (let i = 0; i < width; i++) out.data[to + i] = f(a[i]!, b[i]!, p[i]!, q[i]!)
      }
    }
  },
})

export const copyRow = (out: Rows, to: number, x: Rows, from: number, width: number): void =>
  void out.data.set(x.data.subarray(from, from + width), to)

/** The rows that there are of those asked for. */
export const clipped = (first: number, end: number, height: number): Span => [
  Math.max(0, first),
  Math.min(height, end),
]
