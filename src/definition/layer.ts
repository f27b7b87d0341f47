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

/** A layer that takes two samples at the same place. */
export const pairwise = (f: (a: number, b: number) => number): Layer<Record<string, never>> => ({
  shape: (_, [a]) => a!,
  needs: (_, rows) => [rows, rows],
  run(_settings, out, [a, b], [first, end], _, [channels, , width]) {
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) {
        const [fromA, fromB, to] = [a!.at(c, y), b!.at(c, y), out.at(c, y)]
        for (let i = 0; i < width; i++) out.data[to + i] = f(a!.data[fromA + i]!, b!.data[fromB + i]!)
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
