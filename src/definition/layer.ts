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

/** Writes a row of the output. */
type Row = (out: Float32Array, at: Place) => void

/** Makes a layer from a function that is prepared once and then computes each row. */
export const preparedRows = <S>(
  shape: Layer<S>['shape'],
  prepare: (settings: S, inputs: readonly Rows[], shapes: readonly Shape[], shape: Shape) => Row,
  needs: Layer<S>['needs'] = (_, rows, inputs) => inputs.map(() => rows),
): Layer<S> => ({
  shape,
  needs,
  run(settings, out, inputs, [first, end], shapes, made) {
    const row = prepare(settings, inputs, shapes, made)
    const [channels, , width] = made
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) row(out.data, { c, y, to: out.at(c, y), width })
    }
  },
})

/** Makes a layer from a function that computes one row. By default, it needs the same row of every input. */
export const eachRow = <S>(
  shape: Layer<S>['shape'],
  row: (settings: S, out: Float32Array, at: Place, inputs: readonly Rows[], shapes: readonly Shape[]) => void,
  needs?: Layer<S>['needs'],
): Layer<S> =>
  preparedRows(
    shape,
    (settings, inputs, shapes) => (out, at) => row(settings, out, at, inputs, shapes),
    needs,
  )

/** The shape of a layer that keeps that of its first input. */
export const sameShape = <S>(_: S, [x]: readonly Shape[]): Shape => x!

/** Makes a layer that treats each sample separately. */
export const pointwise = <S>(prepare: (settings: S) => (v: number, channel: number) => number): Layer<S> =>
  preparedRows(sameShape, (settings, [x]) => {
    const f = prepare(settings)
    return (out, { c, y, to, width }) => {
      const from = x!.at(c, y)
      for (let i = 0; i < width; i++) out[to + i] = f(x!.data[from + i]!, c)
    }
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
): Layer<S> =>
  preparedRows(
    (_, inputs) => inputs.reduce(([c, h, w], one) => [wider(c, one[0]), wider(h, one[1]), wider(w, one[2])]),
    (settings, inputs, shapes, [, , width]) => {
      const f = prepare(settings)
      const rowOf = (c: number, y: number) => (x: Rows, k: number) => {
        const [channels, height, wide] = shapes[k]!
        const from = x.at(channels === 1 ? 0 : c, height === 1 ? 0 : y)
        const row = x.data.subarray(from, from + wide)
        return wide === width ? row : new Float32Array(width).fill(row[0]!)
      }
      return (out, { c, y, to }) => {
        const [a, b = a, p = a, q = a] = inputs.map(rowOf(c, y))
        for (let i = 0; i < width; i++) out[to + i] = f(a![i]!, b![i]!, p![i]!, q![i]!)
      }
    },
    (_, rows, inputs) => inputs.map(([, height]) => rowsOfInput(rows, height)),
  )

export const copyRow = (out: Float32Array, to: number, x: Rows, from: number, width: number): void =>
  void out.set(x.data.subarray(from, from + width), to)

/** Limits a span to rows that exist. */
export const clipped = (first: number, end: number, height: number): Span => [
  Math.max(0, first),
  Math.min(height, end),
]
