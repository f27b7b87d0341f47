import type { Rows, Span } from './rows.ts'

/** Channels, rows and columns. */
export type Shape = readonly [channels: number, height: number, width: number]

/** How a layer goes from rows to rows. */
export type Layer<S> = {
  shape(settings: S, inputs: readonly Shape[]): Shape
  /** The rows of each input that the rows of the output need. */
  needs(settings: S, rows: Span, inputs: readonly Shape[]): readonly Span[]
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
export const rowsOfInput = (rows: Span, height: number): Span => (height === 1 ? [0, 1] : rows)

/** A layer that takes two samples at the same place; an axis of length 1 is repeated. */
export const pairwise = (f: (a: number, b: number) => number): Layer<Record<string, never>> => ({
  shape: (_, [a, b]) => [wider(a![0], b![0]), wider(a![1], b![1]), wider(a![2], b![2])],
  needs: (_, rows, [a, b]) => [rowsOfInput(rows, a![1]), rowsOfInput(rows, b![1])],
  run(_settings, out, [a, b], [first, end], [aShape, bShape], [channels, , width]) {
    const [aStep, bStep] = [aShape![2] === 1 ? 0 : 1, bShape![2] === 1 ? 0 : 1]
    const row = (x: Rows, [many, high]: Shape, c: number, y: number) =>
      x.at(many === 1 ? 0 : c, high === 1 ? 0 : y)
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) {
        const [fromA, fromB, to] = [row(a!, aShape!, c, y), row(b!, bShape!, c, y), out.at(c, y)]
        for (let i = 0; i < width; i++)
          out.data[to + i] = f(a!.data[fromA + i * aStep]!, b!.data[fromB + i * bStep]!)
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
