import type { Rows, Span } from './rows.ts'

/** Channels, rows and columns. */
export type Shape = readonly [channels: number, height: number, width: number]

/** A layer: how rows of the output are computed from rows of the inputs. */
export type Layer<S> = {
  shape(settings: S, inputs: readonly Shape[]): Shape
  /** Returns the rows of each input that rows of the output need: one span or several. */
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

/** A row of the output: its channel and number, where it begins, and its length. */
export type Place = { readonly c: number; readonly y: number; readonly to: number; readonly width: number }

/** Makes a layer from a function that computes one row. By default, it needs the same row of every input. */
export const eachRow = <S>(
  shape: Layer<S>['shape'],
  row: (settings: S, out: Float32Array, at: Place, inputs: readonly Rows[], shapes: readonly Shape[]) => void,
  needs: Layer<S>['needs'] = (_, rows, inputs) => inputs.map(() => rows),
): Layer<S> => ({
  shape,
  needs,
  run(settings, out, inputs, [first, end], shapes, [channels, , width]) {
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++)
        row(settings, out.data, { c, y, to: out.at(c, y), width }, inputs, shapes)
    }
  },
})

/** Makes a layer that treats each sample separately. */
export const pointwise = <S>(prepare: (settings: S) => (v: number, channel: number) => number): Layer<S> => ({
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
})

/** Returns the size of an axis if an axis of length 1 is repeated. */
export const wider = (a: number, b: number): number => (a === 1 ? b : a)

/** Returns the rows that are needed of an input of `height` rows. A single row is repeated. */
const rowsOfInput = (rows: Span, height: number): Span => (height === 1 ? [0, 1] : rows)

/**
 * Makes a layer that combines the samples at the same position of up to four inputs. An axis of length 1 is repeated.
 * The result is rounded to float32.
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

export const copyRow = (out: Float32Array, to: number, x: Rows, from: number, width: number): void =>
  void out.set(x.data.subarray(from, from + width), to)

/** Limits a span to rows that exist. */
export const clipped = (first: number, end: number, height: number): Span => [
  Math.max(0, first),
  Math.min(height, end),
]
